"""A few scenes of an audit as every camera shows them, for the report."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from audit.camera import Camera, share_sensors
from audit.data import Sample
from audit.outcome import Outcome
from audit.progress import Progress

SHOWN_SCENES = 4


def take_pictures(
    samples: Sequence[Sample], outcomes: Sequence[Outcome], cameras: Sequence[Camera], seed: int, show: Progress
) -> dict[str, dict[str, NDArray[np.uint8]]]:
    """Evenly spaced readable scenes: sample -> profile -> (H, W, 3)."""
    readable = {row.sample for row in outcomes}
    usable = [sample for sample in samples if sample.id in readable]
    count = min(SHOWN_SCENES, len(usable))
    chosen = [usable[round(index * (len(usable) - 1) / max(count - 1, 1))] for index in range(count)]
    show.start("Pictures", len(chosen) * len(cameras))
    sensors = share_sensors(cameras)
    pictures: dict[str, dict[str, NDArray[np.uint8]]] = {}
    for sample in chosen:
        scene = sample.load()
        pictures[sample.id] = {}
        for sensor in sensors:
            pictures[sample.id] |= sensor.shoot(scene, seed, sample.id)
            show.advance(len(sensor.cameras))
    return pictures
