"""docs/reference/sidecar.md: what can be declared about a model."""

from __future__ import annotations

from audit.models import Sidecar
from generator.fields import field_table
from generator.markdown import page

WORDS = {
    "mean": "number, or list of numbers",
    "std": "number, or list of numbers",
    "decoder": "a kind, or a map of `kind` and its keys: see [Decoders](decoders.md)",
    "classes": "list of text, or the name of a text file beside the sidecar, one class a line",
}

INTRODUCTION = """\
A sidecar is a YAML file beside the model: `model.camsim.yaml` for `model.onnx`. It says what the model's file does
not: how an image becomes the model's input, and how to read its output. It begins with `camsim_model: 1`; everything
else may be left out. What is left out is read from the model where the model states it, and assumed where it does not.
Whatever was assumed is listed in the report and under `model.input.assumed` in results.json.

The options of `camsim audit` of the same names go before the sidecar, key by key."""


def sidecar_page() -> str:
    """The whole page."""
    return page("Sidecar keys", INTRODUCTION, field_table(Sidecar, WORDS))
