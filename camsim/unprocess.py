"""An ordinary display image back to an estimate of the scene."""

from __future__ import annotations

import torch
from kornia.color import rgb_to_linear_rgb
from torch import Tensor


def unprocess(image: Tensor) -> Tensor:
    """Undo the sRGB encoding: display values to linear light, 1.0 = diffuse white.

    Args:
        image: (B, 3, H, W) sRGB in [0, 1].

    Returns:
        (B, 3, H, W) linear light, sRGB primaries. Source: IEC 61966-2-1, inverse of the OETF.

    Raises:
        ValueError: values outside [0, 1] or another shape.

    What it cannot undo: the first camera's tone curve, sharpening, noise, clipped highlights and JPEG stay in the
    scene. The reference profile gets the same scene, so they are common to all that is compared.
    """
    if image.ndim != 4 or image.shape[1] != 3:
        raise ValueError(f"needs an image of shape (B, 3, H, W), got {tuple(image.shape)}")
    low, high = image.min().item(), image.max().item()
    if not (low >= 0 and high <= 1):
        raise ValueError(f"needs display values in [0, 1], got [{low:g}, {high:g}]; divide 8-bit values by 255")
    return linearize(image)


def linearize(image: Tensor) -> Tensor:
    """The formula of `unprocess` without its checks, so that it can be traced and exported."""
    return rgb_to_linear_rgb(image)


def from_display(image: object) -> Tensor:
    """An sRGB image (H, W, 3) uint8 as an estimate of the scene: (3, H, W) float32 linear light."""
    encoded = torch.as_tensor(image).permute(2, 0, 1).to(torch.float32) / 255
    return unprocess(encoded[None])[0]
