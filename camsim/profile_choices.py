"""What a search may change about a chain besides its knobs: another stage in a place, or none, or two of them swapped.

Stages are known by their name within the chain, which says which of several of a kind it is (``sharpen_2``). A change
can rename others; what is kept by name (ranges, provenance) moves with its stage.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Discriminator, Strict, Tag

from camsim.cfa import RawFormat
from camsim.errors import did_you_mean
from camsim.isp import IspStage
from camsim.isp.order import order_problems
from camsim.spec import StageSpec
from camsim.stage_classes import cfa_problems

Omit = Literal["omit"]
"""The stage is left out."""


def _form(value: Any) -> str:
    return "omit" if isinstance(value, str) else "stage"


Choice = Annotated[Annotated[Omit, Tag("omit")] | Annotated[IspStage, Tag("stage")], Discriminator(_form)]
"""What may stand in the place of a stage."""


def _not_empty(options: tuple[Any, ...]) -> tuple[Any, ...]:
    if not options:
        raise ValueError("needs at least one stage, or omit")
    return options


# Not Field(min_length=1), which also complains when every option is wrong for a reason of its own.
Choices = dict[str, Annotated[tuple[Choice, ...], Strict(False), AfterValidator(_not_empty)]]
"""Stage (``isp.denoise``) -> what may stand in its place."""

Pair = Annotated[tuple[str, str], Strict(False)]
Orders = Annotated[tuple[Pair, ...], Strict(False)]
"""Neighbouring stages that may change places."""

Problem = tuple[tuple[str | int, ...], str]
"""Where in the profile, and what is wrong there."""


def stage_names(stages: Sequence[StageSpec]) -> tuple[str, ...]:
    """Each stage's name within the chain: its kind, with ``_2``, ``_3`` ... for repeats."""
    seen: Counter[str] = Counter()
    names = []
    for stage in stages:
        kind: str = stage.kind  # type: ignore[attr-defined]  # every member of IspStage has one
        seen[kind] += 1
        names.append(kind if seen[kind] == 1 else f"{kind}_{seen[kind]}")
    return tuple(names)


@dataclass(frozen=True)
class Chain:
    """A chain after a change."""

    stages: tuple[StageSpec, ...]
    came_from: tuple[str | None, ...]
    """For each stage its name before the change; None: it was not there."""

    def renamed(self) -> dict[str, str]:
        """Name before the change -> name now, of the stages that are still there."""
        pairs = zip(self.came_from, stage_names(self.stages), strict=True)
        return {before: now for before, now in pairs if before is not None}

    def new(self) -> dict[str, StageSpec]:
        """The stages that were not there before, by their name now."""
        triples = zip(self.came_from, stage_names(self.stages), self.stages, strict=True)
        return {now: stage for before, now, stage in triples if before is None}


def changed_chain(
    stages: Sequence[StageSpec], changes: Mapping[str, StageSpec | Omit], swaps: Sequence[tuple[str, str]] = ()
) -> Chain:
    """Put other stages in some places, or none, after swapping some neighbours.

    Args:
        stages: the chain.
        changes: by ``isp.NAME``.
        swaps: pairs of ``isp.NAME``, one after the other.

    Raises:
        ValueError: no such stage, or a pair of stages that are not neighbours at that time.
    """
    names = [f"isp.{name}" for name in stage_names(stages)]
    for name in [*changes, *(name for pair in swaps for name in pair)]:
        if name not in names:
            raise ValueError(f"{name!r} is not a stage of this profile{did_you_mean(name, names)} ({', '.join(names)})")
    order = list(range(len(stages)))
    for first, second in swaps:
        here, there = (order.index(names.index(name)) for name in (first, second))
        if abs(here - there) != 1:
            raise ValueError(f"{first} and {second} are not neighbours, and only neighbours can change places")
        order[here], order[there] = order[there], order[here]
    kept: list[tuple[StageSpec, str | None]] = []
    for index in order:
        change = changes.get(names[index], stages[index])
        if not isinstance(change, str):
            kept.append((change, names[index].removeprefix("isp.") if names[index] not in changes else None))
    return Chain(tuple(stage for stage, _ in kept), tuple(name for _, name in kept))


def choice_problems(
    stages: Sequence[StageSpec], choices: Choices, orders: Sequence[tuple[str, str]], raw: RawFormat
) -> Iterator[Problem]:
    """What is wrong with choices and orders: each by itself must make a chain that fits together."""
    for name, options in choices.items():
        for index, option in enumerate(options):
            try:
                chain = changed_chain(stages, {name: option})
                for stage in chain.new().values():
                    stage.resolve(raw)
            except ValueError as error:
                yield ("choices", name), str(error)
                break
            if problems := _chain_problems(chain, raw):
                yield ("choices", name, index), f"does not fit into the chain: {problems[0][1]}"
    for index, (first, second) in enumerate(orders):
        try:
            chain = changed_chain(stages, {}, [(first, second)])
        except ValueError as error:
            yield ("orders", index), str(error)
            continue
        if problems := _chain_problems(chain, raw):
            yield ("orders", index), f"cannot change places: {problems[0][1]}"


def _chain_problems(chain: Chain, raw: RawFormat) -> list[tuple[int, str]]:
    """Where the stages of a chain do not fit together, or not the sensor's colour filter array."""
    return order_problems([type(stage) for stage in chain.stages]) or cfa_problems(chain.stages, raw)


def choice_knobs(stages: Sequence[StageSpec], choices: Choices) -> dict[str, StageSpec]:
    """Knobs that a profile has only with one of its choices, by name, each with the first stage that has it."""
    found: dict[str, StageSpec] = {}
    for name, options in choices.items():
        for option in options:
            for new, stage in changed_chain(stages, {name: option}).new().items():
                for field in stage.knobs():
                    found.setdefault(f"isp.{new}.{field}", stage)
    return found
