"""White-balance gains from what a picture's neutral is taken to be."""

from __future__ import annotations

from torch import Tensor

LIMIT = 16.0
"""Gains lie in [1 / 16, 16], as far as fixed ones may go."""

_DARK = 1e-6
"""A neutral below this is taken for this, so that a black picture stays black."""


def balance(rgb: Tensor, neutral: Tensor) -> Tensor:
    """Multiply each channel so that ``neutral`` becomes grey, as bright as its green.

    Args:
        rgb: (B, 3, H, W).
        neutral: (B, 3) colour of the light as each picture's own estimate has it.

    Returns:
        (B, 3, H, W). At the limits of the gains the gradient through ``neutral`` is 0; that through ``rgb`` stays.
    """
    held = neutral.clamp_min(_DARK)
    gains = (held[..., 1:2] / held).clamp(1 / LIMIT, LIMIT)
    return rgb * gains[..., None, None]
