"""Rolling shutter: rows are exposed one after another, so that flickering light bands and what moves is skewed."""

from __future__ import annotations

import math
from typing import Annotated, Self

import torch
from pydantic import Strict, model_validator
from torch import Tensor

from camsim.resample import Interpolation, resample
from camsim.sensor.effect import Effect
from camsim.spec import Quantity, Range, Spec

Velocity = Annotated[tuple[float, float], Strict(False)]


def flicker_gain(start: Tensor, duration: Tensor, frequency: Tensor, depth: Tensor, phase: Tensor) -> Tensor:
    """Mean over an exposure of light that varies as 1 + depth · cos 2π (frequency · t + phase).

    Args:
        start: (...) s, of the exposure.
        duration: () s.
        frequency: () Hz.
        depth: () 0 for steady light, 1 for light that goes out in each period.
        phase: (...) periods.

    Returns:
        (...), the closed form 1 + depth · sinc(frequency · duration) · cos 2π (frequency · middle + phase),
        with sinc x = sin πx / πx. Exposures of whole periods see no flicker.
    """
    turns = frequency * (start + duration / 2) + phase
    return 1 + depth * torch.sinc(frequency * duration) * torch.cos(2 * math.pi * turns)


def skewed(scene: Tensor, velocity: Tensor, line_time: Tensor, interpolation: Interpolation) -> Tensor:
    """A picture that moves while it is read row by row, as it is when the middle row is exposed.

    Row y is exposed (y - middle) · line_time later, and shows the picture moved by velocity times that.

    Args:
        scene: (B, 3, H, W).
        velocity: (2,) px/s to the right and downwards.
        line_time: () s, from the exposure of one row to that of the next.
        interpolation: see `resample`; beyond its edge the picture goes on mirrored.

    Returns:
        (B, 3, H, W): out(x, y) = scene(x - vx · t, y - vy · t), t = (y - middle) · line_time.
    """
    height, width = scene.shape[-2:]
    rows = torch.arange(height, device=scene.device, dtype=velocity.dtype)[:, None].expand(height, width)
    columns = torch.arange(width, device=scene.device, dtype=velocity.dtype)[None].expand(height, width)
    late = (rows - (height - 1) / 2) * line_time
    x, y = columns - velocity[0] * late, rows - velocity[1] * late
    batch = scene.shape[0]
    planes = resample(scene.reshape(-1, 1, height, width), x, y, interpolation)
    return planes.reshape(batch, -1, height, width)


class RollingShutter(Spec):
    """``{line_time: 18.9, flicker_frequency: 100, flicker_depth: 0.5, velocity: [400, 0]}``.

    Left out, all rows are exposed at once (global shutter), under steady light. Flicker needs the sensor's
    ``exposure_time``. Light is the mean of a lamp's over time: banding leaves the mean of many frames alone.
    """

    line_time: Annotated[float, Quantity("us", 0, 1e5, Range(relative=0.1))]
    """From one row to the next; 0: all rows at once, of a frame that may be darker or lighter as a whole."""
    flicker_frequency: Annotated[float | None, Quantity("Hz", 0.01, 1e5, Range(relative=0.02))] = None
    """Of the light: twice that of the mains."""
    flicker_depth: Annotated[float | None, Quantity("1", 0, 1, Range(absolute=0.1))] = None
    """(brightest - darkest) / (brightest + darkest) of the lamp."""
    flicker_phase: Annotated[float | None, Quantity("1", 0, 1, Range(interval=(0, 1)))] = None
    """Periods, when the first row's exposure begins; None: any, drawn for each sample, and 0 without noise."""
    velocity: Annotated[Velocity | None, Quantity("px/s", -1e7, 1e7, Range(relative=0.5))] = None
    """Of the picture on the sensor, to the right and downwards. Blur is the optics' ``motion``."""
    interpolation: Interpolation = "bicubic"
    """Of what moves."""

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if (self.flicker_frequency is None) != (self.flicker_depth is None):
            raise ValueError("flicker_frequency, in Hz, and flicker_depth go together; give both or neither")
        if self.flicker_phase is not None and self.flicker_depth is None:
            raise ValueError("flicker_phase changes nothing without flicker_frequency and flicker_depth")
        if self.flicker_depth is None and self.velocity is None:
            raise ValueError("line_time changes nothing without flicker_frequency and flicker_depth, or velocity")
        if self.velocity is not None and abs(self.velocity[1]) * self.line_time * 1e-6 >= 1:
            raise ValueError(
                f"velocity: {self.velocity[1]:g} px/s down the frame is a row or more in a line_time of "
                f"{self.line_time:g} us, so that the picture would outrun its readout"
            )
        return self


class RollingShutterEffect(Effect):
    """See `flicker_gain` and `skewed`; knobs ``line_time``, ``flicker_frequency``, ``flicker_depth``,
    ``flicker_phase``, ``velocity``."""

    line_time: Tensor
    flicker_frequency: Tensor | None
    flicker_depth: Tensor | None
    flicker_phase: Tensor | None
    velocity: Tensor | None

    def __init__(self, spec: RollingShutter) -> None:
        super().__init__(spec)
        self.interpolation: Interpolation = spec.interpolation

    def moved(self, scene: Tensor) -> Tensor:
        """(B, 3, H, W) the scene as its rows see it."""
        if self.velocity is None:
            return scene
        # In float64: places in a large frame.
        return skewed(scene, self.velocity.double(), self.line_time.double() * 1e-6, self.interpolation)

    def lit(self, light: Tensor, exposure_time: Tensor | None, keys: Tensor | None) -> Tensor:
        """(B, 1, H, W) light -> the same under the lamp.

        Args:
            light: of the mean over time.
            exposure_time: () s.
            keys: (B,) of `noise_keys`, for the phases; None: 0.
        """
        if self.flicker_frequency is None or self.flicker_depth is None or exposure_time is None:
            return light
        if self.flicker_phase is not None:
            phase = self.flicker_phase.double()
        elif keys is not None:
            phase = (keys.double() / 2.0**64).to(light.device)[:, None, None, None]  # in [-0.5, 0.5)
        else:
            phase = torch.zeros((), dtype=torch.float64, device=light.device)
        # In float64: many periods pass while a frame is read.
        rows = torch.arange(light.shape[-2], device=light.device, dtype=torch.float64)[:, None]
        start = rows * (self.line_time.double() * 1e-6)
        knobs = (exposure_time, self.flicker_frequency, self.flicker_depth)
        duration, frequency, depth = (knob.double() for knob in knobs)
        return light * flicker_gain(start, duration, frequency, depth, phase).to(light.dtype)
