"""A folder of images as a dataset: without labels, or with one folder a class."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

import pyarrow as pa
import pyarrow.compute as pc
from torch import Tensor

from audit.data.dataset import Dataset, check_max_side
from audit.data.paths import content_sha256
from audit.data.reader import SUFFIXES, Reader
from audit.data.table import Columns, Found, assemble, coded, texts_of
from audit.data.tree import Tree, left_out, search, single
from camsim.errors import CamsimError, NoDataError
from camsim.profile import Profile

Labels = Literal["auto", "folders", "none"]
"""*folders*: the first folder below the root is the class; *none*: unlabelled; *auto*: see
``open_folder``."""


def open_folder(
    path: Path | str,
    *,
    labels: Labels = "auto",
    limit: int | None = None,
    max_side: int = 1024,
    raw_profile: Profile | None = None,
) -> Dataset:
    """A folder, searched with its sub-folders, or a single file.

    With ``labels="auto"`` images in the folder itself are unlabelled; images in two or more sub-folders and
    nowhere else are labelled with the names of these. Whatever else could mean either is refused, and
    ``labels`` says which it is. ``limit`` takes an even, always equal choice over the classes
    (``audit.data.dataset.subset``); ``class_names`` keeps all classes. Scenes longer than ``max_side`` pixels
    are reduced to that. Hidden files, files of other kinds and links to folders are left out and counted in
    the description. A file that cannot be read stays in the dataset, and its ``load`` says why.

    Raises:
        CamsimError: no such path, labels that cannot be told, a class without images, file names that are not
            UTF-8.
        NoDataError: there is no image.
        UnsafeError: a link leads out of the folder.
    """
    path = Path(path)
    check_max_side(max_side)
    if labels not in get_args(Labels):
        raise CamsimError(f"--labels must be one of {', '.join(get_args(Labels))}, got {labels!r}")
    try:
        tree = search(path) if path.is_dir() else single(path)
    except OSError as error:
        raise CamsimError(f"{path}: cannot be read: {error.strerror or error}") from error
    if not len(tree.ids):
        raise NoDataError(f"{path}: holds no images{left_out(tree)}; looked for {' '.join(SUFFIXES)}")
    targets = pc.list_element(pc.split_pattern(tree.ids, "/"), 0) if _is_labelled(path, tree, labels) else None
    classes = () if targets is None else tuple(sorted(pc.unique(targets).to_pylist()))
    reader = Reader(max_side, raw_profile)
    source = FileSource(tree.root, tree.ids, reader)
    kinds = ", ".join(f"{number} {suffix}" for suffix, number in sorted(tree.kinds.items()))
    found = Found(
        name=path.resolve().name,
        columns=Columns(tree.ids, None if targets is None else coded(texts_of(targets), classes)),
        source=source,
        class_names=classes or None,
        kind=None,
        what=f"{kinds}; " + (f"{len(classes)} classes named by their folders" if classes else "without labels"),
        left_out=left_out(tree),
    )
    return assemble(found, limit, max_side)


@dataclass(frozen=True)
class FileSource:
    """Files below a folder, with nothing known of them but a class."""

    root: Path
    names: pa.Array
    """Relative to it."""
    reader: Reader

    def path(self, row: int) -> Path:
        return self.root / str(self.names[row].as_py())

    def loader(self, row: int) -> Callable[[], Tensor]:
        return self.reader.of(self.path(row))

    def truth(self, row: int) -> None:
        return None

    def digest(self, row: int) -> str:
        return content_sha256(self.path(row))


def _is_labelled(path: Path, found: Tree, labels: Labels) -> bool:
    if labels == "none":
        return False
    deep = pc.count_substring(found.ids, "/")
    loose = found.ids.filter(pc.equal(deep, 0))
    nested = found.ids.filter(pc.greater(deep, 0))
    classes = sorted(pc.unique(pc.list_element(pc.split_pattern(nested, "/"), 0)).to_pylist()) if len(nested) else []
    if labels == "auto" and not len(nested):
        return False
    as_one = "--labels none to take all of them without labels"
    as_classes = "--labels folders to take the first folder as the class"
    if not len(nested):
        raise CamsimError(f"{path}: --labels folders needs a sub-folder for each class, and there is none with images")
    if len(loose):
        raise CamsimError(
            f"{path}: {len(loose)} images lie in the folder itself (such as {loose[0].as_py()!r}) and {len(nested)} "
            f"in its sub-folders (such as {nested[0].as_py()!r}), so the classes cannot be told; give {as_one}, "
            "or move the loose ones"
        )
    if labels == "auto" and len(classes) == 1:
        raise CamsimError(
            f"{path}: all images lie in the one sub-folder {classes[0]!r}, which may be a class or not; "
            f"give {as_one}, or {as_classes}"
        )
    deeper = found.ids.filter(pc.greater(deep, 1))
    if labels == "auto" and len(deeper):
        raise CamsimError(
            f"{path}: images lie more than one folder deep (such as {deeper[0].as_py()!r}), so it is not clear "
            f"which folder is the class; give the folder that holds the class folders, {as_one}, or {as_classes}"
        )
    empty = sorted(found.folders - set(classes))
    if empty:  # leaving it out would quietly shift the numbers of the classes after it
        raise CamsimError(
            f"{path}: the class folder {empty[0]!r} holds no images; remove it, fill it, or give {as_one}"
        )
    return True
