"""Split pixels: a large photodiode beside small ones, or several exposures, each with conversions of its own."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, Strict, model_validator
from torch import Tensor

from camsim.sensor.hdr.readings import HdrEffect, HdrSpec, Photodiode, Reading
from camsim.spec import Quantity, Range

MAX_READINGS = 8

Numbers = Annotated[tuple[float, ...], Strict(False), Field(min_length=1, max_length=MAX_READINGS)]


class SplitPixel(HdrSpec):
    """``{kind: split_pixel, sensitivity: [0.1], full_well: [60000], gain: [0.25, 1.0], read_noise: [4.0, 1.0],
    photodiode: [0, 1], bits: 20}``.

    The sensor's ``system_gain``, ``full_well`` and ``read_noise`` are those of the first reading of the first
    photodiode; these lists are of the others. Exposures one after another count as photodiodes: ``sensitivity`` is then
    the ratio of their times. Each collects its own electrons with shot noise of its own; PRNU, DSNU and dark current
    are the same for all.
    """

    kind: Literal["split_pixel"] = "split_pixel"
    sensitivity: Annotated[Numbers, Quantity("1", 1e-6, 1, Range(relative=0.02))]
    """Of each further photodiode: e- for each that the first one collects."""
    full_well: Annotated[Numbers, Quantity("e-", 1, 1e8, Range(relative=0.05))]
    """Of each further photodiode."""
    gain: Annotated[Numbers, Quantity("1", 1e-4, 1e3, Range(relative=0.02))]
    """Of each further reading: its conversion gain over that of the first."""
    read_noise: Annotated[Numbers, Quantity("e-", 0, 1e4, Range(relative=0.3))]
    """Of each further reading, rms."""
    photodiode: Annotated[tuple[int, ...], Strict(False)] | None = None
    """Which photodiode each further reading is of, 0 being the first; None: 1, 2, ..., one reading each."""

    @model_validator(mode="after")
    def _lengths(self) -> Self:
        if len(self.full_well) != len(self.sensitivity):
            raise ValueError(
                f"full_well has {len(self.full_well)} numbers, sensitivity {len(self.sensitivity)}: one each for every "
                "further photodiode"
            )
        places = self.places()
        for name, count in (("read_noise", len(self.read_noise)), ("photodiode", len(places))):
            if count != len(self.gain):
                raise ValueError(
                    f"{name} has {count} numbers, gain {len(self.gain)}: one each for every further reading"
                )
        if set(places) | {0} != set(range(len(self.sensitivity) + 1)):
            raise ValueError(
                f"photodiode must name each of 0 to {len(self.sensitivity)} that is read, got {list(places)}"
            )
        return self

    def places(self) -> tuple[int, ...]:
        """The photodiode of each further reading."""
        return tuple(range(1, len(self.sensitivity) + 1)) if self.photodiode is None else self.photodiode

    def light_gains(self) -> tuple[float, ...]:
        seen = (1.0, *self.sensitivity)
        return (1.0, *(gain * seen[place] for gain, place in zip(self.gain, self.places(), strict=True)))

    def read_gains(self) -> tuple[float, ...]:
        return (1.0, *self.gain)

    def wells(self, full_well: float) -> tuple[float, ...]:
        held = (full_well, *self.full_well)
        return (full_well, *(held[place] for place in self.places()))


class SplitPixelEffect(HdrEffect):
    """See `SplitPixel`; knobs ``sensitivity``, ``full_well``, ``gain``, ``read_noise``."""

    sensitivity: Tensor
    full_well: Tensor
    gain: Tensor
    read_noise: Tensor

    def __init__(self, spec: SplitPixel, bit_depth: int, word_bits: int) -> None:
        super().__init__(spec, bit_depth, word_bits)
        self.places = spec.places()

    def photodiodes(self, full_well: Tensor) -> list[Photodiode]:
        others = zip(self.sensitivity, self.full_well, strict=True)
        return [Photodiode(full_well.new_ones(()), full_well), *(Photodiode(*pair) for pair in others)]

    def readings(self, read_noise: Tensor) -> list[Reading]:
        others = zip(self.places, self.gain, self.read_noise, strict=True)
        return [Reading(0, read_noise.new_ones(()), read_noise), *(Reading(*one) for one in others)]
