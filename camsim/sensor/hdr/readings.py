"""What all kinds of HDR sensor have in common: photodiodes, their readings, and the code made of these."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

import torch
from pydantic import Field
from torch import Tensor

from camsim.cfa import per_site
from camsim.sensor.adc import quantize
from camsim.sensor.effect import Effect
from camsim.sensor.hdr.companding import Companding, compand
from camsim.sensor.hdr.merge import merge_readings
from camsim.spec import Spec

MAX_BITS = 24
"""Of the linear code: float32 holds no larger whole numbers exactly."""


@dataclass(frozen=True)
class Photodiode:
    """Something that collects charge: a photodiode of the pixel, or one of several exposures."""

    sensitivity: Tensor
    """() e- for each that the first one collects."""
    full_well: Tensor
    """() e-."""


@dataclass(frozen=True)
class Reading:
    """One conversion of the charge of a photodiode."""

    photodiode: int
    gain: Tensor
    """() conversion gain over that of the first reading."""
    read_noise: Tensor
    """() e- rms."""


class HdrSpec(Spec):
    """The fields of every kind; see `merge_readings` for how the readings become one."""

    bits: Annotated[int, Field(ge=9, le=MAX_BITS)]
    """Of the linear code. One DN of it is one of the first reading, and it has the same black level; the sensor's
    ``white_level`` is a DN of this code."""
    trusted: Annotated[float, Field(gt=0, le=1)] = 0.9
    """Share of the ADC's range up to which a reading counts."""
    blend: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """Share of the ADC's range, below ``trusted``, over which a reading gives way to the next; 0: all at once."""
    companding: Companding | None = None
    """None: the linear code itself is written."""

    def light_gains(self) -> tuple[float, ...]:
        """DN for the same light of each reading, over those of the first: 1, then falling."""
        raise NotImplementedError

    def wells(self, full_well: float) -> tuple[float, ...]:
        """e- that each reading's photodiode holds."""
        raise NotImplementedError

    def read_gains(self) -> tuple[float, ...]:
        """Conversion gain of each reading, over that of the first."""
        raise NotImplementedError

    def written(self, code: float) -> float:
        """What a linear DN is in the file, before rounding."""
        if self.companding is None:
            return code
        knees = (torch.tensor(dn, dtype=torch.float64) for dn in (self.companding.linear, self.companding.companded))
        return float(compand(torch.tensor(code, dtype=torch.float64), *knees))

    def problem(self, bit_depth: int, word_bits: int, black: float, gain: float, full_well: float) -> str | None:
        """What does not fit together with the rest of the sensor.

        Args:
            bit_depth: of the ADC.
            word_bits: of the file's words.
            black: DN, the highest of the sites.
            gain: DN/e- of the first reading.
            full_well: e- of the first photodiode.
        """
        if self.bits < bit_depth:
            return f"bits is {self.bits}, less than bit_depth {bit_depth}, that of a reading"
        steps = self.light_gains()
        if any(after >= before for before, after in itertools.pairwise(steps)):
            shown = ", ".join(f"{step:.4g}" for step in steps)
            return f"readings must go from the most to the least sensitive, gain x sensitivity: got {shown}"
        largest = 2**word_bits - 1
        if self.written(2**self.bits - 1) > largest:
            return (
                f"a code of {self.bits} bits comes to {self.written(2**self.bits - 1):.0f} DN, but the file's words of "
                f"{word_bits} bits end at {largest}; add companding, or a container with more bits"
            )
        if self.blend >= self.trusted:
            return f"blend is {self.blend:g}, which leaves nothing of trusted, {self.trusted:g}"
        end = black + self.trusted * (2**bit_depth - 1 - black)
        for number, (well, own) in enumerate(zip(self.wells(full_well), self.read_gains(), strict=True)):
            if number < len(steps) - 1 and black + gain * own * well <= end:
                return (
                    f"reading {number + 1} of {len(steps)} ends at {black + gain * own * well:.0f} DN, where its "
                    f"photodiode is full, so it never comes to trusted, {end:.0f} DN; lower trusted"
                )
        return None


class HdrEffect(Effect):
    """The readings of one kind of HDR sensor, with its knobs."""

    linear: Tensor | None
    companded: Tensor | None

    def __init__(self, spec: HdrSpec, bit_depth: int, word_bits: int) -> None:
        super().__init__(spec)
        self.bit_depth, self.word_bits = bit_depth, word_bits
        self.bits, self.trusted, self.blend = spec.bits, spec.trusted, spec.blend
        knees = spec.companding
        self.register_buffer("linear", None if knees is None else torch.tensor(knees.linear, dtype=torch.float64))
        self.register_buffer("companded", None if knees is None else torch.tensor(knees.companded, dtype=torch.float64))

    def photodiodes(self, full_well: Tensor) -> list[Photodiode]:
        """All of them, given the e- that the first one holds."""
        raise NotImplementedError

    def readings(self, read_noise: Tensor) -> list[Reading]:
        """All of them from the most to the least sensitive, given the e- rms of the first one."""
        raise NotImplementedError

    def light_gains(self, full_well: Tensor, read_noise: Tensor) -> list[Tensor]:
        """DN for the same light of each reading, over those of the first."""
        diodes = self.photodiodes(full_well)
        return [reading.gain * diodes[reading.photodiode].sensitivity for reading in self.readings(read_noise)]

    def thresholds(self, black: Tensor) -> tuple[Tensor, Tensor | None]:
        """Up to which DN a reading counts, and over how many it gives way to the next; see `merge_readings`.

        Args:
            black: DN of the black level, any shape.
        """
        span = 2**self.bit_depth - 1 - black
        return black + self.trusted * span, self.blend * span if self.blend else None

    def pieces(self) -> Tensor:
        """Where each piece of the companding begins, its value there, and its slope: (N, 3); N = 0 without."""
        if self.linear is None or self.companded is None:
            return torch.zeros(0, 3, device="cpu")
        slopes = self.companded.diff() / self.linear.diff()
        return torch.stack([self.linear[:-1], self.companded[:-1], slopes], dim=1)

    def written(self, readings: Sequence[Tensor], gains: Sequence[Tensor], black_level: Tensor) -> Tensor:
        """The readings as one code, as it is written.

        Args:
            readings: each (B, 1, H, W) DN of the ADC, with its pedestal.
            gains: `light_gains`. The camera is taken to know them: its readings agree but for noise and rounding.
            black_level: (4,) DN for each site.

        Returns:
            (B, 1, H, W) DN of the file, rounded twice: linear code, companded code. Straight through backward.
        """
        black = per_site(black_level, readings[0].shape[-2], readings[0].shape[-1])
        signals = [(reading - black) / gain for reading, gain in zip(readings, gains, strict=True)]
        merged = merge_readings(readings, signals, *self.thresholds(black))
        code = quantize(merged + black, self.bits)
        if self.linear is None or self.companded is None:
            return code
        return quantize(compand(code, self.linear, self.companded), self.word_bits)
