"""A point spread function as it was measured, or as a lens design program computes it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Annotated

import torch
from pydantic import Field, Strict, model_validator
from torch import Tensor

from camsim.spec import Model

MAX_SIDE = 129
"""Samples along a side of a spot."""

Row = Annotated[tuple[Annotated[float, Field(ge=0, le=1e30)], ...], Strict(False)]
Spot = Annotated[tuple[Row, ...], Strict(False)]


def spot_otf(x: Tensor, y: Tensor, samples: Tensor, pitch: float, scale: Tensor) -> Tensor:
    """Σ s(u, v) exp(-2πi (x u + y v)) / Σ s: the transform of a spot that is known at points a pitch apart.

    Args:
        x: (1, W) cycles/um, to the right.
        y: (H, 1) cycles/um, downwards.
        samples: (N, M) intensity in any unit, row by row; the middle one, or the middle between two, is the axis.
        pitch: um from one sample to the next.
        scale: () by which the spot is larger than measured.

    Returns:
        (H, W) complex, 1 at frequency 0. Beyond half a cycle a sample nothing is known, and it is 0. Source: J. W.
        Goodman, "Introduction to Fourier Optics", chapter 6.2 (the OTF is the transform of the intensity spot).
    """
    phases = []
    for frequency, count in ((y, samples.shape[0]), (x, samples.shape[1])):
        places = torch.arange(count, dtype=torch.float64, device=samples.device) - (count - 1) / 2
        angle = -2 * math.pi * scale * frequency.reshape(-1, 1) * places * pitch
        known = (scale * frequency.abs() * pitch <= 0.5 + 1e-9).reshape(-1, 1)
        phases.append(torch.polar(torch.ones_like(angle), angle) * known)
    down, right = phases
    return down @ (samples / samples.sum()).to(down.dtype) @ right.T


class MeasuredSpot(Model):
    """``{pitch: 0.5, samples: [[..], ..]}``: intensity, row by row, seen from the front of the sensor.

    ``samples`` holds one spot for all colours, or ``red``, ``green`` and ``blue`` one each. It stands for lens and
    pixel together if it was measured with the sensor, else for the lens alone: then ``fill_factor`` adds the pixel. It
    is taken for the same all over the picture.
    """

    pitch: Annotated[float, Field(gt=0, le=1000)]
    """um, from one sample to the next; at most the sensor's ``pixel_pitch``, since the picture asks for frequencies up
    to half a cycle a pixel."""
    samples: Spot | None = None
    red: Spot | None = None
    green: Spot | None = None
    blue: Spot | None = None

    @model_validator(mode="after")
    def _spots(self) -> MeasuredSpot:
        colors = (self.red, self.green, self.blue)
        if (self.samples is None) == all(spot is None for spot in colors):
            raise ValueError("needs either samples, or red, green and blue")
        if self.samples is None and any(spot is None for spot in colors):
            raise ValueError("needs all of red, green and blue, or samples for all colours")
        for name in ("samples", "red", "green", "blue"):
            _check(name, getattr(self, name))
        return self

    def spots(self) -> tuple[Spot, Spot, Spot]:
        """Of R, G and B."""
        red, green, blue = (own or self.samples for own in (self.red, self.green, self.blue))
        assert red is not None
        assert green is not None
        assert blue is not None
        return red, green, blue


def _check(name: str, spot: Sequence[Sequence[float]] | None) -> None:
    if spot is None:
        return
    sides = (len(spot), max(map(len, spot), default=0))
    if min(sides) < 1 or max(sides) > MAX_SIDE or any(len(row) != sides[1] for row in spot):
        raise ValueError(f"{name} must be rows of equal length, 1 to {MAX_SIDE} by 1 to {MAX_SIDE} numbers")
    if not any(any(row) for row in spot):
        raise ValueError(f"{name} is dark everywhere; one sample at least must be above 0")
