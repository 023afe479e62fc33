"""The tone curve that is assumed where no camera is named."""

from __future__ import annotations

import torch
from torch import Tensor


def smoothstep(linear: Tensor) -> Tensor:
    """3 x² - 2 x³: a plain S-shaped tone curve on [0, 1]; any shape."""
    return linear**2 * (3 - 2 * linear)


def inverse_smoothstep(toned: Tensor) -> Tensor:
    """The x in [0, 1] of which `smoothstep` makes these values: 1/2 - sin(asin(1 - 2 y) / 3); any shape.

    Source: T. Brooks, B. Mildenhall, T. Xue, J. Chen, D. Sharlet, J. Barron, "Unprocessing images for learned raw
    denoising", CVPR 2019, equation 4.
    """
    return 0.5 - torch.sin(torch.asin(1 - 2 * toned.clamp(0, 1)) / 3)
