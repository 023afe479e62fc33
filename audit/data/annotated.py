"""Pictures in a folder, each with an annotation file of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pyarrow as pa
from torch import Tensor

from audit.data.paths import content_sha256, stay_inside
from audit.data.reader import Reader
from audit.data.table import Source
from audit.data.tree import entries
from audit.data.truth import Boxes, Labels, Truth
from camsim.errors import CamsimError


@dataclass(frozen=True)
class AnnotatedFiles:
    """A source whose annotations are read when they are asked for."""

    root: Path
    real_root: Path
    names: pa.Array
    """Of the pictures, relative to the root."""
    reader: Reader
    beside: Callable[[str], Path]
    """The annotation file of a picture, whether it is there or not."""
    read: Callable[[Path, Path], Truth]
    """From picture and annotation file, in pixels of the picture as it is shown."""

    def path(self, row: int) -> Path:
        path: Path = self.root / self.names[row].as_py()
        stay_inside(path, self.real_root)
        return path

    def loader(self, row: int) -> Callable[[], Tensor]:
        return self.reader.of(self.path(row))

    def truth(self, row: int) -> Callable[[], Truth]:
        return partial(self._truth, row)

    def digest(self, row: int) -> str:
        beside = self.beside(self.names[row].as_py())
        return f"{content_sha256(self.path(row))} {content_sha256(beside) if beside.exists() else 'none'}"

    def _truth(self, row: int) -> Truth:
        path = self.path(row)
        return self.read(path, self.beside(self.names[row].as_py()))


@dataclass(frozen=True)
class LabelsOfBoxes:
    """A source of boxes that says only which classes are there."""

    source: Source

    def loader(self, row: int) -> Callable[[], Tensor]:
        return self.source.loader(row)

    def truth(self, row: int) -> Callable[[], Truth]:
        return partial(self._truth, row)

    def digest(self, row: int) -> str:
        return self.source.digest(row)

    def _truth(self, row: int) -> Truth:
        read = self.source.truth(row)
        boxes = None if read is None else read()
        if not isinstance(boxes, Boxes):
            raise CamsimError("has no boxes to take labels from")
        return Labels(frozenset(boxes.names))


def files_below(root: Path, suffix: str) -> Iterator[str]:
    """Names of the files of one suffix below a folder, relative to it; hidden ones are left out.

    Raises:
        UnsafeError: a link leads out of the folder.
    """
    real_root = root.resolve()
    for entry in entries(root):
        name = entry.name
        if name.startswith(".") or not name.lower().endswith(suffix):
            continue
        if entry.is_symlink():
            stay_inside(Path(entry.path), real_root)
        if entry.is_file():
            yield Path(entry.path).relative_to(root).as_posix()
