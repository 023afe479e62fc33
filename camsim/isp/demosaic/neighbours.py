"""The pixels on both sides of each, along any direction; they wrap around, for frames that were padded first."""

from __future__ import annotations

from torch import Tensor


def sides(x: Tensor, step: tuple[int, int]) -> tuple[Tensor, Tensor]:
    """The pixel that far down and right, and the one as far up and left."""
    down, right = step
    return x.roll((-down, -right), (-2, -1)), x.roll(step, (-2, -1))


def mean_of_sides(x: Tensor, step: tuple[int, int]) -> Tensor:
    """Half the sum of both."""
    ahead, behind = sides(x, step)
    return (ahead + behind) / 2
