"""Stuck pixels: a few that give the least or the largest DN whatever the light, the same ones in every frame."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import model_validator
from torch import Tensor

from camsim.sensor.effect import Effect
from camsim.sensor.unit import chosen_pixels
from camsim.spec import Quantity, Range, Spec


def stick(dn: Tensor, low: Tensor, high: Tensor, unit: int, largest: int) -> Tensor:
    """Put 0 at a share ``low`` () of the pixels, and ``largest`` at a share ``high`` ().

    Args:
        dn: (B, 1, H, W) DN of the ADC.
        low: share of pixels stuck at 0.
        high: share of pixels stuck at ``largest``.
        unit: of the device, which fixes the pixels; see `fixed_pattern`.
        largest: DN of the ADC.

    Returns:
        (B, 1, H, W). No gradient goes to stuck pixels; those of the shares are of the mean over all units, see
        `chosen_pixels`.
    """
    size = dn.shape[-2], dn.shape[-1]
    dn = dn * (1 - chosen_pixels(low, unit, "stuck low", *size))
    return dn + (largest - dn) * chosen_pixels(high, unit, "stuck high", *size)


class StuckPixels(Spec):
    """``{low: 1.0e-5, high: 1.0e-5}``: shares of pixels that are stuck at 0 and at the largest DN."""

    low: Annotated[float, Quantity("1", 0, 1, Range(relative=0.5))] = 0.0
    """Share of pixels that give 0."""
    high: Annotated[float, Quantity("1", 0, 1, Range(relative=0.5))] = 0.0
    """Share of pixels that give the largest DN of the ADC."""

    @model_validator(mode="after")
    def _few(self) -> Self:
        if self.low + self.high > 1:
            raise ValueError(f"low and high together are {self.low + self.high:g} of the pixels, more than all")
        return self


class StuckPixelsEffect(Effect):
    """See `stick`; knobs ``low``, ``high``."""

    low: Tensor
    high: Tensor

    def forward(self, dn: Tensor, unit: int, largest: int) -> Tensor:
        """(B, 1, H, W) DN of the ADC."""
        return stick(dn, self.low, self.high, unit, largest)
