"""What a search and the replay of its cases stand on: model, data in two halves, aims, reference."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from audit.camera import open_camera
from audit.data import Dataset, open_dataset
from audit.models import Model, load_model
from audit.progress import Progress
from audit.search.certificate import REPEATS, Bench
from audit.searching.aims import Aims, LossName
from audit.searching.halves import Halves, split_readable
from audit.targets import class_targets, output_size
from camsim import Profile, catalog
from camsim.errors import CamsimError


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
    if limit is not None and isinstance(data, Dataset):
        raise CamsimError("limit chooses from a folder; a Dataset is used as it is: open it with that limit")
    base = one_profile(reference)
    subject = load_model(model) if isinstance(model, str | Path) else model
    dataset = data if isinstance(data, Dataset) else open_dataset(None if data is None else Path(data), limit=limit)
    classes = output_size(subject)
    targets = class_targets(subject, dataset, classes)
    halves = split_readable(dataset, seed, show)
    return Ground(subject, classes, dataset, base, halves, Aims(subject, targets, open_camera(base), loss), seed)


def one_profile(given: str | Path | Profile) -> Profile:
    """A profile by name or file, or itself."""
    return given if isinstance(given, Profile) else catalog.load(given)
