"""One stage undone: a matrix, a curve for each channel, or the solution of three equations at every pixel."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from camsim.sensor.sensor import MAX_CONDITION

Colors = Callable[[Tensor], Tensor]
"""(B, 3, H, W) -> (B, 3, H, W), each pixel by itself."""

BRIGHTEST = 64.0
"""Where the search for a curve's inverse ends, in units of its input: six stops above white. What a curve shows only of
brighter light is taken for that."""
KNOTS = 64 * 255 + 1
"""Of an inverse curve over [0, 1]; every 8-bit value lies on one."""
_SAME = 1e-9
_BISECTIONS = 64


class NoInverseError(ValueError):
    """Two colours become the same; the message says why."""


class Step(Protocol):
    """Undoes one stage."""

    def undo(self, image: Tensor) -> Tensor:
        """(B, 3, H, W) -> (B, 3, H, W)."""
        ...


@dataclass(frozen=True)
class Affine:
    """Undoes y = M x + b."""

    matrix: Tensor
    """(3, 3) the inverse of M."""
    offset: Tensor
    """(3,) b."""

    def undo(self, image: Tensor) -> Tensor:
        """See `Step`."""
        return torch.einsum("oc,...chw->...ohw", self.matrix.to(image), image - self.offset.to(image)[:, None, None])


@dataclass(frozen=True)
class Curves:
    """Undoes a rising curve on each channel."""

    inverse: Tensor
    """(3, KNOTS) inputs that give 0 ... 1."""

    def undo(self, image: Tensor) -> Tensor:
        """See `Step`. Straight between knots; beyond [0, 1] the outermost pieces go on."""
        table = self.inverse.to(image)
        place = image * (KNOTS - 1)
        left = place.detach().floor().clamp(0, KNOTS - 2)
        rest, index = place - left, left.long()
        planes = []
        for channel in range(3):
            values, at = table[channel], index[:, channel]
            planes.append(values[at] + rest[:, channel] * (values[at + 1] - values[at]))
        return torch.stack(planes, dim=1)


@dataclass(frozen=True)
class Solved:
    """Undoes any smooth function of a pixel's colour by Newton's method."""

    stage: Colors
    iterations: int = 60

    def undo(self, image: Tensor) -> Tensor:
        """See `Step`. Computed on the CPU in float64, without a gradient.

        Raises:
            NoInverseError: a colour of the image is none that the stage gives.
        """
        wanted = image.detach().double().cpu().transpose(0, 1).flatten(1)  # (3, N), where the stage is
        found = wanted.clone()
        open_ones = torch.arange(wanted.shape[1])
        for _ in range(self.iterations):
            at, aim = found[:, open_ones], wanted[:, open_ones]
            values, slopes = self._slopes(at)
            away = values - aim
            size = away.abs().amax(dim=0)
            still = size > _SAME
            if not bool(still.any()):
                break
            open_ones, at, away, aim, size = (
                open_ones[still], at[:, still], away[:, still], aim[:, still], size[still],
            )  # fmt: skip
            slopes = slopes[still] + 1e-12 * torch.eye(3, dtype=slopes.dtype, device=slopes.device)
            step = torch.linalg.solve_ex(slopes, away.T)[0].T.nan_to_num(0, 0, 0)  # it cannot move where all is flat
            length = torch.ones_like(size)
            for _ in range(6):  # half the step where it overshoots
                worse = (self._apply(at - length * step) - aim).abs().amax(dim=0) > size
                length = torch.where(worse, length / 2, length)
            found[:, open_ones] = at - length * step
        left = ~((self._apply(found) - wanted).abs().amax(dim=0) <= 1e-5)
        if bool(left.any()):
            raise NoInverseError(
                f"{int(left.sum())} of {left.numel()} pixels have a colour that no scene gives after it"
            )
        return found.reshape(3, image.shape[0], *image.shape[2:]).transpose(0, 1).to(image)

    def _apply(self, colors: Tensor) -> Tensor:
        """(3, N) -> (3, N)."""
        return self.stage(colors[None, :, None])[0, :, 0]

    def _slopes(self, at: Tensor) -> tuple[Tensor, Tensor]:
        """Values (3, N), and the Jacobian of each (N, 3, 3) by central differences."""
        small = 1e-6
        columns = []
        for channel in range(3):
            shift = torch.zeros(3, 1, dtype=at.dtype, device=at.device)
            shift[channel] = small
            columns.append((self._apply(at + shift) - self._apply(at - shift)) / (2 * small))
        return self._apply(at), torch.stack(columns, dim=-1).permute(1, 0, 2)


def invert(stage: Colors) -> Step:
    """The step that undoes a stage which looks at one pixel at a time, told from what it does to a few colours.

    Raises:
        NoInverseError: it has none: a singular matrix, or a curve that falls or rests.
    """
    spread = torch.rand(1, 3, 1, 257, dtype=torch.float64, generator=torch.Generator().manual_seed(0)) * 1.4 - 0.2
    corners = torch.cat([torch.zeros(3, 1), torch.eye(3)], dim=1).double()[None, :, None]
    black, *basis = stage(corners)[0, :, 0].unbind(dim=1)
    matrix = torch.stack(basis, dim=1) - black[:, None]
    values = stage(spread)
    affine = torch.einsum("oc,bchw->bohw", matrix, spread) + black[:, None, None]
    if (values - affine).abs().max() < _SAME:
        if torch.linalg.cond(matrix) > MAX_CONDITION:
            raise NoInverseError("its matrix has no inverse")
        return Affine(torch.linalg.inv(matrix), black)
    others = spread.flip(-1)
    alone = all(
        torch.equal(stage(torch.where(_only(channel), spread, others))[:, channel], values[:, channel])
        for channel in range(3)
    )
    return Curves(_inverse_curves(stage)) if alone else Solved(stage)


def _only(channel: int) -> Tensor:
    return (torch.arange(3) == channel)[:, None, None]


def _inverse_curves(stage: Colors) -> Tensor:
    """(3, KNOTS): for each channel the light that gives 0, 1/(KNOTS - 1), ... 1, by bisection."""
    light = torch.cat(
        [torch.linspace(0, 1.5, 6001, dtype=torch.float64), torch.logspace(0.18, 1.8062, 2000, dtype=torch.float64)]
    )
    curves = stage(light.expand(1, 3, 1, -1))[0, :, 0]
    for name, curve in zip("RGB", curves, strict=True):
        _check_rising(name, light, curve)
    # Where a curve ends on a plateau, the first light that reaches it.
    ends = [light[int((curve >= curve[-1] - _SAME).nonzero()[0])] for curve in curves]
    wanted = torch.linspace(0, 1, KNOTS, dtype=torch.float64).expand(3, -1)
    low, high = torch.zeros_like(wanted), torch.stack(ends)[:, None].expand(-1, KNOTS)
    for _ in range(_BISECTIONS):
        middle = (low + high) / 2
        below = stage(middle[None, :, None])[0, :, 0] < wanted
        low, high = torch.where(below, middle, low), torch.where(below, high, middle)
    return low


def _check_rising(name: str, light: Tensor, curve: Tensor) -> None:
    steps = curve.diff()
    falls = (steps < -1e-12).nonzero()
    if len(falls):
        at = int(falls[0])
        raise NoInverseError(
            f"its curve falls beyond {light[at]:.3g} ({name}), so that two scenes look the same; choose a source "
            "camera whose curve rises throughout"
        )
    rests = (steps <= 0) & (curve[:-1] > curve[0]) & (curve[:-1] < curve[-1])
    if bool(rests.any()):
        at = int(rests.nonzero()[0])
        raise NoInverseError(
            f"its curve rests at {curve[at]:.3g} from {light[at]:.3g} on ({name}) before it rises again, so that what "
            "lies there is lost; choose a source camera whose curve rises throughout"
        )
