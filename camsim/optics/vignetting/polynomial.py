"""Vignetting as it was measured."""

from __future__ import annotations

from typing import Annotated, Literal, Self

import numpy as np
from pydantic import model_validator
from torch import Tensor

from camsim.optics.effect import Effect
from camsim.spec import Quantity, Range, Spec, Triple


def polynomial_falloff(squared: Tensor, coefficients: Tensor) -> Tensor:
    """Relative illumination 1 + a r² + b r⁴ + c r⁶.

    Args:
        squared: (H, W) r², squared distance from the axis in half diagonals; see `camsim.optics.field`.
        coefficients: (3,) a, b, c.

    Returns:
        (H, W), 1 on the axis.
    """
    a, b, c = coefficients.unbind()
    return 1 + squared * (a + squared * (b + squared * c))


class PolynomialVignetting(Spec):
    """``{kind: polynomial, coefficients: [-0.4, 0.05, 0.0]}``: relative illumination in even powers of the distance."""

    kind: Literal["polynomial"] = "polynomial"
    coefficients: Annotated[Triple, Quantity("1", -10, 10, Range(absolute=0.05))]
    """Of r², r⁴ and r⁶, where r is 1 at the corner."""

    @model_validator(mode="after")
    def _positive(self) -> Self:
        squared = np.linspace(0, 1, 257)
        a, b, c = self.coefficients
        least = (1 + squared * (a + squared * (b + squared * c))).min()
        if least <= 0:
            raise ValueError(f"coefficients leave {least:.3g} of the light somewhere between centre and corner")
        return self


class PolynomialEffect(Effect):
    """See `polynomial_falloff`; knob ``coefficients``."""

    def gain(self, squared: Tensor, tangent: Tensor | None) -> Tensor:
        """(H, W) gain."""
        return polynomial_falloff(squared, self.set_knob("coefficients"))
