"""Pillow's resizing as numbers: which pixels, with which weights, each new pixel is made of.

Pillow computes them in double precision, rounds them to 1/2^22, and resizes across, then down (from Pillow 13 on, tall
images down first), rounding to 8 bits each time (libImaging/Resample.c, Geometry.c). With the same integers in the same
order, the same pixels come out to the bit.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from audit.models.preprocess import Filter

ONE = 1 << 22
"""What the weights of one new pixel sum to, about."""


def _box(x: float) -> float:
    return 1.0 if -0.5 < x <= 0.5 else 0.0


def _triangle(x: float) -> float:
    return max(0.0, 1.0 - abs(x))


def _cubic(x: float) -> float:
    """Keys' kernel with a = -0.5."""
    x = abs(x)
    if x < 1:
        return (1.5 * x - 2.5) * x * x + 1
    return (((x - 5) * x + 8) * x - 4) * -0.5 if x < 2 else 0.0


def _lanczos(x: float) -> float:
    """Three lobes."""

    def sinc(y: float) -> float:
        return 1.0 if y == 0 else math.sin(y * math.pi) / (y * math.pi)

    return sinc(x) * sinc(x / 3) if -3 <= x < 3 else 0.0


_KERNELS: dict[Filter, tuple[Callable[[float], float], float]] = {
    "box": (_box, 0.5),
    "bilinear": (_triangle, 1.0),
    "bicubic": (_cubic, 2.0),
    "lanczos": (_lanczos, 3.0),
}
"""Each filter's kernel and how far it reaches."""


@lru_cache(maxsize=32)
def resize_weights(old: int, new: int, method: Filter) -> NDArray[np.float64]:
    """Weights (new, old), whole numbers in 1/2^22, that take a line of ``old`` pixels to ``new``.

    Shrinking widens the kernel by the same factor, which is the antialiasing. For *nearest*, each row has one weight.
    """
    if method == "nearest":
        return _nearest(old, new)
    kernel, reach = _KERNELS[method]
    step = old / new
    wider = max(step, 1.0)
    reach *= wider
    weights = np.zeros((new, old))
    for row in range(new):
        center = (row + 0.5) * step
        first, last = max(0, int(center - reach + 0.5)), min(old, int(center + reach + 0.5))
        values = [kernel((column - center + 0.5) * (1.0 / wider)) for column in range(first, last)]
        total = sum(values)
        scaled = [(value / total if total else value) * ONE for value in values]
        weights[row, first:last] = np.trunc(np.array(scaled) + np.copysign(0.5, scaled))
    weights.flags.writeable = False  # shared by all who ask
    return weights


def _nearest(old: int, new: int) -> NDArray[np.float64]:
    step = old / new
    # Pillow adds up the steps, rounding as it goes.
    places = np.cumsum(np.concatenate([[step * 0.5], np.full(new - 1, step)]))
    weights = np.zeros((new, old))
    rows = np.nonzero(places < old)[0]
    weights[rows, places[rows].astype(np.int64)] = ONE
    weights.flags.writeable = False
    return weights


def down_first(old: tuple[int, int], new: tuple[int, int], method: Filter) -> bool:
    """Whether the height is resized before the width; sizes are (height, width)."""
    taller, wider = old[0] - new[0], old[1] - new[1]
    return method != "nearest" and taller > 0 and taller > 2 * wider and _pillow_begins_with_the_height()


@lru_cache(maxsize=1)
def _pillow_begins_with_the_height() -> bool:
    """Ask Pillow: the mean of this picture is 1/4, which rounds to 0, but across first 1/2 rounds to 1 twice."""
    picture = np.array([[0, 1], [1, 0], [0, 0], [0, 0]], dtype=np.uint8)
    return not np.asarray(Image.fromarray(picture).resize((1, 1), Image.Resampling.BOX)).any()
