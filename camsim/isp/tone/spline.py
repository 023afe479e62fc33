"""A tone curve through control points."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal, Self

import torch
from pydantic import Field, Strict, model_validator
from torch import Tensor

from camsim.cfa import RawFormat
from camsim.spec import Domain, Form, Quantity, Range, Stage, StageSpec

MAX_POINTS = 64

Points = Annotated[tuple[float, ...], Strict(False), Field(min_length=2, max_length=MAX_POINTS)]


def tone_spline(image: Tensor, x: Tensor, y: Tensor) -> Tensor:
    """The smooth curve through the points (x, y) that overshoots nowhere: it rises where y rises (PCHIP).

    A cubic between neighbouring points, with the weighted harmonic mean of the two chords' slopes at a point, 0 at a
    turning point; at the ends the three-point formula, limited to keep the shape.

    Args:
        image: any shape; R, G and B go through the same curve.
        x: (N,) increasing, N >= 2.
        y: (N,).

    Returns:
        Same shape as ``image``. Beyond the first and last point it goes on straight, with the slope there. Source:
        F. N. Fritsch and J. Butland, "A method for constructing local monotone piecewise cubic interpolants", 1984;
        ends: C. Moler, "Numerical Computing with MATLAB", 2004, section 3.6.
    """
    step = x.diff()
    chord = y.diff() / step
    slope = slopes_at(step, chord)
    inside = image.clamp(x[0], x[-1])
    left = torch.bucketize(inside.detach().contiguous(), x[1:-1], right=True)
    h, m, d0, d1 = step[left], chord[left], slope[left], slope[left + 1]
    t = inside - x[left]
    curve = y[left] + t * (d0 + t * ((3 * m - 2 * d0 - d1) / h + t * (d0 - 2 * m + d1) / h**2))
    return curve + (image - inside) * torch.where(image < x[0], slope[0], slope[-1])


def slopes_at(step: Tensor, chord: Tensor) -> Tensor:
    """The slope of `tone_spline` at each point: (N,), from the N - 1 steps between points and their chords."""
    if len(step) == 1:
        return torch.cat([chord, chord])
    before, after = chord[:-1], chord[1:]
    weight, weight_after = 2 * step[1:] + step[:-1], step[1:] + 2 * step[:-1]
    same_way = before * after > 0
    safe_before, safe_after = torch.where(same_way, before, 1), torch.where(same_way, after, 1)
    mean = (weight + weight_after) / (weight / safe_before + weight_after / safe_after)
    first = _end(step[0], step[1], chord[0], chord[1])
    last = _end(step[-1], step[-2], chord[-1], chord[-2])
    return torch.cat([first[None], torch.where(same_way, mean, 0), last[None]])


def _end(step: Tensor, next_step: Tensor, chord: Tensor, next_chord: Tensor) -> Tensor:
    slope = ((2 * step + next_step) * chord - step * next_chord) / (step + next_step)
    steep = (chord * next_chord < 0) & (slope.abs() > 3 * chord.abs())
    return torch.where(slope * chord <= 0, torch.zeros_like(slope), torch.where(steep, 3 * chord, slope))


class SplineTone(StageSpec):
    """``{kind: tone, method: spline, x: [0, 0.25, 1], y: [0, 0.4, 1]}``: a curve through the points, before or after
    gamma."""

    takes: ClassVar[frozenset[Domain]] = frozenset({"linear", "encoded"})
    gives: ClassVar[Domain | None] = None
    form: ClassVar[Form] = "pointwise"

    kind: Literal["tone"] = "tone"
    method: Literal["spline"] = "spline"
    x: Points
    """Increasing."""
    y: Annotated[Points, Quantity("1", -16, 16, Range(absolute=0.05))]
    """One for each of ``x``."""

    @model_validator(mode="after")
    def _pairs(self) -> Self:
        if len(self.x) != len(self.y):
            raise ValueError(f"x and y need as many numbers each, got {len(self.x)} and {len(self.y)}")
        if any(after <= before for before, after in zip(self.x, self.x[1:], strict=False)):
            raise ValueError(f"x must increase from point to point, got {list(self.x)}")
        return self

    def build(self, raw: RawFormat) -> Stage:
        return SplineToneStage(self)


class SplineToneStage(Stage):
    """See `tone_spline`; knob ``y``."""

    x: Tensor
    y: Tensor

    def __init__(self, spec: SplineTone) -> None:
        super().__init__(spec)
        self.register_buffer("x", torch.tensor(spec.x, dtype=torch.float64))

    def forward(self, image: Tensor) -> Tensor:
        return tone_spline(image, self.x, self.y)
