"""Blooming: what a full pixel cannot hold runs over into its neighbours in the column."""

from __future__ import annotations

from typing import Annotated

import torch
from torch import Tensor

from camsim.sensor.effect import Effect
from camsim.spec import Quantity, Range, Spec


def bloom(electrons: Tensor, full_well: Tensor, drained: Tensor) -> Tensor:
    """Let the charge above the full well run over, half of it up and half down the column, until it finds room.

    Each half goes on in its direction and fills every pixel on its way. Two streams that meet in one pixel compete for
    its room; the result is the mean of the case in which the one comes first and that in which the other does, so that
    it is the same upside down. Charge is conserved but for what is drained and what leaves the frame above and below.

    Args:
        electrons: (B, 1, H, W) e- as collected.
        full_well: () e-.
        drained: () share of the excess that the anti-blooming gate takes away: 1 is `saturate`.

    Returns:
        (B, 1, H, W) e-, at most ``full_well``. It is piecewise linear, and its gradient is the true one: that of light
        on a full pixel lies at the ends of its trail.
    """
    held = torch.minimum(electrons, full_well)
    half = (electrons - held) * (1 - drained) / 2
    # In float64: a column adds up far more electrons than one pixel holds.
    held, half, well = held.double(), half.double(), full_well.double()
    down_first = _run(_run(held, half, well).flip(-2), half.flip(-2), well).flip(-2)
    up_first = _run(_run(held.flip(-2), half.flip(-2), well).flip(-2), half, well)
    return ((down_first + up_first) / 2).to(electrons.dtype)


def _run(held: Tensor, half: Tensor, full_well: Tensor) -> Tensor:
    """What pixels hold once each one's ``half`` has run down the column into the room that there is.

    The stream into pixel i + 1 is c(i+1) = max(0, c(i) + half(i) - room(i)): Lindley's recursion of a queue, whose
    closed form is a running sum less its running minimum.
    """
    room = full_well - held
    total = (half - room).cumsum(-2)
    stream = total - total.cummin(-2).values.clamp(max=0)
    arriving = torch.cat([torch.zeros_like(stream[..., :1, :]), stream[..., :-1, :]], dim=-2)
    return held + torch.minimum(arriving, room)


class Blooming(Spec):
    """``{drained: 0.9}``: full pixels run over into those above and below; left out, all of the excess is drained."""

    drained: Annotated[float, Quantity("1", 0, 1, Range(absolute=0.1))] = 0.0
    """Share of the excess that the anti-blooming gate takes away."""


class BloomingEffect(Effect):
    """See `bloom`; knob ``drained``."""

    drained: Tensor

    def forward(self, electrons: Tensor, full_well: Tensor) -> Tensor:
        """(B, 1, H, W) e- as collected -> (B, 1, H, W) e- as held."""
        return bloom(electrons, full_well, self.drained)
