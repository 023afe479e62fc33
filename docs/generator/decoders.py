"""docs/reference/decoders.md: what can be declared about a model's outputs."""

from __future__ import annotations

from itertools import groupby
from typing import get_args

from audit.decoders import AnyDecoder, Decoder
from generator.fields import field_table
from generator.markdown import docstring, page

INTRODUCTION = """\
A decoder reads a model's outputs: `decoder` in a [sidecar](sidecar.md) is a kind, or a map of `kind` and its keys.
[Tasks](../tasks.md) says what becomes of the answers. Shapes are given without the batch axis."""


def decoders_page() -> str:
    """The whole page."""
    parts = [INTRODUCTION]
    kinds: list[type[Decoder]] = sorted(get_args(get_args(AnyDecoder)[0]), key=lambda cls: cls.task)
    for task, members in groupby(kinds, key=lambda cls: cls.task):
        parts.append(f"## {task}")
        for cls in members:
            parts += [f"### {cls.model_fields['kind'].default}", docstring(cls.__doc__), field_table(cls)]
    return page("Decoders", *parts)
