"""Where in a picture an answer or a truth says that something is: what the report draws over it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audit.data.truth import Boxes, Depth, Keypoints, Poses
from audit.decoders.points import SURE
from audit.predictions import Detections, PixelClasses, Points

MOST_OUTLINES = 50
"""Drawn of one picture, the surest first: a crowd of lines shows nothing."""
COLOURS = ((0, 114, 178), (230, 159, 0), (0, 158, 115), (204, 121, 167), (86, 180, 233), (213, 94, 0), (240, 228, 66))
"""Told apart also by the colour-blind: Okabe and Ito, Color Universal Design, 2008. Class k has colour k modulo 7."""
VEIL = 115
"""Opacity of a mask, of 255."""


@dataclass(frozen=True)
class Outline:
    """The box of one object, in pixels."""

    left: float
    top: float
    width: float
    height: float
    name: str
    """``car 0.91``; of a truth ``car``."""
    colour: int
    """Place in `COLOURS`."""


@dataclass(frozen=True)
class Distances:
    """A number for every pixel, shown as a map beside the picture."""

    values: NDArray[np.float32]
    """(H, W); NaN: not known."""
    unit: str
    """``m``; empty: only their order and ratios mean something."""
    inverse: bool = False
    """Large where it is near."""


@dataclass(frozen=True)
class Sketch:
    """What is drawn over one picture, or beside it."""

    shape: tuple[int, int]
    """(height, width) of the picture in whose pixels it is."""
    outlines: tuple[Outline, ...] = ()
    points: tuple[tuple[float, float], ...] = ()
    """(x, y) of each."""
    veil: NDArray[np.uint8] | None = None
    """(H, W, 4) RGBA: masks of objects or classes."""
    distances: Distances | None = None


def sketch_answer(
    answer: Any, shape: tuple[int, int], named: Callable[[int], str], confidence: float = 0.0
) -> Sketch | None:
    """An answer that says where: `Detections` from a confidence on, `PixelClasses`, `Points`; else None.

    Of a class map, the class that covers most stays clear: most often the ground that all else lies on.

    Args:
        answer: of `audit.predictions`.
        shape: (height, width) of the scene in whose pixels it is.
        named: a class for people, by its index.
        confidence: of objects, below which they are not shown.
    """
    match answer:
        case Detections():
            kept = np.flatnonzero(answer.scores >= confidence)[:MOST_OUTLINES]
            names = [f"{named(int(answer.labels[place]))} {answer.scores[place]:.2f}" for place in kept]
            colours = [int(answer.labels[place]) % len(COLOURS) for place in kept]
            masks = None if answer.masks is None else [answer.masks[place] for place in kept]
            outlines, veil = _outlines(answer.corners[kept], names, colours), _of_masks(masks, colours)
            return Sketch(shape, outlines, _seen_points(answer, kept), veil)
        case PixelClasses():
            palette = np.array([(*colour, VEIL) for colour in COLOURS], dtype=np.uint8)
            veil = palette[answer.indices % len(COLOURS)]
            veil[(answer.indices < 0) | (answer.indices == _largest(answer.indices))] = 0
            return Sketch(shape, veil=veil)
        case Points():
            return Sketch(shape, points=_points(answer.points))
        case _:
            return None


def sketch_truth(truth: object, shape: tuple[int, int]) -> Sketch | None:
    """The boxes, points or depth that the data state for a scene of ``shape``; None of other truths."""
    match truth:
        case Poses():
            points = truth.points[:MOST_OUTLINES][truth.visible[:MOST_OUTLINES]]
            boxes = _outlines(truth.corners[:MOST_OUTLINES], truth.names, [0] * len(truth.names))
            return Sketch(shape, boxes, _points(points))
        case Boxes():
            return Sketch(shape, _outlines(truth.corners[:MOST_OUTLINES], truth.names, [0] * len(truth.names)))
        case Keypoints():
            return Sketch(shape, points=_points(truth.points[truth.visible]))
        case Depth():
            known = np.isfinite(truth.metres) & (truth.metres > 0)
            return Sketch(shape, distances=Distances(np.where(known, truth.metres, np.float32(np.nan)), "m"))
        case _:
            return None


def _largest(indices: NDArray[np.int32]) -> int:
    counts = np.bincount(indices[indices >= 0])
    return int(counts.argmax()) if counts.size else -1


def _outlines(corners: NDArray[np.float64], names: Any, colours: Any) -> tuple[Outline, ...]:
    rows = zip(corners.tolist(), names, colours, strict=False)
    return tuple(
        Outline(left, top, right - left, bottom - top, name, colour)
        for (left, top, right, bottom), name, colour in rows
    )


def _seen_points(found: Detections, kept: NDArray[np.intp]) -> tuple[tuple[float, float], ...]:
    """Of poses, but for points that are hardly seen."""
    if found.points is None or found.seen is None:
        return ()
    return _points(found.points[kept][~(found.seen[kept] < SURE)])


def _points(points: NDArray[np.float64]) -> tuple[tuple[float, float], ...]:
    return tuple((float(x), float(y)) for x, y in points)


def _of_masks(masks: list[NDArray[np.bool_]] | None, colours: list[int]) -> NDArray[np.uint8] | None:
    """The surest on top."""
    if not masks:
        return None
    veil = np.zeros((*masks[0].shape, 4), dtype=np.uint8)
    for mask, colour in reversed(list(zip(masks, colours, strict=True))):
        veil[mask] = (*COLOURS[colour], VEIL)
    return veil
