"""The samples of a search: what can be read, in a half that is searched and a half that is held out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from torch import Tensor

from audit.data import Dataset, Sample
from audit.matrix import Unreadable
from audit.progress import Progress
from audit.search.scenes import CACHE_BYTES
from audit.split import take
from camsim.errors import CamsimError, NoDataError

LEAST = 2
"""Samples that each half needs."""


@dataclass(frozen=True)
class Halves:
    """Two disjoint halves, the same for the same ids, classes and seed."""

    search: tuple[Sample, ...]
    held_out: tuple[Sample, ...]
    unreadable: tuple[Unreadable, ...] = ()
    scenes: dict[str, Tensor] = field(default_factory=dict)
    """Of the search half, as far as they fit into memory: they were read anyway."""


def split_readable(data: Dataset, seed: int, show: Progress) -> Halves:
    """Read every sample once and halve those that can be read.

    Raises:
        NoDataError: none can be read.
        CamsimError: too few for two halves.
    """
    show.start("Scenes", len(data.samples))
    readable: list[Sample] = []
    unreadable: list[Unreadable] = []
    scenes: dict[str, Tensor] = {}
    kept = 0
    searched = {sample.id for sample in take(data.samples, "search", seed)}
    for sample in data.samples:
        try:
            scene = sample.load()
        except CamsimError as error:
            unreadable.append(Unreadable(sample.id, str(error)))
        else:
            readable.append(sample)
            if sample.id in searched and kept + scene.nbytes <= CACHE_BYTES:
                scenes[sample.id] = scene
                kept += scene.nbytes
        show.advance(1)
    if not readable:
        raise NoDataError(f"none of the {len(data.samples)} samples could be read; the first: {unreadable[0].reason}")
    halves = halve(data.name, readable, seed)
    return replace(halves, unreadable=tuple(unreadable), scenes=scenes)


def halve(name: str, samples: Sequence[Sample], seed: int) -> Halves:
    """The two halves of samples that can be read.

    Args:
        name: of the data, for the error.
        samples: all readable.
        seed: decides which sample comes into which half.

    Raises:
        CamsimError: too few for two halves.
    """
    search, held_out = tuple(take(samples, "search", seed)), tuple(take(samples, "held-out", seed))
    if min(len(search), len(held_out)) < LEAST:
        raise CamsimError(
            f"{name}: {len(samples)} readable samples are too few to search on one half and judge on the other; "
            f"give at least {2 * LEAST}, better some hundreds"
        )
    return Halves(search, held_out)
