"""ADC nonlinearity: codes that do not lie on a straight line (integral), and steps of unequal width (differential)."""

from __future__ import annotations

import math
from typing import Annotated

import torch
from pydantic import Field
from torch import Tensor

from camsim.sensor.draws import standard_normal
from camsim.sensor.effect import Effect
from camsim.sensor.random import noise_keys
from camsim.spec import Quantity, Range, Spec

_HALF = 0.49
S_PEAK = math.sqrt(3) / 18
"""Of x (1 - x) (1 - 2x)."""


def bend(dn: Tensor, bow: Tensor, s_bend: Tensor, ripple: Tensor, periods: int, largest: int) -> Tensor:
    """DN + INL(DN / largest), with INL(x) = bow · 4x(1-x) + s_bend · x(1-x)(1-2x) / 0.0962 + ripple · sin(2π n x).

    0 and ``largest`` stay what they are, so this is the INL of the end-point fit (IEEE Std 1241). Beyond them there is
    none.

    Args:
        dn: any shape, before rounding.
        bow: () largest deviation of the even part, DN.
        s_bend: () largest deviation of the odd part, DN.
        ripple: () amplitude of the periodic part, DN.
        periods: n, of the ripple over the range.
        largest: DN of the ADC.

    Returns:
        The same shape. It is smooth between 0 and ``largest``, with its true gradient.
    """
    x = (dn / largest).clamp(0, 1)
    even, odd = 4 * x * (1 - x), x * (1 - x) * (1 - 2 * x) / S_PEAK
    return dn + bow * even + s_bend * odd + ripple * torch.sin(2 * math.pi * periods * x)


def uneven_steps(dn: Tensor, dnl: Tensor, table: Tensor) -> Tensor:
    """DN whose rounding has steps of unequal width: the threshold below each code is moved by dnl / sqrt(2) · g.

    A step lies between two thresholds, so its width has the standard deviation ``dnl``. Thresholds move by less than
    half a DN, so that codes stay in order and none is lost.

    Args:
        dn: any shape, before rounding.
        dnl: () standard deviation of the steps' widths, DN.
        table: (codes + 1,) g, standard normal, for the threshold below each code and above the last.

    Returns:
        The same shape, to be rounded. The gradient of ``dnl`` is that of the threshold next to each value; the one of
        ``dn`` is 1.
    """
    above = (dn.detach().floor().clamp(0, table.numel() - 2) + 1).long()
    return dn - (dnl / math.sqrt(2) * table[above]).clamp(-_HALF, _HALF)


def step_table(bit_depth: int) -> Tensor:
    """The g of `uneven_steps`, the same for all units: (2^bit_depth + 1,) float64 on the CPU."""
    return standard_normal(noise_keys(0, [0], "dnl"), 1, 2**bit_depth + 1).double().flatten()


class AdcNonlinearity(Spec):
    """``{bow: 3.0, s_bend: 1.0, ripple: 0.5, ripple_periods: 16, dnl: 0.1}``: codes that are not on a line."""

    bow: Annotated[float, Quantity("DN", -4096, 4096, Range(relative=0.5))] = 0.0
    """At the middle of the range, where this part of the deviation is largest."""
    s_bend: Annotated[float, Quantity("DN", -4096, 4096, Range(relative=0.5))] = 0.0
    """Largest deviation of the part that is positive in the lower half and negative in the upper."""
    ripple: Annotated[float, Quantity("DN", -4096, 4096, Range(relative=0.5))] = 0.0
    """Amplitude of a sine, as converters of several stages have it."""
    ripple_periods: Annotated[int, Field(ge=1, le=4096)] = 16
    """Of that sine, from 0 to the largest DN."""

    dnl: Annotated[float | None, Quantity("DN", 0, 0.2, Range(relative=0.5))] = None
    """Standard deviation of the widths of the steps around 1 DN; the same steps in every unit."""

    def steepest(self, bit_depth: int) -> float:
        """An upper limit of how far the slope of the converter is from 1; from 1 on, DN might fall as light rises."""
        sine = 2 * math.pi * self.ripple_periods * abs(self.ripple)
        slopes = 4 * abs(self.bow) + abs(self.s_bend) / S_PEAK + sine
        return float(slopes / (2**bit_depth - 1))


class AdcNonlinearityEffect(Effect):
    """See `bend` and `uneven_steps`; knobs ``bow``, ``s_bend``, ``ripple``, ``dnl``."""

    bow: Tensor
    s_bend: Tensor
    ripple: Tensor
    dnl: Tensor | None
    table: Tensor | None

    def __init__(self, spec: AdcNonlinearity, bit_depth: int) -> None:
        super().__init__(spec)
        self.periods, self.largest = spec.ripple_periods, 2**bit_depth - 1
        self.register_buffer("table", None if spec.dnl is None else step_table(bit_depth), persistent=False)

    def forward(self, dn: Tensor) -> Tensor:
        """DN before rounding, any shape."""
        dn = bend(dn, self.bow, self.s_bend, self.ripple, self.periods, self.largest)
        return dn if self.dnl is None or self.table is None else uneven_steps(dn, self.dnl, self.table)
