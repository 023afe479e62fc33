"""The guided filter itself, shared by denoising and local tone mapping."""

from __future__ import annotations

from torch import Tensor
from torch.nn.functional import avg_pool2d

from camsim.border import mirror_pad


def guided_filter(planes: Tensor, guide: Tensor, eps: Tensor, radius: int) -> Tensor:
    """mean(a) · guide + mean(b), where a · guide + b fits the planes best in each window, a held down by eps.

    Args:
        planes: (B, C, H, W).
        guide: (B, C, H, W) or (B, 1, H, W).
        eps: () variance of the guide, within a window, that is taken for noise.
        radius: of the window, pixels on each side of the centre.

    Returns:
        (B, C, H, W), same as kornia.filters.guided_blur. Source: K. He, J. Sun, X. Tang, "Guided image filtering",
        ECCV 2010.
    """
    extended, guiding = mirror_pad(planes, 2 * radius), mirror_pad(guide, 2 * radius)
    of_planes, of_guide = _box(extended, radius), _box(guiding, radius)
    a = (_box(guiding * extended, radius) - of_guide * of_planes) / (
        _box(guiding.square(), radius) - of_guide.square() + eps
    )
    b = of_planes - a * of_guide
    return _box(a, radius) * guide + _box(b, radius)


def _box(planes: Tensor, radius: int) -> Tensor:
    """Mean over each whole window; smaller by 2 · radius each way."""
    side = 2 * radius + 1
    return avg_pool2d(avg_pool2d(planes, (side, 1), stride=1), (1, side), stride=1)
