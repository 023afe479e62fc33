"""A few scenes of an audit as every camera shows them, for the report."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from audit.camera import Lineup
from audit.data import Sample
from audit.evenly import evenly
from audit.outcome import Outcome
from audit.progress import Progress

SHOWN_SCENES = 4


def take_pictures(
    samples: Sequence[Sample], outcomes: Sequence[Outcome], lineups: Sequence[Lineup], seed: int, show: Progress
) -> dict[str, dict[str, NDArray[np.uint8]]]:
    """Evenly spaced readable scenes: sample -> profile -> (H, W, 3)."""
    readable = {row.sample for row in outcomes}
    usable = [sample for sample in samples if sample.id in readable]
    chosen = evenly(usable, SHOWN_SCENES)
    names = [name for lineup in lineups for name in lineup.names]
    show.start("Pictures", len(chosen) * len(names))
    pictures: dict[str, dict[str, NDArray[np.uint8]]] = {}
    for sample in chosen:
        scene = sample.load()
        taken: dict[str, NDArray[np.uint8]] = {}
        for lineup in lineups:
            for some in lineup.shoot(scene, seed, sample.id):
                taken |= some
                show.advance(len(some))
        pictures[sample.id] = {name: taken[name] for name in names}
    return pictures
