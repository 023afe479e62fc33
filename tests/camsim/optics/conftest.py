"""Optics for the tests, and what a laboratory would measure."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

Measure = Callable[[NDArray[np.float64]], float]

OVERSAMPLING = 4
"""Bins a pixel, as in ISO 12233."""


def slanted_edge_mtf(picture: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Frequency (cycles/pixel across the edge) and MTF of a near-vertical edge, dark on the left, after ISO 12233.

    The edge is found row by row as the centroid of the derivative under a Hamming window, a line is fitted, pixels are
    binned by their distance from it at a quarter of a pixel, and the derivative of the means is transformed. The
    factors of the binning and of the finite difference are divided out.
    """
    height, width = picture.shape
    x = np.arange(width)
    slope = np.diff(picture, axis=1)
    between = x[:-1] + 0.5
    places = (slope * np.hamming(width - 1) * between).sum(1) / (slope * np.hamming(width - 1)).sum(1)
    line = np.polyfit(np.arange(height), places, 1)
    for _ in range(2):  # again with the window on the edge
        centre = np.polyval(line, np.arange(height))[:, None]
        window = np.cos(np.pi * np.clip((between - centre) / width, -0.5, 0.5)) ** 2
        places = (slope * window * between).sum(1) / (slope * window).sum(1)
        line = np.polyfit(np.arange(height), places, 1)
    distance = (x - np.polyval(line, np.arange(height))[:, None]) / np.hypot(1, line[0])
    limit = width // 2 - 6
    bins = np.floor((distance + limit) * OVERSAMPLING).astype(int)
    inside = (bins >= 0) & (bins < 2 * limit * OVERSAMPLING)
    count = np.bincount(bins[inside], minlength=2 * limit * OVERSAMPLING)
    spread = np.bincount(bins[inside], picture[inside], minlength=2 * limit * OVERSAMPLING) / count
    line_spread = np.diff(spread)
    line_spread *= np.hamming(line_spread.size)
    frequency = np.fft.rfftfreq(line_spread.size, 1 / OVERSAMPLING)
    mtf = np.abs(np.fft.rfft(line_spread)) / line_spread.sum()
    correction = np.sinc(frequency / OVERSAMPLING) ** 2  # the bin's width, and the difference of neighbours
    keep = frequency <= 1
    return frequency[keep], mtf[keep] / correction[keep]


def mtf50(frequency: NDArray[np.float64], mtf: NDArray[np.float64]) -> float:
    """Where the MTF first falls to one half, cycles/pixel."""
    first = int(np.argmax(mtf < 0.5))
    assert first > 0
    return float(np.interp(0.5, [mtf[first], mtf[first - 1]], [frequency[first], frequency[first - 1]]))


@pytest.fixture(scope="session")
def measure_mtf50() -> Measure:
    """MTF50 of a picture of a slanted edge, cycles/pixel."""
    return lambda picture: mtf50(*slanted_edge_mtf(picture))
