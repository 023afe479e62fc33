"""The kinds of ISP stage there are, and which of them fit a colour filter array."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, get_args

from camsim.cfa import RawFormat
from camsim.isp import IspStage
from camsim.spec import StageSpec


def stage_classes() -> list[type[StageSpec]]:
    """Every kind and method of ISP stage there is."""

    def leaves(annotation: Any) -> list[type[StageSpec]]:
        if isinstance(annotation, type):
            return [annotation]
        return [leaf for part in get_args(annotation) if not hasattr(part, "discriminator") for leaf in leaves(part)]

    return leaves(IspStage)


def cfa_problems(stages: Sequence[StageSpec], raw: RawFormat) -> list[tuple[int, str]]:
    """Where a stage does not take the colour filter array of the mosaic that comes to it: (index, what is wrong).

    Only the first such stage is named, since what it would give is not known.
    """
    for index, stage in enumerate(stages):
        if stage.cfas is not None and raw.cfa not in stage.cfas:
            return [(index, _misfit(stage, raw.cfa))]
        raw = stage.gives_format(raw)
    return []


def _misfit(stage: StageSpec, cfa: str) -> str:
    kinds = [kind.tags() for kind in stage_classes() if kind.cfas is not None and cfa in kind.cfas]
    alike = [tags for tags in kinds if tags[0] == stage.tags()[0]]
    fitting = ["/".join(tags) for tags in alike or kinds]
    words = "/".join(stage.tags())
    advice = f"what takes that: {', '.join(fitting)}" if fitting else "no stage takes that phase: cut the mosaic"
    return f"{words} takes a mosaic of {_listed(stage.cfas or ())}, but it gets one of {cfa}; {advice}"


def _listed(names: frozenset[str] | tuple[str, ...]) -> str:
    """A few names in full; of all phases of one array its own name."""
    plain = sorted(name for name in names if "+" not in name)
    return " or ".join([", ".join(plain[:-1]), plain[-1]] if len(plain) > 1 else plain)
