"""What a table says of a picture, put together when it is asked for."""

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

from audit.data.boxes import Tally, fit
from audit.data.class_table import ClassTable
from audit.data.depth_map import read_depth
from audit.data.manifest_columns import CORNERS, Layout
from audit.data.manifest_table import Rows, digest_of
from audit.data.paths import check_name, content_sha256, stay_inside
from audit.data.picture import laid_upright, read_picture
from audit.data.reader import Reader
from audit.data.truth import Boxes, Keypoints, Labels, Shape, Text, Truth, Values
from camsim.errors import CamsimError


@dataclass(frozen=True)
class PictureRows:
    """Which rows of a table belong to which picture, in the order of the pictures' first rows."""

    first: NDArray[np.int64]
    """(N,): the first row of each."""
    starts: NDArray[np.int64]
    """(N + 1,): those of picture ``n`` are ``order[starts[n] : starts[n + 1]]``."""
    order: NDArray[np.int64]

    @classmethod
    def of(cls, names: pa.Array) -> PictureRows:
        """From the picture of each row."""
        coded = names.dictionary_encode()
        codes = np.asarray(coded.indices, dtype=np.int64)  # numbered as they first occur
        order = np.argsort(codes, kind="stable")
        starts = np.searchsorted(codes[order], np.arange(len(coded.dictionary) + 1))
        return cls(order[starts[:-1]], starts, order)


@dataclass(frozen=True)
class ManifestSource:
    """Pictures of a table, by the first row of each."""

    root: Path
    real_root: Path
    reader: Reader
    rows: Rows
    layout: Layout
    index: PictureRows
    names: pa.Array
    masks: ClassTable | None

    def path(self, row: int) -> Path:
        return self._inside(self.names[row].as_py())

    def loader(self, row: int) -> Callable[[], Tensor]:
        return self.reader.of(self.path(row))

    def truth(self, row: int) -> Callable[[], Truth] | None:
        return None if self.layout.kind in ("class", None) else partial(self._truth, row)

    def digest(self, row: int) -> str:
        own = content_sha256(self.path(row))
        if self.layout.kind in ("class_map", "depth"):
            return digest_of([own, content_sha256(self._beside(int(self.index.first[row])))])
        return own

    def survey(self, tally: Tally) -> None:
        """Count what is wrong with the boxes, and pictures whose numbers cannot be read.

        Raises:
            CamsimError: a box side that is no number.
        """
        if self.layout.kind != "boxes":
            return
        for row in range(len(self.index.first)):
            which = self._rows_of(row)
            corners = self._corners(which)
            given = corners[~np.isnan(corners).all(axis=1)]
            try:
                shape = self._size(which) or read_picture(self.path(row)).upright
            except CamsimError:
                continue  # it says why when it is loaded
            tally.add_faults(fit(given, shape).faults, self.rows.where(int(which[0])))

    def _truth(self, row: int) -> Truth:
        first = int(self.index.first[row])
        path = self.path(row)
        match self.layout.kind:
            case "labels":
                return Labels(frozenset(self.rows.names_in(self.layout.label, first)))
            case "text":
                return Text(self.rows.text(self.layout.columns[0], first))
            case "values":
                return Values(self._numbers(first))
            case "boxes":
                which = self._rows_of(row)
                return laid_upright(path, self._size(which), partial(self._boxes, which))
            case "keypoints":
                return laid_upright(path, self._size(self.index.first[row : row + 1]), partial(self._keypoints, first))
            case "depth":
                depth = read_depth(self._beside(first))
                return laid_upright(path, _shape(depth.metres), lambda shape: depth)
            case "class_map" if self.masks is not None:
                classes = self.masks.read(self._beside(first))
                return laid_upright(path, _shape(classes.indices), lambda shape: classes)
            case other:
                raise TypeError(f"no truth of kind {other}")

    def _numbers(self, row: int) -> NDArray[np.float64]:
        numbers = np.array([self.rows.number(name, row) for name in self.layout.columns])
        if not np.isfinite(numbers).all():
            name = self.layout.columns[int(np.argmin(np.isfinite(numbers)))]
            raise CamsimError(f"{self.rows.where(row)}: {name} is empty or no finite number")
        return numbers

    def _rows_of(self, row: int) -> NDArray[np.int64]:
        """All rows of a picture."""
        return self.index.order[self.index.starts[row] : self.index.starts[row + 1]]

    def _corners(self, which: NDArray[np.int64]) -> NDArray[np.float64]:
        """(K, 4) left, top, right, bottom; NaN for a row without a box."""
        sides = [[self.rows.number(name, int(row)) for name in self.layout.columns] for row in which]
        corners = np.array(sides, dtype=np.float64).reshape(-1, 4)
        if self.layout.columns == CORNERS[2]:
            corners[:, 2:] += corners[:, :2]
        return corners

    def _boxes(self, which: NDArray[np.int64], shape: Shape) -> Boxes:
        corners = self._corners(which)
        fitted = fit(corners, shape)
        kept = fitted.kept
        rows = which[kept]
        label = self.layout.label
        names = tuple(self.rows.texts(label, rows)) if label else ("object",) * len(rows)
        crowd = [self.rows.number(self.layout.crowd, int(row)) > 0 if self.layout.crowd else False for row in rows]
        return Boxes(fitted.corners[kept], names, np.array(crowd, dtype=np.bool_), shape)

    def _keypoints(self, row: int, shape: Shape) -> Keypoints:
        points = np.array([self.rows.number(name, row) for name in self.layout.columns]).reshape(-1, 2)
        visible = np.isfinite(points).all(axis=1)
        if not visible.any():
            raise CamsimError(f"{self.rows.where(row)}: none of its points is given")
        if "extent" in self.rows.names:
            extent = self.rows.number("extent", row)
        else:
            extent = math.hypot(*np.ptp(points[visible], axis=0))
        if not extent > 0:
            raise CamsimError(f"{self.rows.where(row)}: extent, the size of the object in pixels, must be above 0")
        return Keypoints(np.where(visible[:, None], points, 0.0), visible, extent, shape)

    def _size(self, which: NDArray[np.int64]) -> Shape | None:
        if self.layout.size is None:
            return None
        width, height = (self.rows.number(name, int(which[0])) for name in self.layout.size)
        return (int(height), int(width)) if height >= 1 and width >= 1 else None

    def _beside(self, row: int) -> Path:
        """The mask or depth map of a row."""
        return self._inside(check_name(self.rows.text(self.layout.columns[0], row), self.rows.where(row)))

    def _inside(self, name: str) -> Path:
        path = self.root / name
        stay_inside(path, self.real_root)
        return path


def _shape(image: NDArray[np.generic]) -> Shape:
    height, width = image.shape
    return height, width
