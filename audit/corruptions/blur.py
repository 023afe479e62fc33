"""Blur: out of focus, through frosted glass, moving, and zooming."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numpy.random import Generator
from numpy.typing import NDArray
from scipy.ndimage import correlate1d
from scipy.signal import oaconvolve
from skimage.filters import gaussian

from audit.corruptions.corruption import Picture, shown
from audit.corruptions.streak import streaked
from audit.corruptions.zoom import zoomed

DEFOCUS = ((3, 0.1), (4, 0.5), (6, 0.5), (8, 0.5), (10, 0.5))
"""Radius of the disk and sigma of its edge, px."""
GLASS = ((0.7, 1, 2), (0.9, 2, 1), (1.0, 2, 3), (1.1, 3, 2), (1.5, 4, 2))
"""Sigma, px; how far pixels stray, px; how often."""
MOTION = ((10, 3.0), (15, 5.0), (15, 8.0), (15, 12.0), (20, 15.0))
"""Radius and sigma, px."""
ZOOM = ((1.11, 0.01), (1.16, 0.01), (1.21, 0.02), (1.26, 0.02), (1.31, 0.03))
"""Where the factors end, and their step."""


def defocus_blur(picture: Picture, severity: int, random: Generator) -> NDArray[Any]:
    """Every point becomes a disk."""
    kernel = _disk(*DEFOCUS[severity - 1])
    reach = len(kernel) // 2
    padded = np.pad(picture / 255, ((reach, reach), (reach, reach), (0, 0)), mode="reflect")
    blurred: NDArray[Any] = oaconvolve(padded, kernel[..., None], mode="valid", axes=(0, 1))
    return shown(blurred)


def glass_blur(picture: Picture, severity: int, random: Generator) -> NDArray[Any]:
    """Blurred, its pixels strewn about, blurred again."""
    sigma, stray, times = GLASS[severity - 1]
    strewn = (_gaussian(picture, sigma) * 255).astype(np.uint8)
    height, width = picture.shape[:2]
    moves = random.integers(-stray, stray, size=(times, height - 2 * stray, width - 2 * stray, 2))
    _strew(strewn, moves, stray)
    return shown(_gaussian(strewn, sigma))


def motion_blur(picture: Picture, severity: int, random: Generator) -> NDArray[Any]:
    """The camera moved, along a line within 45 degrees of the horizontal."""
    radius, sigma = MOTION[severity - 1]
    return shown(streaked(picture, radius, sigma, random.uniform(-45, 45)) / 255)


def zoom_blur(picture: Picture, severity: int, random: Generator) -> NDArray[Any]:
    """The camera came closer: the mean of the picture at several sizes."""
    end, step = ZOOM[severity - 1]
    image = (picture / 255).astype(np.float32)
    layers = [zoomed(image, factor) for factor in np.arange(1, end, step)]
    return shown((image + np.sum(layers, axis=0)) / (len(layers) + 1))


def _gaussian(picture: Picture, sigma: float) -> NDArray[np.float64]:
    blurred: NDArray[np.float64] = gaussian(picture / 255, sigma=sigma, channel_axis=-1)  # type: ignore[no-untyped-call]
    return blurred


def _disk(radius: int, sigma: float) -> NDArray[np.float32]:
    """(2 r + 1, 2 r + 1) with r >= 8: an even disk whose edge is smoothed over 3 or 5 pixels."""
    line = np.arange(-max(radius, 8), max(radius, 8) + 1)
    disk = (line[:, None] ** 2 + line**2 <= radius**2).astype(np.float32)
    disk /= disk.sum()
    taps = np.arange(3) - 1 if radius <= 8 else np.arange(5) - 2
    weights = np.exp(-(taps**2) / (2 * sigma**2))
    weights /= weights.sum()
    smooth: NDArray[np.float32] = correlate1d(correlate1d(disk, weights, 0, mode="mirror"), weights, 1, mode="mirror")
    return smooth


@njit(nogil=True)  # type: ignore[untyped-decorator]
def _strew(image: Picture, moves: NDArray[np.int64], stray: int) -> None:
    """In place, from the bottom right: each pixel takes the value of a neighbour.

    (N, H - 2 stray, W - 2 stray, 2) moves: right, down. The published sets are made so: the code that made them means
    to swap the two, but swaps views of one array, so that the neighbour keeps its value.
    """
    height, width = image.shape[0], image.shape[1]
    for again in range(moves.shape[0]):
        for row in range(height - 2 * stray):
            for column in range(width - 2 * stray):
                y, x = height - stray - row, width - stray - column
                right, down = moves[again, row, column]
                for channel in range(image.shape[2]):
                    image[y, x, channel] = image[y + down, x + right, channel]
