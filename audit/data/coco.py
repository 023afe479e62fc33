"""COCO: one JSON file with pictures, categories and objects (boxes, outlines, run lengths, keypoints).

The file is read piece by piece into columns; a picture's objects are put together when they are asked for.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from torch import Tensor

from audit.data.boxes import Tally
from audit.data.coco_tables import (
    NO_CATEGORY,
    Kind,
    Objects,
    Pictures,
    complete_sizes,
    read_categories,
    read_objects,
    read_pictures,
)
from audit.data.dataset import Dataset
from audit.data.json_file import JsonFile
from audit.data.paths import content_sha256, stay_inside
from audit.data.picture import laid_upright
from audit.data.reader import Reader
from audit.data.segments import draw
from audit.data.table import Columns, Found, assemble, coded, texts_of
from audit.data.truth import Boxes, Keypoints, Labels, Poses, Shape, Truth
from camsim.errors import CamsimError, NoDataError

COVERED = 0.53
"""Of its box, by a person of COCO; where the file states no area. Ultralytics takes the same share."""
TRIED = 20
"""Pictures that are looked for, to find the folder that file names are relative to."""


def open_coco(path: Path, *, kind: Kind, limit: int | None, reader: Reader) -> Dataset:
    """A COCO JSON file and the pictures beside it, in ``images``, or beside its folder ``annotations``.

    Raises:
        CamsimError: no COCO file, or one that contradicts itself.
        NoDataError: it lists no pictures.
        UnsafeError: a file name leads out of the folder.
    """
    file = JsonFile(path)
    tally = Tally()
    names = read_categories(file)
    pictures = read_pictures(file)
    root = _find_root(path, pictures.names)
    real_root = root.resolve()
    absent = [name for name in texts_of(pictures.names) if not (root / name).is_file()]
    if absent:
        tally.add("pictures of the file are not there and count as unreadable", absent[0], len(absent))
    complete_sizes(root, pictures)
    objects = read_objects(file, pictures, names, tally, kind)
    source = CocoSource(root, real_root, reader, pictures, objects, tuple(names.values()), kind)
    rows = np.arange(len(pictures.ids))
    if kind == "keypoints":
        counts = np.diff(objects.starts)
        rows = np.flatnonzero(counts == 1)
        tally.add("pictures without keypoints were left out", path.name, int((counts == 0).sum()))
        tally.add("pictures of several objects with keypoints were left out", path.name, int((counts > 1).sum()))
        if not len(rows):
            raise NoDataError(f"{path}: no picture holds exactly one object with keypoints")
        source = source.only(rows)
    clusters = None if not pictures.has_videos else coded(pictures.videos[row] for row in rows.tolist())
    found = Found(
        name=path.resolve().parent.name + "/" + path.name,
        columns=Columns(pictures.names.take(pa.array(rows)), clusters=clusters),
        source=source,
        class_names=None if kind == "keypoints" else tuple(names.values()),
        kind=kind,
        what=f"{len(objects.pictures)} objects of {len(names)} classes from {path.name}",
        notes=tally.notes(),
        declared=content_sha256(path),
        unit="pictures",
    )
    return assemble(found, limit, reader.max_side)


@dataclass(frozen=True)
class CocoSource:
    """Pictures with their objects."""

    root: Path
    real_root: Path
    reader: Reader
    pictures: Pictures
    objects: Objects
    class_names: tuple[str, ...]
    kind: Kind
    rows: NDArray[np.int64] | None = None

    def only(self, rows: NDArray[np.int64]) -> CocoSource:
        return CocoSource(
            self.root, self.real_root, self.reader, self.pictures, self.objects, self.class_names, self.kind, rows
        )

    def path(self, row: int) -> Path:
        path: Path = self.root / self.pictures.names[self._row(row)].as_py()
        stay_inside(path, self.real_root)
        return path

    def loader(self, row: int) -> Callable[[], Tensor]:
        return self.reader.of(self.path(row))

    def truth(self, row: int) -> Callable[[], Truth]:
        return partial(self._truth, row)

    def digest(self, row: int) -> str:
        return content_sha256(self.path(row))

    def _row(self, row: int) -> int:
        return row if self.rows is None else int(self.rows[row])

    def _truth(self, row: int) -> Truth:
        place = self._row(row)
        height, width = (int(side) for side in self.pictures.sizes[place])
        which = slice(int(self.objects.starts[place]), int(self.objects.starts[place + 1]))
        unknown = self.objects.ids[which][self.objects.categories[which] == NO_CATEGORY]
        if len(unknown):
            raise CamsimError(f"its annotation {unknown[0]} is of a category that the file does not declare")
        if self.kind == "labels":
            return Labels(frozenset(self.class_names[code] for code in self.objects.categories[which].tolist()))
        return laid_upright(self.path(row), (height, width), partial(self._drawn, which))

    def _drawn(self, which: slice, shape: Shape) -> Boxes | Keypoints:
        if self.kind == "keypoints":
            return self._keypoints(which, shape)
        return self._poses(which, shape) if self.kind == "poses" else self._boxes(which, shape)

    def _boxes(self, which: slice, shape: Shape) -> Boxes:
        objects = self.objects
        shapes = objects.shapes[which].to_pylist()
        masks = None
        if shapes and all(packed is not None for packed in shapes):
            masks = tuple(
                self._mask(packed, shape, number) for packed, number in zip(shapes, objects.ids[which], strict=True)
            )
        return Boxes(
            corners=objects.corners[which].copy(),
            names=tuple(self.class_names[code] for code in objects.categories[which].tolist()),
            crowd=objects.crowd[which].copy(),
            shape=shape,
            masks=masks,
        )

    def _mask(self, packed: bytes, shape: Shape, number: int) -> NDArray[np.bool_]:
        try:
            if packed[:1] == b"X":
                raise CamsimError(packed[1:].decode())
            return draw(packed, shape)
        except CamsimError as error:
            raise CamsimError(f"annotation {number}: {error}") from error

    def _poses(self, which: slice, shape: Shape) -> Poses:
        objects = self.objects
        each = [np.frombuffer(packed, dtype=np.float32).reshape(-1, 3) for packed in objects.shapes[which].to_pylist()]
        if len({len(one) for one in each}) > 1:
            few, many = min(map(len, each)), max(map(len, each))
            raise CamsimError(f"its objects have different numbers of keypoints, from {few} to {many}")
        points = np.array(each, dtype=np.float64) if each else np.zeros((0, 0, 3))
        corners, stated = objects.corners[which].copy(), objects.areas[which]
        boxes = (corners[:, 2:] - corners[:, :2]).prod(axis=1)
        return Poses(
            corners=corners,
            names=tuple(self.class_names[code] for code in objects.categories[which].tolist()),
            crowd=objects.crowd[which].copy(),
            shape=shape,
            points=points[..., :2],
            visible=points[..., 2] > 0,
            areas=np.where(np.isnan(stated), COVERED * boxes, stated),
        )

    def _keypoints(self, which: slice, shape: Shape) -> Keypoints:
        points = (
            np.frombuffer(self.objects.shapes[which][0].as_py(), dtype=np.float32).reshape(-1, 3).astype(np.float64)
        )
        left, top, right, bottom = self.objects.corners[which][0]
        return Keypoints(points[:, :2], points[:, 2] > 0, math.hypot(right - left, bottom - top), shape)


def looks_like_coco(path: Path) -> bool:
    """Whether a JSON file has the parts of a COCO file."""
    try:
        return {"images", "categories"} <= set(JsonFile(path).keys())
    except CamsimError:
        return False


def _find_root(path: Path, names: pa.Array) -> Path:
    """The folder that file names are relative to: the one where most of the first pictures are."""
    folder = path.parent
    split = path.stem.rpartition("_")[2]
    inside = [folder, folder / "images", folder / split]
    if folder.name == "annotations":
        above = folder.parent
        inside += [above, above / "images", above / split, above / "images" / split]
    first = names[:TRIED].to_pylist()
    hits = [sum((root / name).is_file() for name in first) for root in inside]
    if not any(hits):
        looked = ", ".join(dict.fromkeys(str(root) for root in inside if root.is_dir()))
        raise CamsimError(
            f"{path}: none of its first {len(first)} pictures (such as {first[0]!r}) is there; looked in {looked}"
        )
    return inside[hits.index(max(hits))]
