"""What the entry points are given: a model, data and profiles in several forms, and a run folder to go on with."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from audit.data import Dataset, open_dataset
from audit.data.python_objects import MapStyle
from audit.models import Model, Trust
from audit.models.load import NOBODY
from audit.models.network import Network
from audit.tasks.open import open_task
from audit.tasks.vision_task import VisionTask
from camsim import Profile, catalog
from camsim.errors import CamsimError

Subject = Model | Network | VisionTask[Any] | str | Path
"""What can be audited: a task that is bound to its data, a model of either kind, or a file."""

Given = Dataset | MapStyle | str | Path | None
"""Data: opened, a torch or MAITE dataset, a path, or the built-in scenes for None."""


def check_given(data: Given, limit: int | None, out: str | Path | None = None, resume: bool = False) -> None:
    """Refuse what contradicts itself, before anything is opened.

    Raises:
        CamsimError: a limit for a dataset that is open already, or a run to go on with but no folder.
    """
    if limit is not None and isinstance(data, Dataset):
        raise CamsimError("limit chooses from a folder; a Dataset is used as it is: open it with that limit")
    if resume and out is None:
        raise CamsimError("resume needs the folder of the unfinished run: give --out")


def open_given(
    model: Subject,
    data: Given,
    limit: int | None,
    task: str = "auto",
    trust: Trust = NOBODY,
) -> tuple[VisionTask[Any], Dataset]:
    """The task; and the data, opened if they are a path, or the built-in scenes for None.

    Raises:
        CamsimError: either cannot be opened, or they do not fit.
    """
    dataset = data if isinstance(data, Dataset) else open_dataset(data, limit=limit)
    return open_task(model, dataset, task, trust), dataset


def one_profile(given: str | Path | Profile) -> Profile:
    """A profile by name or file, or itself."""
    return given if isinstance(given, Profile) else catalog.load(given)
