"""Which detections find which objects: COCO's rules, picture by picture, with the overlaps that pycocotools gives."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pycocotools import mask as rle

from audit.tasks.matching_kernel import match_greedily

Mask = NDArray[np.bool_]
Size = Literal["all", "small", "medium", "large"]

IOUS: tuple[float, ...] = tuple(np.linspace(0.5, 0.95, 10).tolist())
"""COCO's thresholds on the intersection over union; an overlap of exactly that counts."""
SIZES: dict[Size, tuple[float, float]] = {
    "all": (0.0, 1e10),
    "small": (0.0, 32.0**2),
    "medium": (32.0**2, 96.0**2),
    "large": (96.0**2, 1e10),
}
"""COCO's ranges of an object's area in square pixels, both ends included."""


@dataclass(frozen=True)
class Regions:
    """K boxes or masks of one picture."""

    labels: NDArray[np.int64]
    """(K,)."""
    shapes: NDArray[np.float64] | list[dict[str, Any]]
    """What pycocotools compares: (K, 4) left, top, width, height; or masks, run-length encoded."""
    areas: NDArray[np.float64]
    """(K,) square pixels."""

    def __len__(self) -> int:
        return len(self.labels)

    def compared(self, objects: Regions, crowd: NDArray[np.bool_]) -> NDArray[np.float64]:
        """Intersection over union (K, G) with G objects; of a crowd, the share of the detection that it covers."""
        return np.asarray(rle.iou(self.shapes, objects.shapes, crowd.astype(int).tolist()), dtype=np.float64)

    def where(self, chosen: NDArray[np.bool_]) -> Regions:
        """Some of them."""
        return self.at(np.flatnonzero(chosen))

    def at(self, places: NDArray[np.intp]) -> Regions:
        """Those at these places, in this order."""
        shapes = [self.shapes[place] for place in places] if isinstance(self.shapes, list) else self.shapes[places]
        return Regions(self.labels[places], shapes, self.areas[places])


def boxes(labels: NDArray[np.int64], corners: NDArray[np.float64]) -> Regions:
    """Of (K, 4) left, top, right, bottom."""
    sizes = corners[:, 2:] - corners[:, :2]
    return Regions(labels, np.concatenate([corners[:, :2], sizes], axis=1), sizes.prod(axis=1))


def masks(labels: NDArray[np.int64], pixels: Sequence[Mask]) -> Regions:
    """Of (H, W) each."""
    shapes = [rle.encode(np.asfortranarray(mask, dtype=np.uint8)) for mask in pixels]
    areas = np.array([rle.area(shape) for shape in shapes], dtype=np.float64)
    return Regions(labels, shapes, areas)


def overlaps(detections: Regions, objects: Regions, crowd: NDArray[np.bool_]) -> NDArray[np.float64]:
    """How far detections are objects (K, G), whatever the classes; see `Regions.compared`."""
    if not len(detections) or not len(objects):
        return np.zeros((len(detections), len(objects)))
    return detections.compared(objects, crowd)


@dataclass(frozen=True)
class Matches:
    """K detections, class by class, the surest of a class first; for S sizes and T thresholds."""

    labels: NDArray[np.int64]
    """(K,)."""
    scores: NDArray[np.float64]
    """(K,)."""
    found: NDArray[np.bool_]
    """(S, T, K): it overlaps with an object of its class that no surer one has taken."""
    ignored: NDArray[np.bool_]
    """(S, T, K): it counts neither as right nor as wrong: it lies on a crowd, or on an object of another size; or it
    lies on none and is itself of another size."""


def match(
    detections: Regions,
    scores: NDArray[np.float64],
    objects: Regions,
    crowd: NDArray[np.bool_],
    ious: Sequence[float] = IOUS,
    sizes: Sequence[Size] = tuple(SIZES),
    many: NDArray[np.bool_] | None = None,
) -> Matches:
    """Match detections with objects of their class, the surest first, each with the object that it overlaps most.

    Any number of detections may lie on a crowd, with the share of the detection that it covers as their overlap.

    Args:
        detections: K.
        scores: (K,).
        objects: G.
        crowd: (G,): what lies on it is ignored.
        ious: T thresholds.
        sizes: S ranges.
        many: (G,): of the crowd, what any number of detections may lie on; None: all of it.
    """
    order = np.lexsort((np.arange(len(detections)), -scores, detections.labels))
    ordered, thresholds = detections.at(order), np.asarray(ious)
    labels = ordered.labels
    outside = np.array([_outside(ordered, SIZES[size]) for size in sizes])
    found = np.zeros((len(sizes), len(ious), len(order)), dtype=np.bool_)
    # Where a class has no object, nothing is found, and what has another size is ignored.
    ignored = np.repeat(outside[:, None], len(ious), axis=1)
    for label in np.unique(objects.labels):
        start, stop = np.searchsorted(labels, [label, label + 1])
        places = np.flatnonzero(objects.labels == label)
        wanted, spared = objects.at(places), crowd[places]
        shared = spared if many is None else many[places]
        ignorable = np.array([_outside(wanted, SIZES[size]) | spared for size in sizes])
        mine = overlaps(ordered.at(np.arange(start, stop)), wanted, shared)
        part = np.ascontiguousarray(outside[:, start:stop])
        found[:, :, start:stop], ignored[:, :, start:stop] = match_greedily(mine, shared, ignorable, part, thresholds)
    return Matches(labels, scores[order], found & ~ignored, ignored)


def _outside(regions: Regions, limits: tuple[float, float]) -> NDArray[np.bool_]:
    return np.asarray((regions.areas < limits[0]) | (regions.areas > limits[1]), dtype=np.bool_)


def size_bits(areas: NDArray[np.float64]) -> NDArray[np.int64]:
    """(G,): bit s is set where an object belongs to size s, in the order of `SIZES`; on a border to both."""
    inside = [(areas >= low) & (areas <= high) for low, high in SIZES.values()]
    bits = [belongs.astype(np.int64) << bit for bit, belongs in enumerate(inside)]
    return np.asarray(np.sum(bits, axis=0), dtype=np.int64)
