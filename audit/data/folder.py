"""A folder of images as a dataset: without labels, or with one folder a class."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

import pyarrow as pa
from torch import Tensor

from audit.data.dataset import Dataset, check_max_side
from audit.data.paths import content_sha256
from audit.data.reader import SUFFIXES, Reader
from audit.data.table import Columns, Found, assemble, coded, texts_of
from audit.data.tree import Tree, left_out, search, single
from camsim.errors import CamsimError, NoDataError
from camsim.profile import Profile
from camsim.unprocess import DEFAULT, Unprocess

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
    unprocess: Unprocess = DEFAULT,
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
    depths = _Depths.of(tree)
    classes = depths.classes if _is_labelled(path, tree, depths, labels) else ()
    targets = coded((_first_folder(name) for name in texts_of(tree.ids)), classes) if classes else None
    reader = Reader(max_side, raw_profile, unprocess)
    source = FileSource(tree.root, tree.ids, reader)
    kinds = ", ".join(f"{number} {suffix}" for suffix, number in sorted(tree.kinds.items()))
    found = Found(
        name=path.resolve().name,
        columns=Columns(tree.ids, targets),
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


@dataclass
class _Depths:
    """How deep the images lie."""

    loose: list[str]
    """In the folder itself, the first of them."""
    nested: list[str]
    """In its sub-folders, the first of them."""
    deeper: list[str]
    """More than one folder deep, the first of them."""
    loose_count: int
    nested_count: int
    classes: tuple[str, ...]
    """First folders of the nested ones."""

    @classmethod
    def of(cls, tree: Tree) -> _Depths:
        found = cls([], [], [], 0, 0, ())
        classes = set()
        for name in texts_of(tree.ids):
            if "/" not in name:
                found.loose_count += 1
                found.loose = found.loose or [name]
                continue
            found.nested_count += 1
            found.nested = found.nested or [name]
            classes.add(_first_folder(name))
            if name.count("/") > 1:
                found.deeper = found.deeper or [name]
        found.classes = tuple(sorted(classes))
        return found


def _first_folder(name: str) -> str:
    return name.partition("/")[0]


def _is_labelled(path: Path, found: Tree, depths: _Depths, labels: Labels) -> bool:
    if labels == "none" or (labels == "auto" and not depths.nested):
        return False
    as_one = "--labels none to take all of them without labels"
    as_classes = "--labels folders to take the first folder as the class"
    if not depths.nested:
        raise CamsimError(f"{path}: --labels folders needs a sub-folder for each class, and there is none with images")
    if depths.loose:
        raise CamsimError(
            f"{path}: {depths.loose_count} images lie in the folder itself (such as {depths.loose[0]!r}) and "
            f"{depths.nested_count} in its sub-folders (such as {depths.nested[0]!r}), so the classes cannot be told; "
            f"give {as_one}, or move the loose ones"
        )
    if labels == "auto" and len(depths.classes) == 1:
        raise CamsimError(
            f"{path}: all images lie in the one sub-folder {depths.classes[0]!r}, which may be a class or not; "
            f"give {as_one}, or {as_classes}"
        )
    if labels == "auto" and depths.deeper:
        raise CamsimError(
            f"{path}: images lie more than one folder deep (such as {depths.deeper[0]!r}), so it is not clear "
            f"which folder is the class; give the folder that holds the class folders, {as_one}, or {as_classes}"
        )
    empty = sorted(found.folders - set(depths.classes))
    if empty:  # leaving it out would quietly shift the numbers of the classes after it
        raise CamsimError(
            f"{path}: the class folder {empty[0]!r} holds no images; remove it, fill it, or give {as_one}"
        )
    return True
