"""Hot pixels: a few whose dark current is far above that of the rest, the same ones in every frame of a unit."""

from __future__ import annotations

from typing import Annotated

import torch
from torch import Tensor

from camsim.sensor.effect import Effect
from camsim.sensor.unit import chosen_pixels, fixed_pattern
from camsim.spec import Quantity, Range, Spec


def hot_rates(fraction: Tensor, median: Tensor, spread: Tensor, unit: int, height: int, width: int) -> Tensor:
    """What the dark current of each pixel has beyond that of the rest, e-/s: 0 but for a few.

    Which pixels are hot, and how much, is fixed for the unit; with a larger ``fraction``, more pixels join those that
    were hot already. The rates of the hot ones are log-normal.

    Args:
        fraction: () share of hot pixels.
        median: () of their rates, e-/s.
        spread: () standard deviation of the rates' natural logarithm.
        unit: of the device; see `fixed_pattern`.
        height: of the frame, px.
        width: of the frame, px.

    Returns:
        (1, 1, height, width). The gradient of ``fraction`` is that of the mean over all units, see `chosen_pixels`; the
        others are the true ones.
    """
    strength = median * torch.exp(spread * fixed_pattern(unit, "hot strength", height, width).to(spread))
    return chosen_pixels(fraction, unit, "hot pixels", height, width) * strength


class HotPixels(Spec):
    """``{fraction: 1.0e-4, median: 200, spread: 1.0}``: needs ``exposure_time``; warmth acts as on dark current."""

    fraction: Annotated[float, Quantity("1", 0, 1, Range(relative=0.5))]
    """Share of the pixels that are hot."""
    median: Annotated[float, Quantity("e-/s", 0, 1e7, Range(relative=0.5))]
    """Of a hot pixel's dark current beyond that of the others, at ``reference_temperature`` where that is given."""
    spread: Annotated[float, Quantity("1", 0, 4, Range(relative=0.3))] = 1.0
    """Standard deviation of the natural logarithm of these currents, which are log-normal."""


class HotPixelsEffect(Effect):
    """See `hot_rates`; knobs ``fraction``, ``median``, ``spread``."""

    fraction: Tensor
    median: Tensor
    spread: Tensor

    def forward(self, unit: int, height: int, width: int) -> Tensor:
        """(1, 1, H, W) e-/s at the reference temperature."""
        return hot_rates(self.fraction, self.median, self.spread, unit, height, width)
