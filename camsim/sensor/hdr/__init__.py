"""HDR sensors: several readings of the same light, merged into one code, perhaps companded."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from camsim.sensor.hdr.companding import Companding, compand
from camsim.sensor.hdr.dual_conversion_gain import DualConversionGain, DualConversionGainEffect
from camsim.sensor.hdr.merge import merge_readings
from camsim.sensor.hdr.readings import HdrEffect, HdrSpec
from camsim.sensor.hdr.split_pixel import SplitPixel, SplitPixelEffect

Hdr = Annotated[DualConversionGain | SplitPixel, Field(discriminator="kind")]


def hdr_effect(spec: DualConversionGain | SplitPixel, bit_depth: int, word_bits: int) -> HdrEffect:
    """The module of a spec, for an ADC and words of so many bits."""
    if isinstance(spec, DualConversionGain):
        return DualConversionGainEffect(spec, bit_depth, word_bits)
    return SplitPixelEffect(spec, bit_depth, word_bits)


__all__ = [
    "Companding",
    "DualConversionGain",
    "Hdr",
    "HdrEffect",
    "HdrSpec",
    "SplitPixel",
    "compand",
    "hdr_effect",
    "merge_readings",
]
