"""Analogue-to-digital conversion."""

from __future__ import annotations

from torch import Tensor


def quantize(dn: Tensor, bit_depth: int) -> Tensor:
    """Round to whole DN and limit to [0, 2^bit_depth - 1]; any shape.

    Rounding is true (half to even) forward and straight-through backward; the limits have their true gradient,
    0 outside them.
    """
    limited = dn.clamp(0, 2**bit_depth - 1)
    return limited + (limited.round() - limited).detach()
