"""Companding: a linear code of many bits squeezed into the words of a file, straight between knees."""

from __future__ import annotations

import itertools
from typing import Annotated, Self

from pydantic import Field, Strict, model_validator
from torch import Tensor

from camsim.piecewise import piecewise_linear
from camsim.spec import Spec

Knee = Annotated[tuple[float, float], Strict(False)]
Knees = Annotated[tuple[Knee, ...], Strict(False), Field(min_length=2, max_length=64)]


def compand(code: Tensor, linear: Tensor, companded: Tensor) -> Tensor:
    """Linear DN to companded ones, before rounding.

    Args:
        code: any shape, DN.
        linear: (N,) increasing DN of the knees, N >= 2.
        companded: (N,) DN that each becomes.

    Returns:
        Same shape. Beyond the first and last knee the outermost pieces go on.
    """
    return piecewise_linear(code, linear, companded)


class Companding(Spec):
    """``{knees: [[0, 0], [4096, 4096], [65536, 12288], [1048575, 65535]]}``: pairs of linear and companded DN.

    The ISP undoes it with ``{kind: linearize, given: [companded DN ...], linear: [linear DN ...]}``.
    """

    knees: Knees

    @model_validator(mode="after")
    def _rise(self) -> Self:
        for name, numbers in (("linear", self.linear), ("companded", self.companded)):
            if any(after <= before for before, after in itertools.pairwise(numbers)):
                raise ValueError(f"knees: {name} DN must increase from knee to knee, got {list(numbers)}")
        if min(self.linear[0], self.companded[0]) < 0:
            raise ValueError(f"knees: DN must not be negative, got {list(self.knees[0])}")
        return self

    @property
    def linear(self) -> tuple[float, ...]:
        """Linear DN of the knees."""
        return tuple(knee[0] for knee in self.knees)

    @property
    def companded(self) -> tuple[float, ...]:
        """Companded DN of the knees."""
        return tuple(knee[1] for knee in self.knees)
