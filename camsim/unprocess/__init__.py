"""An ordinary display image back to an estimate of the scene."""

from __future__ import annotations

import torch
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
    encoded = torch.as_tensor(image).permute(2, 0, 1).to(torch.float32) / 255
    return unprocess(encoded[None], how)[0]
