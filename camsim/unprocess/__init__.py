"""An ordinary display image back to an estimate of the scene."""

from __future__ import annotations

from functools import cache

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from camsim.unprocess.highlights import extrapolate_highlights, preserve_highlights
from camsim.unprocess.source import SourceCamera, source_camera
from camsim.unprocess.spec import Unprocess
from camsim.unprocess.srgb import linearize
from camsim.unprocess.tone import inverse_smoothstep, smoothstep

__all__ = [
    "SourceCamera",
    "Unprocess",
    "extrapolate_highlights",
    "from_display",
    "inverse_smoothstep",
    "linearize",
    "preserve_highlights",
    "smoothstep",
    "source_camera",
    "unprocess",
]

DEFAULT = Unprocess()
"""The sRGB curve and nothing else."""


def unprocess(image: Tensor, how: Unprocess = DEFAULT) -> Tensor:
    """Display values to linear light, 1.0 = diffuse white.

    Args:
        image: (B, 3, H, W) sRGB in [0, 1].
        how: what is assumed of the camera that the picture is from; by default nothing, so that only the sRGB encoding
            is undone (IEC 61966-2-1, inverse of the OETF).

    Returns:
        (B, 3, H, W) linear light, sRGB primaries.

    Raises:
        ValueError: values outside [0, 1] or another shape.
        CamsimError: the source camera cannot be undone.

    What it cannot undo by default: the first camera's tone curve, sharpening, noise, clipped highlights and JPEG stay
    in the scene. The reference profile gets the same scene, so they are common to all that is compared. What else
    can be assumed, and what remains then: docs/from-picture-to-scene.md.
    """
    return how.scene(image)


def from_display(image: object, how: Unprocess = DEFAULT) -> Tensor:
    """An sRGB image (H, W, 3) uint8 as an estimate of the scene: (3, H, W) float32 linear light."""
    levels = torch.as_tensor(image).permute(2, 0, 1)
    if how.is_default and levels.dtype is torch.uint8:
        # By table, and so the same for a pixel wherever it lies: torch's powers differ in the last bit in the last few
        # pixels of an image. With its default mode, NumPy would copy the indices to check them; none is above 255.
        return torch.from_numpy(np.take(_light_of_levels(), levels.numpy(), mode="clip"))
    return unprocess(levels[None].to(torch.float32) / 255, how)[0]


@cache
def _light_of_levels() -> NDArray[np.float32]:
    """(256,): linear light of each of the 256 levels."""
    grey = (torch.arange(256, dtype=torch.float32) / 255).expand(1, 3, 1, -1)
    light: NDArray[np.float32] = linearize(grey)[0, 0, 0].numpy().copy()
    return light
