"""What a search and the replay of its cases stand on: model, data in two halves, aims, reference."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from audit.camera import open_camera
from audit.data import Dataset
from audit.given import one_profile, open_given
from audit.models import Model
from audit.progress import Progress
from audit.search.certificate import REPEATS, Bench
from audit.searching.aims import Aims, LossName
from audit.searching.halves import Halves, split_readable
from audit.targets import class_targets, output_size
from camsim import Profile


@dataclass(frozen=True)
class Ground:
    """The same for the same model, data, reference, loss and seed."""

    model: Model
    classes: int
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
    model: Model | str | Path,
    data: Dataset | str | Path | None,
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
    subject, dataset = open_given(model, data, limit)
    classes = output_size(subject)
    targets = class_targets(subject, dataset, classes)
    halves = split_readable(dataset, seed, show)
    return Ground(subject, classes, dataset, base, halves, Aims(subject, targets, open_camera(base), loss), seed)
