"""A few scenes of an audit as every camera shows them, for the report."""

from __future__ import annotations

from collections.abc import Sequence, Set

import numpy as np
from numpy.typing import NDArray

from audit.camera import Shooter
from audit.data import Sample
from audit.evenly import evenly
from audit.progress import Progress

SHOWN_SCENES = 4


def take_pictures(
    samples: Sequence[Sample], measured: Set[str], lineups: Sequence[Shooter], seed: int, show: Progress
) -> dict[str, dict[str, NDArray[np.uint8]]]:
    """Evenly spaced scenes of those that were measured: sample -> profile -> (H, W, 3)."""
    usable = [sample for sample in samples if sample.id in measured]
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
