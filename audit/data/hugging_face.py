"""Hugging Face datasets on disk: Arrow files of ``save_to_disk``, or Parquet files with pictures in them.

Read with pyarrow; Arrow files are mapped into memory, so that nothing of them is held.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Literal

import numpy as np
from torch import Tensor

from audit.data.boxes import Tally, fit
from audit.data.dataset import Dataset
from audit.data.hugging_face_features import Features, read_features
from audit.data.hugging_face_table import Rows, read_table, split_of
from audit.data.paths import check_name, stay_inside
from audit.data.picture import laid_upright_bytes, picture_of_bytes
from audit.data.reader import Reader
from audit.data.table import Columns, Found, assemble, coded, packed
from audit.data.truth import Boxes, Labels, Shape, Text, Truth
from camsim.errors import CamsimError, NoDataError, UnsafeError

Kind = Literal["class", "labels", "boxes", "text"]
GROUP_VALUES = 100


def open_hugging_face(root: Path, *, kind: Kind | None, limit: int | None, reader: Reader) -> Dataset:
    """A folder that ``datasets`` saved, one of its splits, or a folder (or file) of Parquet with an image column.

    Raises:
        CamsimError: no such dataset, no column of pictures, several truths and none chosen.
        NoDataError: no rows.
        UnsafeError: a picture's path leads out of the folder.
    """
    folder, split = split_of(root)
    table, declared = read_table(folder)
    features = read_features(folder, table.schema, declared, kind)
    folder = folder.parent if folder.is_file() else folder
    if not len(table):
        raise NoDataError(f"{root}: has no rows")
    rows = HuggingFaceRows(folder, folder.resolve(), table, features, reader)
    width = len(str(len(table) - 1))
    ids = packed(f"{row:0{width}d}" for row in range(len(table)))
    targets = None
    if features.kind == "class":
        targets = coded(rows.labels(), features.classes)
    tally = Tally()
    rows.survey(tally)
    groups = {name: coded(rows.texts(name)) for name in features.groups if rows.is_group(name, GROUP_VALUES)}
    clusters = None if features.cluster is None else coded(rows.texts(features.cluster))
    found = Found(
        name=root.resolve().name + (f" ({split})" if split else ""),
        columns=Columns(ids, targets, clusters, groups),
        source=rows,
        class_names=features.classes,
        kind=None if features.kind in ("class", None) else features.kind,
        what=f"{features.what} of a Hugging Face dataset" + (f", split {split}" if split else ""),
        notes=tally.notes(),
        declared=hashlib.sha256(repr((features.classes, features.kind)).encode()).hexdigest(),
        unit="rows",
    )
    return assemble(found, limit, reader.max_side)


def is_hugging_face(root: Path) -> bool:
    """Whether ``datasets`` saved this folder."""
    return (root / "dataset_dict.json").is_file() or (
        (root / "dataset_info.json").is_file() and any(root.glob("*.arrow"))
    )


@dataclass(frozen=True)
class HuggingFaceRows:
    """Rows of a table that is mapped into memory."""

    folder: Path
    real_folder: Path
    table: Rows
    features: Features
    reader: Reader

    def loader(self, row: int) -> Callable[[], Tensor]:
        return partial(self._scene, row)

    def truth(self, row: int) -> Callable[[], Truth] | None:
        return None if self.features.kind in ("class", None) else partial(self._truth, row)

    def digest(self, row: int) -> str:
        try:
            content, _ = self._picture(row)
        except UnsafeError:
            raise
        except CamsimError as error:
            return f"unreadable: {error}"
        truth = "" if self.features.column is None else repr(self._cell(self.features.column, row))
        return hashlib.sha256(hashlib.sha256(content).digest() + truth.encode()).hexdigest()

    def labels(self) -> Iterator[str]:
        """The class of each row.

        Raises:
            CamsimError: a number that no class has.
        """
        classes = self.features.classes or ()
        for row in range(len(self.table)):
            value = self._cell(self.features.column or "", row)
            if isinstance(value, str):
                yield value
            elif isinstance(value, int) and 0 <= value < len(classes):
                yield classes[value]
            else:
                raise CamsimError(
                    f"{self.folder}: row {row}: {self.features.column} is {value!r}, which is none of the "
                    f"{len(classes)} classes"
                )

    def texts(self, name: str) -> Iterator[str | None]:
        """A column as texts."""
        for row in range(len(self.table)):
            value = self._cell(name, row)
            yield None if value is None else str(value)

    def is_group(self, name: str, most: int) -> bool:
        """Whether a column has few different values."""
        seen: set[str | None] = set()
        for text in self.texts(name):
            seen.add(text)
            if len(seen) > most:
                return False
        return len(seen) > 1

    def survey(self, tally: Tally) -> None:
        """Count what is wrong with the boxes."""
        if self.features.kind != "boxes":
            return
        for row in range(len(self.table)):
            try:
                shape = picture_of_bytes(*self._picture(row)).upright
                corners, _, _ = self._objects(row)
            except CamsimError as error:
                tally.add("rows cannot be read", f"row {row}: {error}")
                continue
            tally.add_faults(fit(corners, shape).faults, f"row {row}")

    def _cell(self, name: str, row: int) -> Any:
        return self.table.cell(name, row)

    def _picture(self, row: int) -> tuple[bytes, str]:
        """Bytes and suffix of the picture."""
        value = self._cell(self.features.image, row)
        if isinstance(value, bytes):
            return value, ""
        if not isinstance(value, dict):
            raise CamsimError(f"row {row} has no picture")
        name = value.get("path") or ""
        if value.get("bytes"):
            return value["bytes"], Path(name).suffix
        if not name:
            raise CamsimError(f"row {row} has neither bytes nor a path of its picture")
        path = self.folder / check_name(name, f"row {row}")
        stay_inside(path, self.real_folder)
        try:
            return path.read_bytes(), path.suffix
        except OSError as error:
            raise CamsimError(f"row {row}: {name}: cannot be read: {error.strerror or error}") from error

    def _scene(self, row: int) -> Tensor:
        return self.reader.read_bytes(*self._picture(row))

    def _truth(self, row: int) -> Truth:
        column = self.features.column or ""
        if self.features.kind == "text":
            return Text(str(self._cell(column, row) or ""))
        if self.features.kind == "labels":
            return Labels(frozenset(self._class(value, row) for value in self._cell(column, row) or []))
        return laid_upright_bytes(*self._picture(row), None, partial(self._boxes, row))

    def _boxes(self, row: int, shape: Shape) -> Boxes:
        corners, names, crowd = self._objects(row)
        fitted = fit(corners, shape)
        kept = np.flatnonzero(fitted.kept)
        return Boxes(
            fitted.corners[kept],
            tuple(names[place] for place in kept),
            np.array([crowd[p] for p in kept], np.bool_),
            shape,
        )

    def _objects(self, row: int) -> tuple[Any, list[str], list[bool]]:
        """(K, 4) corners, class names and whether each is a crowd."""
        value = self._cell(self.features.column or "", row)
        if isinstance(value, list):  # of structs, as newer versions write it
            value = {key: [entry.get(key) for entry in value] for key in (value[0] if value else {})}
        value = value or {}
        boxes = value.get("bbox") or []
        kinds: list[Any] = next(
            (value[key] for key in ("category", "label", "labels", "category_id") if value.get(key)), []
        )
        crowd = value.get("iscrowd") or value.get("is_crowd") or [False] * len(boxes)
        if len(kinds) != len(boxes) or len(crowd) != len(boxes):
            raise CamsimError(f"row {row}: {len(boxes)} boxes with {len(kinds)} classes")
        if any(box is None or len(box) != 4 for box in boxes):
            raise CamsimError(f"row {row}: a box is not x, y, width, height")
        sides = np.array([[np.nan if side is None else side for side in box] for box in boxes], dtype=np.float64)
        sides = sides.reshape(-1, 4)
        corners = np.concatenate([sides[:, :2], sides[:, :2] + sides[:, 2:]], axis=1)
        return corners, [self._class(kind, row) for kind in kinds], [bool(one) for one in crowd]

    def _class(self, value: Any, row: int) -> str:
        classes = self.features.classes or ()
        if isinstance(value, str) and value in classes:
            return value
        if isinstance(value, int) and 0 <= value < len(classes):
            return classes[value]
        raise CamsimError(f"row {row}: the class {value!r} is not one of the {len(classes)} declared")
