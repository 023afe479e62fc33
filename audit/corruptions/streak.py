"""Blur along a line, to one side: what is left of a picture that moved."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray


def streaked(image: NDArray[Any], radius: int, sigma: float, angle: float) -> NDArray[np.float64]:
    """Mean of copies of an image, each a pixel further along a line, the first ones weighing most.

    Args:
        image: (H, W) or (H, W, C).
        radius: 2 radius + 1 copies, as far as they overlap with the picture.
        sigma: px; the weights are the falling half of a Gaussian.
        angle: of the line, degrees.

    Returns:
        Of the image's shape; its edge is repeated where the copies have nothing.
    """
    height, width = image.shape[:2]
    steps = np.arange(2 * radius + 1)
    weights = np.exp(-(steps**2) / (2 * sigma**2))
    weights /= weights.sum()
    reach = len(steps)
    border = ((reach, reach), (reach, reach), *[(0, 0)] * (image.ndim - 2))
    padded = np.pad(image.astype(np.float64), border, mode="edge")
    total = np.zeros(image.shape)
    for step, weight in zip(steps, weights, strict=True):
        down, right = (-math.ceil(step * part - 0.5) for part in _direction(angle))
        if abs(down) >= height or abs(right) >= width:
            break
        top, left = reach - down, reach - right
        total += weight * padded[top : top + height, left : left + width]
    return total


def _direction(angle: float) -> tuple[float, float]:
    return math.sin(math.radians(angle)), math.cos(math.radians(angle))
