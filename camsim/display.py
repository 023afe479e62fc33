"""Display values as they are stored."""

from __future__ import annotations

from torch import Tensor


def eight_bit(encoded: Tensor) -> Tensor:
    """Levels 0 ... 255 of display values limited to [0, 1], by true rounding (half to even); any shape, as floats."""
    return (encoded.clamp(0, 1) * 255).round()
