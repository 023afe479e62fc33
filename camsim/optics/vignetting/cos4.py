"""Natural vignetting."""

from __future__ import annotations

from typing import Literal

from torch import Tensor

from camsim.optics.effect import Effect
from camsim.spec import Spec


def cos4_falloff(squared: Tensor, tangent: Tensor) -> Tensor:
    """Relative illumination cos⁴ θ = 1 / (1 + tan² θ)², tan θ = r · (half diagonal / focal length).

    Args:
        squared: (H, W) r², squared distance from the axis in half diagonals; see `camsim.optics.field`.
        tangent: () half diagonal / focal length: tan θ at the corner.

    Returns:
        (H, W) in (0, 1], 1 on the axis.
    """
    return (1 + squared * tangent**2) ** -2


class Cos4Vignetting(Spec):
    """``{kind: cos4}``: the law of a lens whose pupil looks the same from every angle.

    Needs ``focal_length`` and ``half_diagonal``. Real lenses fall off more, by mechanical vignetting, or less, by
    retrofocus design and shifted microlenses: where it was measured, take ``polynomial``.
    """

    kind: Literal["cos4"] = "cos4"


class Cos4Effect(Effect):
    """See `cos4_falloff`; no knobs of its own."""

    def gain(self, squared: Tensor, tangent: Tensor | None) -> Tensor:
        """(H, W) gain."""
        assert tangent is not None  # the profile makes sure of it
        return cos4_falloff(squared, tangent)
