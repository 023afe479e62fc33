"""EMVA 1288, spatial non-uniformity: DSNU and PRNU from stacks of frames."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Nonuniformity:
    """What differs from pixel to pixel, freed of what is left of the temporal noise. Variances in DN^2.

    A variance that is zero in truth comes out negative half of the time.
    """

    mean: float
    """DN."""
    temporal: float
    """Mean variance of a pixel over the stack."""
    frames: int
    total: float
    """s_y^2."""
    row: float
    column: float
    pixel: float


def nonuniformity(stack: NDArray[Any]) -> Nonuniformity:
    """Evaluate (L, H, W) frames of the same light in DN, L >= 2; see `nonuniformity_of_sums`."""
    whole = stack.astype(np.float64)
    return nonuniformity_of_sums(whole.sum(0), (whole**2).sum(0), len(stack))


def nonuniformity_of_sums(total: NDArray[Any], squares: NDArray[Any], frames: int) -> Nonuniformity:
    """Evaluate the sum and the sum of squares of a stack of frames.

    Args:
        total: (H, W) sum of DN.
        squares: (H, W) sum of DN^2.
        frames: in the sums, L.

    Returns:
        The spatial variance of the mean frame less 1/L of the temporal variance, as a whole and split into rows,
        columns and the rest. Source: EMVA Standard 1288 release 4.0 Linear.

    Raises:
        ValueError: fewer than two frames.
    """
    if frames < 2:
        raise ValueError(f"needs a stack of at least 2 frames, got {frames}")
    height, width = total.shape
    average = total.astype(np.float64) / frames
    temporal = float(((squares.astype(np.float64) - frames * average**2) / (frames - 1)).mean())
    mean = average.mean()
    whole = float(average.var(ddof=1)) - temporal / frames
    columns = float(((average.mean(0) - mean) ** 2).mean()) - temporal / (frames * height)
    rows = float(((average.mean(1) - mean) ** 2).mean()) - temporal / (frames * width)
    pixels = height * width
    rest = pixels - height - width
    return Nonuniformity(
        mean=float(mean),
        temporal=temporal,
        frames=frames,
        total=whole,
        row=(pixels - width) / rest * rows - height / rest * (whole - columns),
        column=(pixels - height) / rest * columns - width / rest * (whole - rows),
        pixel=pixels / rest * (whole - columns - rows),
    )


def dsnu(dark: float, system_gain: float) -> float:
    """DSNU1288, e-: from the spatial variance in the dark, DN^2, and K, DN/e-; 0 where that is not positive."""
    return float(np.sqrt(max(dark, 0.0)) / system_gain)


def prnu(bright: Nonuniformity, dark: Nonuniformity) -> float:
    """PRNU1288, %: from stacks at half of saturation and in the dark; 0 where nothing is left."""
    return float(100 * np.sqrt(max(bright.total - dark.total, 0.0)) / (bright.mean - dark.mean))
