"""What each player alone does to a sample: pictures of the devices one exchange away, with what the model says."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from audit.camera import Lineup, open_camera
from audit.data import Sample
from audit.forensics.divide import Division
from audit.forensics.play import Table
from audit.task import Task, judge_shot


@dataclass(frozen=True)
class Shot:
    """A sample through the device of a coalition."""

    mask: int
    picture: NDArray[np.uint8]
    says: str
    """The model's prediction."""
    score: float
    loss: float


@dataclass(frozen=True)
class Swaps:
    """A sample through the first device, with the second's part of each player alone, and through the second."""

    sample: str
    shots: tuple[Shot, ...]


def choose(table: Table, count: int, full: int) -> list[str]:
    """The samples to show: those that lose most from the first device to the second, by score, then by loss."""
    drop, harm = table.drops()[full], table.harms()[full]
    order = sorted(range(len(table.samples)), key=lambda n: (-drop[n], -harm[n], table.samples[n]))
    return [table.samples[n] for n in order[:count]]


def take_swaps(
    task: Task,
    samples: Sequence[Sample],
    division: Division,
    *,
    seed: int,
    says: Callable[[Sequence[NDArray[np.uint8]]], Sequence[str]],
) -> list[Swaps]:
    """Shoot samples through both devices and everything one exchange from the first; ``says`` words the predictions."""
    masks = [0, *(1 << place for place in range(division.alignment.count)), division.alignment.full]
    wanted = {mask: division.profiles[mask] for mask in masks}
    lineup = Lineup([open_camera(profile) for profile in wanted.values()])
    found = []
    for sample in samples:
        pictures: dict[str, NDArray[np.uint8]] = {}
        scene = sample.load()
        for shot in lineup.shoot(scene, seed, sample.id):
            pictures |= shot
        shown = [pictures[name] for name in lineup.names]
        judged = judge_shot(task, shown, [sample.id] * len(shown), (scene.shape[1], scene.shape[2]))
        found.append(
            Swaps(
                sample.id,
                tuple(
                    Shot(mask, picture, text, float(score), float(loss))
                    for mask, picture, text, score, loss in zip(
                        wanted, shown, says(shown), judged.scores, judged.losses, strict=True
                    )
                ),
            )
        )
    return found
