"""Dual conversion gain: the charge of one exposure read twice, with a small and with a large capacitance."""

from __future__ import annotations

from typing import Annotated, Literal

from torch import Tensor

from camsim.sensor.hdr.readings import HdrEffect, HdrSpec, Photodiode, Reading
from camsim.spec import Quantity, Range


class DualConversionGain(HdrSpec):
    """``{kind: dual_conversion_gain, gain: 0.25, read_noise: 4.0, bits: 16}``.

    The sensor's ``system_gain`` and ``read_noise`` are those of the high gain, which is read first. Both readings see
    the same electrons: shot noise is common to them.
    """

    kind: Literal["dual_conversion_gain"] = "dual_conversion_gain"
    gain: Annotated[float, Quantity("1", 1e-4, 1, Range(relative=0.02))]
    """The low conversion gain over the high one."""
    read_noise: Annotated[float, Quantity("e-", 0, 1e4, Range(relative=0.3))]
    """Of the reading at low gain, rms."""

    def light_gains(self) -> tuple[float, ...]:
        return (1.0, self.gain)

    def read_gains(self) -> tuple[float, ...]:
        return (1.0, self.gain)

    def wells(self, full_well: float) -> tuple[float, ...]:
        return (full_well, full_well)


class DualConversionGainEffect(HdrEffect):
    """See `DualConversionGain`; knobs ``gain`` and ``read_noise``."""

    gain: Tensor
    read_noise: Tensor

    def photodiodes(self, full_well: Tensor) -> list[Photodiode]:
        return [Photodiode(full_well.new_ones(()), full_well)]

    def readings(self, read_noise: Tensor) -> list[Reading]:
        return [Reading(0, read_noise.new_ones(()), read_noise), Reading(0, self.gain, self.read_noise)]
