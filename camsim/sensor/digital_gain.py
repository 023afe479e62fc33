"""Digital gain: a multiplication of what the ADC has made, pedestal apart."""

from __future__ import annotations

from torch import Tensor

from camsim.cfa import per_site
from camsim.sensor.adc import quantize


def digital_gain(dn: Tensor, gain: Tensor, black_level: Tensor, bit_depth: int) -> Tensor:
    """black + gain · (DN - black), rounded to whole DN and limited to [0, 2^bit_depth - 1].

    It brightens without new information: the steps between DN grow, and highlights are cut off at the largest DN.

    Args:
        dn: (B, 1, H, W) whole DN.
        gain: ().
        black_level: (4,) DN for each CFA site, row by row.
        bit_depth: of the words.

    Returns:
        (B, 1, H, W) DN. Rounding is straight-through backward, as in `quantize`.
    """
    pedestal = per_site(black_level, dn.shape[-2], dn.shape[-1])
    return quantize(pedestal + gain * (dn - pedestal), bit_depth)
