"""What is done about highlights, which the first camera has cut off."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor

Highlights = Literal["clip", "preserve", "extrapolate"]
PRESERVED_FROM = 0.9
"""t of the paper."""


def preserve_highlights(balanced: Tensor, gains: Tensor, threshold: float = PRESERVED_FROM) -> Tensor:
    """Take white balance gains off again, but leave what is white at white.

    f = max(x / g, (1 - a) x / g + a x) with a = (max(m - t, 0) / (1 - t))² and m the mean of R, G and B: below the
    threshold x / g, at white x itself. The plain division would turn a saturated pixel into a dim coloured one, which
    no saturated sensor gives.

    Args:
        balanced: (B, 3, H, W) camera RGB after white balance, 1.0 where the sensor saturates.
        gains: (3,).
        threshold: t, where it begins.

    Returns:
        (B, 3, H, W) camera RGB before white balance. Source: T. Brooks et al., "Unprocessing images for learned raw
        denoising", CVPR 2019, section 3.2; m in place of x in a as in the code that the authors published.
    """
    divided = balanced / gains[:, None, None]
    grey = balanced.mean(dim=-3, keepdim=True).clamp_max(1)
    share = ((grey - threshold).clamp_min(0) / (1 - threshold)) ** 2
    return torch.maximum(divided, (1 - share) * divided + share * balanced)


def extrapolate_highlights(scene: Tensor, white: Tensor, threshold: float, maximum: float) -> Tensor:
    """Make light of what is nearly white brighter than white: an invention, for scenes that need highlights.

    With m the largest of R, G and B relative to ``white``: m above the threshold t becomes m + (maximum - 1) a²,
    a = (m - t) / (1 - t), which begins smoothly and reaches ``maximum`` at white. Colours keep their ratios. Nobody
    knows how bright a clipped highlight was; this only keeps it from being the dullest possible.

    Args:
        scene: (B, 3, H, W) linear light.
        white: (3,) what display white is in it.
        threshold: t in (0, 1).
        maximum: at least 1.

    Returns:
        (B, 3, H, W).
    """
    brightest = (scene / white[:, None, None]).amax(dim=-3, keepdim=True)
    above = ((brightest - threshold) / (1 - threshold)).clamp(0, 1)
    return scene * (1 + (maximum - 1) * above**2 / brightest.clamp_min(threshold))
