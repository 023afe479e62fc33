"""The default: nothing is known of the camera, so only the sRGB curve is undone."""

from __future__ import annotations

from kornia.color import rgb_to_linear_rgb
from torch import Tensor


def linearize(image: Tensor) -> Tensor:
    """Display values to linear light: the inverse of the sRGB OETF, without checks, so that it can be traced and
    exported.

    Args:
        image: (B, 3, H, W) or (3, H, W) sRGB in [0, 1].

    Returns:
        Same shape, linear light, sRGB primaries, 1.0 where the picture is white. Source: IEC 61966-2-1.
    """
    return rgb_to_linear_rgb(image)
