"""Generated test charts: scenes in linear light whose content is known exactly.

Reflectances are those of a chart lit so that a perfect diffuser is 1.0. Where a chart has two tones they are
0.09 and 0.36: a contrast of 4:1 about the 18 % grey of photography, low enough that no camera's tone curve
clips them.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Mapping
from functools import cache

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

SIZE = 384
"""Sides of the square charts, px."""
DARK, LIGHT = 0.09, 0.36
_SUBPIXELS = 8
"""Each pixel is the mean of 8x8 points of the chart."""


@cache
def slanted_edge(angle: float = 5.0) -> Tensor:
    """Two tones that meet in a straight edge through the middle, dark on the left: (3, 384, 384).

    ``angle`` in degrees from the vertical, turning clockwise. 5 degrees and a contrast of 4:1 are those of
    the e-SFR feature of ISO 12233:2014.
    """
    slope = math.radians(angle)
    cos, sin = math.cos(slope), math.sin(slope)
    return _grey(_supersample(lambda y, x: np.where(x * cos + y * sin > 0, LIGHT, DARK)))


@cache
def siemens_star(cycles: int = 72) -> Tensor:
    """A sinusoidal Siemens star on grey, its reflectance between 0.09 and 0.36: (3, 384, 384).

    The radius is 182 px. ISO 12233:2014 (s-SFR) uses sinusoidal stars of 144 or 72 cycles. Inside the radius
    at which a cycle falls below two pixels (23 px for 72 cycles) it is the mean grey, for pixels could not
    hold what is there.
    """
    mean, amplitude = (LIGHT + DARK) / 2, (LIGHT - DARK) / 2
    outer, inner = SIZE / 2 - 10, cycles / math.pi

    def star(y: NDArray[np.float64], x: NDArray[np.float64]) -> NDArray[np.float64]:
        radius = np.hypot(y, x)
        pattern = mean + amplitude * np.cos(cycles * np.arctan2(y, x))
        return np.where((radius > inner) & (radius < outer), pattern, mean)

    return _grey(_supersample(star))


@cache
def dead_leaves(seed: int = 0) -> Tensor:
    """Discs of random size and colour that hide one another: (3, 384, 384), its power spectrum near that of
    nature.

    Radii r from 1.5 to 96 px with density proportional to r^-3, which makes the statistics scale invariant
    between these limits; each of R, G, B is uniform in [0.09, 0.36], the contrast of CPIQ's texture charts.
    Sources: Lee, Mumford and Huang, "Occlusion models for natural images", IJCV 41 (2001); Cao, Guichard and
    Hornung, "Measuring texture sharpness of a digital camera", Proc. SPIE 7250 (2009).
    """
    fine = 4  # subpixels a side
    side, smallest, largest = SIZE * fine, 1.5 * fine, 96.0 * fine
    random = np.random.default_rng(seed)
    canvas = np.zeros((side, side, 3), dtype=np.float32)
    bare = np.ones((side, side), dtype=bool)
    left = bare.size
    # From the front to the back: a disc colours only what nothing hides, until nothing is bare. What is seen is then an
    # exact draw from the model (Kendall and Thönnes, "Perfect simulation in stochastic geometry", 1999).
    while left:
        u, v, w, *color = random.random(6)
        radius = (smallest**-2 - u * (smallest**-2 - largest**-2)) ** -0.5  # the distribution function inverted
        y, x = (position * (side + 2 * largest) - largest for position in (v, w))
        rows, columns = (
            slice(max(0, math.ceil(c - radius)), max(0, min(side, math.floor(c + radius) + 1))) for c in (y, x)
        )
        dy = np.arange(rows.start, rows.stop) - y
        dx = np.arange(columns.start, columns.stop) - x
        seen = bare[rows, columns] & (dy[:, None] ** 2 + dx**2 <= radius**2)
        canvas[rows, columns][seen] = DARK + (LIGHT - DARK) * np.array(color, dtype=np.float32)
        bare[rows, columns] &= ~seen
        left -= int(np.count_nonzero(seen))
    blocks = canvas.reshape(SIZE, fine, SIZE, fine, 3).mean(axis=(1, 3))
    return torch.from_numpy(blocks).permute(2, 0, 1).contiguous()


@cache
def color_checker() -> Tensor:
    """The 24 patches of a ColorChecker Classic in their usual order, 6 across, on black: (3, 256, 384).

    Patches of 56 px, 64 px apart. Colours: X-Rite's data for charts made after November 2014, from
    colour-science, brought from their D50 to D65 by Bradford adaptation and to linear sRGB. Cyan lies outside
    sRGB; its red, -0.044, is set to 0.
    """
    colors = color_checker_patches().astype(np.float32)
    chart = np.full((4 * 64, 6 * 64, 3), 0.015, dtype=np.float32)  # the frame is not specified; a matt black
    for index, color in enumerate(colors):
        top, left = 64 * (index // 6) + 4, 64 * (index % 6) + 4
        chart[top : top + 56, left : left + 56] = color
    return torch.from_numpy(chart).permute(2, 0, 1).contiguous()


def color_checker_patches() -> NDArray[np.float64]:
    """Linear sRGB of the 24 patches, (24, 3), clipped at 0."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns that Matplotlib, which it needs for plots only, is missing
        import colour
    checker = colour.CCS_COLOURCHECKERS["ColorChecker24 - After November 2014"]
    xyz = colour.xyY_to_XYZ(np.stack(list(checker.data.values())))
    rgb = colour.XYZ_to_sRGB(
        xyz, checker.illuminant, chromatic_adaptation_transform="Bradford", apply_cctf_encoding=False
    )
    return np.maximum(np.asarray(rgb, dtype=np.float64), 0)


CHARTS: Mapping[str, Callable[[], Tensor]] = {
    "color-checker": color_checker,
    "dead-leaves": dead_leaves,
    "siemens-star": siemens_star,
    "slanted-edge": slanted_edge,
}


def _supersample(
    chart: Callable[[NDArray[np.float64], NDArray[np.float64]], NDArray[np.float64]],
) -> NDArray[np.float64]:
    """Mean over 8x8 points in each pixel of a chart given by coordinates (y, x) in px from the centre: (SIZE,
    SIZE)."""
    centres = np.arange(SIZE) - (SIZE - 1) / 2
    offsets = (np.arange(_SUBPIXELS) + 0.5) / _SUBPIXELS - 0.5
    total = np.zeros((SIZE, SIZE))
    for dy in offsets:
        for dx in offsets:
            total += chart((centres + dy)[:, None], (centres + dx)[None, :])
    return total / _SUBPIXELS**2


def _grey(values: NDArray[np.float64]) -> Tensor:
    return torch.from_numpy(values.astype(np.float32)).expand(3, -1, -1).contiguous()
