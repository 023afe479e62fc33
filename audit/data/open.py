"""From what ``--data`` says to a dataset."""

from __future__ import annotations

from pathlib import Path

from audit.data.builtin import WHOLE_SIDE, builtin_scenes
from audit.data.dataset import Dataset
from audit.data.folder import Labels, open_folder
from camsim.errors import CamsimError


def open_dataset(
    path: Path | str | None, *, labels: Labels = "auto", limit: int | None = None, max_side: int = 1024
) -> Dataset:
    """The folder or file at ``path``, or the built-in scenes when there is none.

    See ``open_folder`` and ``builtin_scenes`` for the options and the errors.
    """
    if path is not None:
        return open_folder(path, labels=labels, limit=limit, max_side=max_side)
    if labels == "folders":
        raise CamsimError("--labels folders: the built-in scenes have no labels; give --data a folder of class folders")
    return builtin_scenes(limit=limit, max_side=min(max_side, WHOLE_SIDE))
