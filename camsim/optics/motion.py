"""Motion of the camera during the exposure."""

from __future__ import annotations

import math
from typing import Annotated

import torch
from torch import Tensor

from camsim.optics.effect import Effect
from camsim.optics.frequency import Frequencies
from camsim.spec import Quantity, Range, Spec


def motion_mtf(at: Frequencies, length: Tensor, angle: Tensor) -> Tensor:
    """sinc(L (fx cos α + fy sin α)) with sinc u = sin(π u) / (π u): a uniform motion along a straight line.

    Args:
        at: where.
        length: () L, px.
        angle: () α, degrees from the rows' direction towards the columns' (down).

    Returns:
        The shape of ``at.radius``.
    """
    radians = angle * (math.pi / 180)
    along = at.x * radians.cos()
    across = at.y * radians.sin()
    # Half a cycle a pixel up is the same wave as half a cycle down: it gets the mean of both.
    ambiguous = at.y == -0.5
    straight, turned = torch.sinc(length * (along + across)), torch.sinc(length * (along - across))
    return torch.where(ambiguous, (straight + turned) / 2, straight)


class Motion(Spec):
    """``{length: 4.0, angle: 30}``: the picture moves by so many pixels while the shutter is open."""

    length: Annotated[float, Quantity("px", 0, 1000, Range(relative=0.5))]
    angle: Annotated[float, Quantity("deg", -180, 180, Range(absolute=90))] = 0.0
    """From the rows' direction towards the columns' (down); 180 degrees more are the same blur."""


class MotionEffect(Effect):
    """See `motion_mtf`; knobs ``length``, ``angle``."""

    def transfer(self, at: Frequencies) -> Tensor:
        """The transfer function, of the shape of ``at.radius``."""
        return motion_mtf(at, self.set_knob("length"), self.set_knob("angle"))
