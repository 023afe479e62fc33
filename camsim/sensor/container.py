"""How the ADC's bits lie in the words of a file."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field
from torch import Tensor

from camsim.spec import Spec


class Container(Spec):
    """``{bits: 16, justify: left}``: left-justified values are multiplied by 2^(bits - bit_depth)."""

    bits: Annotated[int, Field(ge=8, le=16)]
    justify: Literal["left", "right"]


def justify(dn: Tensor, factor: int) -> Tensor:
    """DN of the ADC to DN in the container; any shape."""
    return dn * factor
