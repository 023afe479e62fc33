"""Colours of a mosaic by the linear estimate that is best for a stated statistics of pictures: ordinary co-kriging.

It works for any colour filter array. Colours are taken to be a brightness that they share, whose covariance falls off
as exp(-d / 20 px), and a colour of their own with a tenth of its variance; of all weights of the samples around that
reproduce even colours, those of the least expected square error are taken. Source: N. Cressie, "Statistics for spatial
data", Wiley 1993, section 3.2.3 (ordinary cokriging). The two numbers were chosen on five photographs.
"""

from __future__ import annotations

import math
from functools import cache
from typing import Annotated

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import AfterValidator
from torch import Tensor
from torch.nn import functional as F

from camsim.border import cell_pad
from camsim.cfa import spread
from camsim.spec import Triple

_LENGTH = 20.0
"""px"""
_OWN = 0.1
"""Variance of a colour by itself, relative to that of the brightness."""


def _positive(gains: Triple) -> Triple:
    if min(gains) <= 0:
        raise ValueError(f"needs gains above 0, got {list(gains)}")
    return gains


Gains = Annotated[Triple, AfterValidator(_positive)]
"""Gains under which a grey scene is grey, and colours are alike: about those of the white balance that follows."""

Across = tuple[float, float]
"""Direction along which structures run, in degrees from the row towards the column below, and the share of distances
along it that counts: distances across count in full. (0, 1): alike in all directions."""
ISOTROPIC: Across = (0.0, 1.0)


@cache
def weights(
    cell: tuple[str, ...], wanted: tuple[str, ...], radius: int, samples: str = "RGB", along: Across = ISOTROPIC
) -> NDArray[np.float64]:
    """Weights of the samples around each place of a cell.

    Args:
        cell: (p rows of p letters) what each pixel sees.
        wanted: for each place of the cell, row by row, the letters to be estimated there: the same number for all.
        radius: of the square window, px; large enough to hold all wanted letters.
        samples: the letters that are looked at.
        along: see `Across`.

    Returns:
        (number of wanted letters, p * p, 2 radius + 1, 2 radius + 1). Those on samples of the wanted letter add up to
        1, those on each other letter to 0; where the wanted letter was measured, that sample alone has a weight.
    """
    period, side = len(cell), 2 * radius + 1
    offsets = np.array([(y, x) for y in range(-radius, radius + 1) for x in range(-radius, radius + 1)])
    covariance = _covariance(offsets[:, None] - offsets[None], along)
    to_centre = _covariance(offsets, along)
    result = np.zeros((len(wanted[0]), period * period, side * side))
    for place, letters in enumerate(wanted):
        y, x = divmod(place, period)
        seen = np.array([cell[(y + dy) % period][(x + dx) % period] for dy, dx in offsets])
        used = np.flatnonzero(np.isin(seen, list(samples)))
        seen = seen[used]
        known = [letter for letter in samples if letter in seen]
        own = 1 + _OWN * (seen[:, None] == seen[None])
        means = np.stack([seen == letter for letter in known], axis=1).astype(float)
        system = np.block([[covariance[np.ix_(used, used)] * own, means], [means.T, np.zeros((len(known),) * 2)]])
        for number, letter in enumerate(letters):
            right = np.append(to_centre[used] * (1 + _OWN * (seen == letter)), [float(k == letter) for k in known])
            result[number, place, used] = np.linalg.solve(system, right)[: len(used)]
    return result.reshape(len(wanted[0]), period * period, side, side)


def _covariance(offsets: NDArray[np.int64], along: Across) -> NDArray[np.float64]:
    """(..., 2) rows and columns apart -> (...)."""
    degrees, share = along
    sine, cosine = math.sin(math.radians(degrees)), math.cos(math.radians(degrees))
    down, right = offsets[..., 0], offsets[..., 1]
    result: NDArray[np.float64] = np.exp(
        -np.hypot((cosine * right + sine * down) * share, cosine * down - sine * right) / _LENGTH
    )
    return result


def site_gains(cell: tuple[str, ...], balance: Tensor, height: int, width: int) -> Tensor:
    """The gain of each pixel's colour, 1 for those that are not R, G or B: (3,) -> (H, W)."""
    known = dict(zip("RGB", balance, strict=True))
    none = torch.ones_like(balance[0])
    gains = torch.stack([torch.stack([known.get(color, none) for color in row]) for row in cell])
    return spread(gains, height, width)


def estimate(mosaic: Tensor, cell: tuple[str, ...], weights: NDArray[np.float64]) -> Tensor:
    """Apply `weights`.

    Args:
        mosaic: (B, 1, H, W), at least one cell large.
        cell: of the mosaic.
        weights: (N, p * p, 2 r + 1, 2 r + 1), for the same cell.

    Returns:
        (B, N, H, W). Border: `cell_pad`.
    """
    count, _, side, _ = weights.shape
    period, radius = len(cell), side // 2
    height, width = mosaic.shape[-2:]
    # All places of a cell at once, each with its window moved to where it lies, for whole cells.
    kernels = np.zeros((count, period, period, side + period - 1, side + period - 1))
    for place in range(period * period):
        y, x = divmod(place, period)
        kernels[:, y, x, y : y + side, x : x + side] = weights[:, place]
    rest = (radius + -height % period, radius + -width % period)
    bank = torch.from_numpy(kernels.reshape(-1, 1, *kernels.shape[-2:])).to(mosaic)
    planes = F.conv2d(cell_pad(mosaic, cell, radius, rest), bank, stride=period)
    return F.pixel_shuffle(planes, period)[..., :height, :width]
