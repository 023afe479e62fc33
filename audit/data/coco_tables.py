"""The parts of a COCO file as columns: read piece by piece, checked, cut at the borders, sorted by picture."""

from __future__ import annotations

import math
from array import array
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from audit.data.boxes import CUT, Tally, fit
from audit.data.json_file import JsonFile
from audit.data.paths import check_name
from audit.data.picture import read_picture
from audit.data.segments import pack
from audit.data.table import packed, repeated
from camsim.errors import CamsimError, NoDataError

Kind = Literal["boxes", "keypoints", "poses", "labels"]
NO_CATEGORY = -1
AT_A_TIME = 2**14
"""Boxes that are cut together."""


@dataclass
class Pictures:
    names: pa.Array
    ids: NDArray[np.int64]
    """(N,) as in the file; ``order`` sorts them."""
    sizes: NDArray[np.int32]
    """(N, 2) height, width; 0: not stated."""
    videos: list[str | None] = field(default_factory=list)
    order: NDArray[np.int64] = field(init=False)

    def __post_init__(self) -> None:
        self.order = np.argsort(self.ids, kind="stable")

    @property
    def has_videos(self) -> bool:
        return any(video is not None for video in self.videos)

    def rows_of(self, ids: NDArray[np.int64]) -> NDArray[np.int64]:
        """Rows of these ids; -1: no such picture."""
        ordered = self.ids[self.order]
        places = np.searchsorted(ordered, ids).clip(max=len(ordered) - 1)
        return np.where(ordered[places] == ids, self.order[places], -1)


@dataclass
class Objects:
    """Those of picture ``n`` are ``starts[n]`` to ``starts[n + 1]``."""

    starts: NDArray[np.int64]
    pictures: NDArray[np.int64]
    categories: NDArray[np.int32]
    """Indices into the class names; -1: one that the file does not declare."""
    corners: NDArray[np.float64]
    crowd: NDArray[np.bool_]
    ids: NDArray[np.int64]
    shapes: pa.Array
    """Packed outlines, or keypoints (K, 3) of float32; null: none."""
    areas: NDArray[np.float64]
    """(N,) as the file states them, square pixels; NaN: it does not."""


def read_categories(file: JsonFile) -> dict[int, str]:
    """Class names by id, in the order of the file."""
    names: dict[int, str] = {}
    for entry in file.items("categories.item"):
        where = f"{file.path}: categories[{len(names)}]"
        number, name = _get(entry, "id", int, where), _get(entry, "name", str, where)
        if number in names:
            raise CamsimError(f"{where}: the id {number} is that of {names[number]!r} already")
        if name in names.values():
            raise CamsimError(f"{where}: the name {name!r} occurs twice; give each category its own")
        names[number] = name
    if not names:
        raise CamsimError(f"{file.path}: declares no categories: {{'categories': [{{'id': 1, 'name': ...}}, ...]}}")
    return names


def read_pictures(file: JsonFile) -> Pictures:
    ids, sizes, videos = array("q"), array("i"), []

    def entries() -> Iterator[str]:
        for number, entry in enumerate(file.items("images.item")):
            where = f"{file.path}: images[{number}]"
            name = check_name(_get(entry, "file_name", str, where), where)
            ids.append(_get(entry, "id", int, where))
            for side in ("height", "width"):
                value = entry.get(side) or 0
                if type(value) is not int or not 0 <= value < 2**20:
                    raise CamsimError(f"{where}: {side} is a number of pixels, got {value!r}")
                sizes.append(value)
            video = entry.get("video_id")
            videos.append(None if video is None else str(video))
            yield name

    names = packed(entries())
    if not len(names):
        raise NoDataError(f"{file.path}: lists no pictures")
    again = repeated(names)
    if again is not None:
        raise CamsimError(f"{file.path}: images: the file name {again!r} occurs twice; list each picture once")
    pictures = Pictures(names, np.asarray(ids), np.asarray(sizes).reshape(-1, 2))
    ordered = pictures.ids[pictures.order]
    twice = np.flatnonzero(ordered[1:] == ordered[:-1])
    if len(twice):
        raise CamsimError(f"{file.path}: images: the id {ordered[twice[0]]} occurs twice; give each picture its own")
    if any(video is not None for video in videos):
        pictures.videos = videos
    return pictures


def complete_sizes(root: Path, pictures: Pictures) -> None:
    """Take sizes that the file does not state from the pictures."""
    for row in np.flatnonzero((pictures.sizes == 0).any(axis=1)).tolist():
        try:
            pictures.sizes[row] = read_picture(root / pictures.names[row].as_py()).upright
        except CamsimError:
            pictures.sizes[row] = (0, 0)  # it says why when it is loaded


def read_objects(file: JsonFile, pictures: Pictures, names: dict[int, str], tally: Tally, kind: Kind) -> Objects:
    codes = {number: code for code, number in enumerate(names)}
    owners, categories, ids = array("q"), array("i"), array("q")
    corners, crowd, areas = array("d"), array("b"), array("d")

    def shapes() -> Iterator[bytes | None]:
        for number, entry in enumerate(file.items("annotations.item")):
            where = f"{file.path}: annotations[{number}]"
            owners.append(_get(entry, "image_id", int, where))
            categories.append(codes.get(entry.get("category_id"), NO_CATEGORY))
            given = entry.get("id", number)
            ids.append(given if type(given) is int and abs(given) < 2**62 else number)
            crowd.append(bool(entry.get("iscrowd")) or bool(entry.get("ignore")))
            corners.extend(_corners(entry.get("bbox")))
            areas.append(_area(entry.get("area")))
            if kind in ("keypoints", "poses"):
                yield _keypoints(entry, least=1 if kind == "keypoints" else 0)
            else:
                yield _segmentation(entry) if kind == "boxes" else None

    packed_shapes = _packed_bytes(shapes())
    rows = pictures.rows_of(np.asarray(owners))
    boxes = np.asarray(corners).reshape(-1, 4)
    known = rows >= 0
    tally.add("objects of pictures that the file does not list were left out", file.path.name, int((~known).sum()))
    numbers = np.asarray(ids)
    faults = _fit_in_place(boxes, rows, pictures)
    keep = known & ((faults == 0) | (faults == CUT))
    if faults.any():
        tally.add_faults(faults, f"annotation {numbers[np.flatnonzero(faults)[0]]}")
    if kind in ("keypoints", "poses"):
        given = np.asarray(pc.is_valid(packed_shapes))
        if kind == "poses":
            tally.add("objects without keypoints were left out", file.path.name, int((keep & ~given).sum()))
        keep &= given
    kinds = np.asarray(categories)
    undeclared = keep & (kinds == NO_CATEGORY)
    if undeclared.any():
        where = f"annotation {numbers[np.flatnonzero(undeclared)[0]]}"
        lost = len(np.unique(rows[undeclared]))
        tally.add("pictures hold objects of undeclared categories and count as unreadable", where, lost)
    order = np.flatnonzero(keep)
    order = order[np.argsort(rows[order], kind="stable")]
    owners_of = rows[order]
    return Objects(
        starts=np.searchsorted(owners_of, np.arange(len(pictures.ids) + 1)),
        pictures=owners_of,
        categories=kinds[order],
        corners=boxes[order],
        crowd=np.asarray(crowd)[order].astype(np.bool_),
        ids=numbers[order],
        shapes=packed_shapes.take(pa.array(order)),
        areas=np.asarray(areas)[order],
    )


def _fit_in_place(boxes: NDArray[np.float64], rows: NDArray[np.int64], pictures: Pictures) -> NDArray[np.int8]:
    """Cut the boxes of pictures whose size is known; what was wrong with each, 0 where nothing is known."""
    faults = np.zeros(len(boxes), dtype=np.int8)
    for start in range(0, len(boxes), AT_A_TIME):
        part = slice(start, start + AT_A_TIME)
        sizes = pictures.sizes[rows[part].clip(min=0)]
        measured = (rows[part] >= 0) & (sizes > 0).all(axis=1)
        fitted = fit(boxes[part], sizes.astype(np.float64))
        boxes[part] = np.where(measured[:, None], fitted.corners, boxes[part])
        faults[part] = np.where(measured, fitted.faults, 0)
    return faults


def _segmentation(entry: dict[str, Any]) -> bytes | None:
    given = entry.get("segmentation")
    if not given:
        return None
    try:
        return pack(given)
    except CamsimError as error:
        return b"X" + str(error).encode()


def _area(value: Any) -> float:
    return float(value) if type(value) in (int, float) and 0 < value < math.inf else math.nan


def _keypoints(entry: dict[str, Any], least: int) -> bytes | None:
    """(K, 3) x, y, visibility; None: fewer than ``least`` are labelled, or they are no keypoints."""
    try:
        points = np.asarray(entry.get("keypoints") or [], dtype=np.float32)
    except (TypeError, ValueError):
        return None
    if points.ndim != 1 or not len(points) or len(points) % 3 or not np.isfinite(points).all():
        return None
    if (points[2::3] > 0).sum() < least:
        return None
    return points.tobytes()


def _corners(box: Any) -> tuple[float, float, float, float]:
    """COCO's x, y, width, height as corners; NaN where it is no box."""
    if isinstance(box, list) and len(box) == 4 and all(type(side) in (int, float) for side in box):
        x, y, width, height = box
        return float(x), float(y), float(x + width), float(y + height)
    return (math.nan,) * 4


def _packed_bytes(values: Iterator[bytes | None], at_a_time: int = 4096) -> pa.Array:
    chunks = []
    while chunk := list(islice(values, at_a_time)):
        chunks.append(pa.array(chunk, type=pa.large_binary()))
    return pa.concat_arrays(chunks) if chunks else pa.array([], type=pa.large_binary())


def _get(entry: Any, key: str, kind: type, where: str) -> Any:
    if not isinstance(entry, dict):
        raise CamsimError(f"{where}: must be an object, got {type(entry).__name__}")
    value = entry.get(key)
    if type(value) is not kind or (isinstance(value, int) and abs(value) >= 2**62):
        words = {int: "a whole number", str: "a text"}[kind]
        raise CamsimError(f"{where}: {key!r} must be {words}, got {value!r}")
    return value
