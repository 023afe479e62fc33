"""What a dataset says is in an image, apart from a class name: boxes, masks, points, numbers, words.

Pixel coordinates are continuous: the pixel in row i and column j covers [j, j + 1) x [i, i + 1), and (x, y) is
(column, row). ``shape`` is (height, width) of the image that they were drawn on; `resized` takes them to another size
of the same picture, since scenes are reduced before capture.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Literal, TypeVar

import numpy as np
from numpy.typing import NDArray

Shape = tuple[int, int]
"""(height, width) in pixels."""

TruthKind = Literal["class", "labels", "boxes", "class_map", "values", "keypoints", "poses", "depth", "text"]
"""*class*: one class name a sample, in `Sample.target`; each of the others is a class of this file."""


@dataclass(frozen=True)
class Labels:
    """Any number of classes."""

    names: frozenset[str]

    def resized(self, shape: Shape) -> Labels:
        return self


@dataclass(frozen=True)
class Boxes:
    """K objects."""

    corners: NDArray[np.float64]
    """(K, 4): left, top, right, bottom."""
    names: tuple[str, ...]
    """Class of each."""
    crowd: NDArray[np.bool_]
    """(K,): a region of many, which counts neither as found nor as missed (COCO's iscrowd, VOC's difficult)."""
    shape: Shape
    masks: tuple[NDArray[np.bool_], ...] | None = None
    """(H, W) of each object, for instance segmentation."""

    def resized(self, shape: Shape) -> Boxes:
        down, across = shape[0] / self.shape[0], shape[1] / self.shape[1]
        masks = None if self.masks is None else tuple(_nearest(mask, shape) for mask in self.masks)
        return replace(self, corners=self.corners * [across, down, across, down], shape=shape, masks=masks)


@dataclass(frozen=True)
class Poses(Boxes):
    """K objects with P named points each."""

    points: NDArray[np.float64] = field(kw_only=True)
    """(K, P, 2): x, y."""
    visible: NDArray[np.bool_] = field(kw_only=True)
    """(K, P): the others are not labelled."""
    areas: NDArray[np.float64] = field(kw_only=True)
    """(K,) square pixels that the object itself covers."""

    def resized(self, shape: Shape) -> Poses:
        down, across = shape[0] / self.shape[0], shape[1] / self.shape[1]
        corners = self.corners * [across, down, across, down]
        points, areas = self.points * [across, down], self.areas * (down * across)
        return replace(self, corners=corners, points=points, areas=areas, shape=shape)


@dataclass(frozen=True)
class ClassMap:
    """A class for every pixel."""

    indices: NDArray[np.int32]
    """(H, W), into the dataset's class names; -1: does not count."""

    def resized(self, shape: Shape) -> ClassMap:
        return ClassMap(_nearest(self.indices, shape))


@dataclass(frozen=True)
class Values:
    """Numbers to predict."""

    numbers: NDArray[np.float64]
    """(D,)."""

    def resized(self, shape: Shape) -> Values:
        return self


@dataclass(frozen=True)
class Keypoints:
    """Named points of one object."""

    points: NDArray[np.float64]
    """(K, 2): x, y."""
    visible: NDArray[np.bool_]
    """(K,): the others are not labelled."""
    extent: float
    """Size of the object in pixels, what distances are compared with: the diagonal of its box."""
    shape: Shape

    def resized(self, shape: Shape) -> Keypoints:
        down, across = shape[0] / self.shape[0], shape[1] / self.shape[1]
        return replace(
            self, points=self.points * [across, down], extent=self.extent * (down * across) ** 0.5, shape=shape
        )


@dataclass(frozen=True)
class Depth:
    """A distance for every pixel."""

    metres: NDArray[np.float32]
    """(H, W); NaN: not known."""

    def resized(self, shape: Shape) -> Depth:
        return Depth(_nearest(self.metres, shape))


@dataclass(frozen=True)
class Text:
    """What is written there."""

    text: str

    def resized(self, shape: Shape) -> Text:
        return self


Truth = Labels | Boxes | ClassMap | Values | Keypoints | Depth | Text


T = TypeVar("T", bound=np.generic)


def _nearest(values: NDArray[T], shape: Shape) -> NDArray[T]:
    if values.shape == shape:
        return values
    rows, columns = ((np.arange(new) + 0.5) * old / new for new, old in zip(shape, values.shape, strict=True))
    taken: NDArray[T] = values[rows.astype(np.intp)[:, None], columns.astype(np.intp)]
    return taken
