"""OpenCV's INTER_AREA on 8-bit pictures, to the bit.

Where both sides shrink, each new pixel is the mean of the old ones that it covers, partly covered ones in proportion:
summed across, then down, in single precision, one product after the other (opencv/modules/imgproc/src/resize.cpp:
computeResizeAreaTab, ResizeArea_Invoker); by whole factors, of whole sums (resizeAreaFast_). Where a side grows, it is
INTER_LINEAR with other weights, along both sides. Checked against OpenCV 4.14 and 5.0.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from audit.models.onnx_graph.straight import straight_through
from audit.models.opencv import ONE, Line, weighed, weighed_tensor

EPSILON = float(np.finfo(np.float64).eps)
SLIVER = 1e-3
"""px; a pixel that is covered by less is not looked at."""


@dataclass(frozen=True)
class _Cover:
    """Which old pixels a line of new ones covers, (taps, new): in the order in which they are summed."""

    places: NDArray[np.intp]
    shares: NDArray[np.float32]
    """0 where a new pixel has fewer taps than others."""


def resize_area(image: NDArray[np.uint8], height: int, width: int) -> NDArray[np.uint8]:
    """``cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA)``; image (H, W, C)."""
    old = (image.shape[0], image.shape[1])
    if _grows(old, (height, width)):
        return weighed(image, _grown(old[0], height), _grown(old[1], width))
    factors = _whole(old, (height, width))
    if factors is not None:
        blocks = image.reshape(height, factors[0], width, factors[1], -1)
        sums: NDArray[np.int32] = blocks.sum(axis=(1, 3), dtype=np.int32)
        mean = (sums + 2) >> 2 if factors == (2, 2) else np.rint(sums.astype(np.float32) * _one_of(factors))
        return np.asarray(mean, dtype=np.uint8)
    across, down = _cover(old[1], width), _cover(old[0], height)
    lines = np.zeros((old[0], width, image.shape[2]), np.float32)
    for place, share in zip(across.places, across.shares, strict=True):
        lines += image[:, place] * share[:, None]
    found = np.zeros((height, width, image.shape[2]), np.float32)
    for place, share in zip(down.places, down.shares, strict=True):
        found += lines[place] * share[:, None, None]
    return np.clip(np.rint(found), 0, 255).astype(np.uint8)


def resize_area_tensor(levels: Tensor, height: int, width: int) -> Tensor:
    """The same of whole numbers 0..255 (B, C, H, W), float64; backward, nothing is rounded."""
    old = (int(levels.shape[2]), int(levels.shape[3]))
    if _grows(old, (height, width)):
        return weighed_tensor(levels, _grown(old[0], height), _grown(old[1], width))
    factors = _whole(old, (height, width))
    if factors is not None:
        sums = levels.reshape(*levels.shape[:2], height, factors[0], width, factors[1]).sum((3, 5))
        if factors == (2, 2):
            return straight_through((sums + 2) / 4, torch.floor)
        return straight_through(_single(sums * float(_one_of(factors))), torch.round)
    lines = _covered(levels, _cover(old[1], width), 3)
    found = _covered(lines, _cover(old[0], height), 2)
    return straight_through(found, torch.round).clamp(0, 255)


def _covered(levels: Tensor, cover: _Cover, axis: int) -> Tensor:
    """Sums along one axis, float64, each product and each sum rounded as OpenCV's single precision does."""
    places, shares = torch.from_numpy(cover.places), torch.from_numpy(cover.shares).double()
    if axis == 2:
        shares = shares[:, :, None]
    total = _single(levels.index_select(axis, places[0]) * shares[0])
    for place, share in zip(places[1:], shares[1:], strict=True):
        total = _single(total + _single(levels.index_select(axis, place) * share))
    return total


def _single(values: Tensor) -> Tensor:
    return straight_through(values, lambda x: x.float().double())


def _grows(old: tuple[int, int], new: tuple[int, int]) -> bool:
    return any(_scale(*sides) < 1 for sides in zip(old, new, strict=True))


def _scale(old: int, new: int) -> float:
    """Old pixels a new one, as OpenCV rounds it."""
    return 1 / (new / old)


def _whole(old: tuple[int, int], new: tuple[int, int]) -> tuple[int, int] | None:
    """Factors by which both sides shrink, where they are whole."""
    down, across = (_scale(*sides) for sides in zip(old, new, strict=True))
    factors = (round(down), round(across))
    return factors if abs(down - factors[0]) < EPSILON and abs(across - factors[1]) < EPSILON else None


def _one_of(factors: tuple[int, int]) -> np.float32:
    return np.float32(1) / np.float32(factors[0] * factors[1])


@lru_cache(maxsize=32)
def _cover(old: int, new: int) -> _Cover:
    scale = _scale(old, new)
    taps: list[list[tuple[int, float]]] = []
    for place in range(new):
        start = place * scale
        end = start + scale
        width = min(scale, old - start)
        last = min(math.floor(end), old - 1)
        first = min(math.ceil(start), last)
        found = [(first - 1, (first - start) / width)] if first - start > SLIVER else []
        found += [(inner, 1 / width) for inner in range(first, last)]
        found += [(last, min(end - last, 1.0, width) / width)] if end - last > SLIVER else []
        taps.append(found)
    most = max(map(len, taps))
    padded = np.array([found + [(0, 0.0)] * (most - len(found)) for found in taps])
    return _Cover(padded[..., 0].T.astype(np.intp).copy(), padded[..., 1].T.astype(np.float32).copy())


@lru_cache(maxsize=32)
def _grown(old: int, new: int) -> Line:
    inverse = new / old
    places = np.arange(new)
    first = np.floor(places * (1 / inverse)).astype(np.intp)
    part = ((places + 1) - (first + 1) * inverse).astype(np.float32)
    part = np.where(part <= 0, np.float32(0), part - np.floor(part))
    part[first >= old - 1] = 0
    weights = (np.rint((np.float32(1) - part) * ONE), np.rint(part * ONE))
    first = np.clip(first, 0, old - 1)
    return Line(first, np.clip(first + 1, 0, old - 1), *(weight.astype(np.int32) for weight in weights))
