"""What a search and the replay of its cases stand on: model, data in two halves, aims, reference."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from audit.camera import open_camera
from audit.data import Dataset
from audit.given import Given, Subject, one_profile, open_given
from audit.progress import Progress
from audit.search.certificate import REPEATS, Bench
from audit.searching.aims import Aims, LossName
from audit.searching.halves import Halves, split_readable
from audit.tasks.open import seen_by
from audit.tasks.vision_task import VisionTask
from camsim import Profile


@dataclass(frozen=True)
class Ground:
    """The same for the same model, data, reference, loss and seed."""

    task: VisionTask[Any]
    data: Dataset
    reference: Profile
    halves: Halves
    aims: Aims
    seed: int

    def bench(self, jpeg: int | None, store: Path | None, show: Progress) -> Bench:
        """Where cases are certified: the held-out half, with noise seeds from ``seed`` on.

        Raises:
            CamsimError: the model fails on a picture of the reference.
        """
        seeds = range(self.seed, self.seed + REPEATS)
        show.start("Reference", len(self.halves.held_out) * REPEATS)
        return Bench(
            self.halves.held_out,
            {seed: self.aims.task(self.halves.held_out, seed, step=show.advance) for seed in seeds},
            self.reference,
            measure=self.aims.measure,
            jpeg=jpeg,
            store=store,
            step=show.advance,
        )


def prepare(
    model: Subject,
    data: Given,
    reference: str | Path | Profile,
    loss: LossName,
    *,
    limit: int | None,
    seed: int,
    show: Progress,
) -> Ground:
    """Open everything and halve the samples.

    Raises:
        CamsimError: anything about what was given; NoDataError where nothing can be read.
    """
    base = one_profile(reference)
    task, dataset = open_given(model, data, limit)
    task = seen_by(task, base, seed)
    aims = Aims(task, open_camera(base), loss)
    return Ground(task, dataset, base, split_readable(dataset, seed, show), aims, seed)
