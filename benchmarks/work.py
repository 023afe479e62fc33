"""What a worker measures."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import cycle

from torch import Tensor

FROM_MEMORY = 2**28
"""Bytes of frames and pictures that take turns: more than a processor's caches hold, so that frames come from memory,
as those of a data set do."""


class UnavailableError(Exception):
    """A subject cannot be measured here; the message says why."""


@dataclass(frozen=True)
class Work:
    """One call of ``run`` is what is timed."""

    run: Callable[[], object]
    amount: float
    """Work done by one call: pixels, pictures ..."""
    details: Mapping[str, float] = field(default_factory=dict)
    """Further figures to hand back, known before the first round."""


def copies(raw: Tensor) -> list[Tensor]:
    """Mosaics float32 to work on in turn: so many that they and their pictures do not fit into a cache."""
    return [raw, *(raw.clone() for _ in range(FROM_MEMORY // (4 * raw.nbytes) - 1))]


def in_turn(runs: Sequence[Callable[[], object]]) -> Callable[[], object]:
    """A call that does the next of these, and after the last the first."""
    turns = cycle(runs)
    return lambda: next(turns)()
