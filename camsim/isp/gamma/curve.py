"""Gamma encoding by a device's own curve, given as samples."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

import torch
from pydantic import Field, Strict
from torch import Tensor

from camsim.cfa import RawFormat
from camsim.piecewise import piecewise_linear
from camsim.spec import Domain, Form, Quantity, Range, Stage, StageSpec

MAX_SAMPLES = 4096

Samples = Annotated[tuple[float, ...], Strict(False), Field(min_length=2, max_length=MAX_SAMPLES)]


def gamma_curve(linear: Tensor, samples: Tensor) -> Tensor:
    """Linear interpolation between samples of a curve, evenly spaced from linear 0 to 1.

    Args:
        linear: any shape; R, G and B go through the same curve.
        samples: (N,) display values, N >= 2.

    Returns:
        Same shape as ``linear``. Beyond 0 and 1 the outermost pieces go on; where a device limits there, put a clip
        before it.
    """
    knots = torch.linspace(0, 1, samples.shape[0], dtype=samples.dtype, device=samples.device)
    return piecewise_linear(linear, knots, samples)


class CurveGamma(StageSpec):
    """``{kind: gamma, encoding: curve, samples: [0.0, 0.35, ..., 1.0]}``."""

    takes: ClassVar[frozenset[Domain]] = frozenset({"linear"})
    gives: ClassVar[Domain | None] = "encoded"
    form: ClassVar[Form] = "pointwise"

    kind: Literal["gamma"] = "gamma"
    encoding: Literal["curve"] = "curve"
    samples: Annotated[Samples, Quantity("1", -1, 2, Range(absolute=0.02))]
    """Display values at linear 0, 1/(N - 1), ... 1."""

    def build(self, raw: RawFormat) -> Stage:
        return CurveGammaStage(self)


class CurveGammaStage(Stage):
    """See `gamma_curve`; knob ``samples``."""

    samples: Tensor

    def forward(self, image: Tensor) -> Tensor:
        return gamma_curve(image, self.samples)
