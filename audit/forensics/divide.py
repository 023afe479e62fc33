"""A drop between two devices, divided up among their differences: for any task and any samples."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from audit.data import Sample
from audit.forensics.attribution import Attribution, attribute
from audit.forensics.coalitions import MOST_EXACT, masks_to_play, permutations
from audit.forensics.play import Table, play
from audit.forensics.players import Alignment, take_apart
from audit.progress import Progress, Silent
from audit.task import Task
from camsim import Profile


@dataclass(frozen=True)
class Division:
    """A divided drop."""

    alignment: Alignment
    profiles: Mapping[int, Profile]
    """The device of each coalition that was evaluated."""
    table: Table
    """Score and loss of every coalition on every sample."""
    score: Attribution
    loss: Attribution
    """The same for the rise of the loss."""


def divide(
    task: Task,
    samples: Sequence[Sample],
    reference: Profile,
    device: Profile,
    *,
    split_sensor: bool = False,
    orders: int = 32,
    seed: int = 0,
    batch: int = 8,
    parts: Path | None = None,
    progress: Progress | None = None,
) -> Division:
    """Divide the drop of a task's score among the differences between two devices.

    `explain` does this for classifiers, with a report. Here the task is yours: segmentation, say, with the IoU of each
    sample as its score.

    Args:
        task: judges pictures of the samples.
        samples: scenes.
        reference: where the score is measured from.
        device: whose drop is divided.
        split_sensor: exchange parts of the sensor, not the sensor as a whole.
        orders: permutations to sample above `MOST_EXACT` differences; even.
        seed: of noise, permutations and bootstrap.
        batch: samples kept together in ``parts``.
        parts: folder where finished samples are kept, and taken from if they are there; None: nowhere.
        progress: told of every picture judged.

    Raises:
        NoDataError: no sample could be measured.
    """
    alignment, profiles = take_apart(
        reference, device, split_sensor=split_sensor, coalitions=partial(masks_to_play, pairs=orders // 2, seed=seed)
    )
    table = play(task, samples, profiles, seed=seed, batch=batch, parts=parts, show=progress or Silent())
    sampled = permutations(alignment.count, orders // 2, seed) if alignment.count > MOST_EXACT else None
    return Division(
        alignment,
        profiles,
        table,
        score=attribute(table.drops(), alignment.count, sampled, seed=seed),
        loss=attribute(table.harms(), alignment.count, sampled, seed=seed),
    )
