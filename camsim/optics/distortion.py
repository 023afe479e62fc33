"""Geometric distortion: straight lines come out bent."""

from __future__ import annotations

from typing import Annotated

import numpy as np
import torch
from torch import Tensor

from camsim.optics.effect import Effect
from camsim.spec import Quantity, Range, Spec

COEFFICIENTS = ("k1", "k2", "p1", "p2", "k3")
"""In OpenCV's order."""

_ITERATIONS = 12
"""Newton's method doubles the digits with each; `folds` refuses what has not arrived."""


def distort(x: Tensor, y: Tensor, coefficients: Tensor) -> tuple[Tensor, Tensor]:
    """Where a point of the ideal picture comes to lie: Brown and Conrady's model as OpenCV defines it.

    x' = x (1 + k1 r² + k2 r⁴ + k3 r⁶) + 2 p1 x y + p2 (r² + 2 x²), y' = y (...) + p1 (r² + 2 y²) + 2 p2 x y.

    Args:
        x: (...) to the right of the axis, over focal length.
        y: (...) below the axis, over focal length.
        coefficients: (5,) k1, k2, p1, p2, k3.

    Returns:
        x' and y', each (...).
    """
    k1, k2, p1, p2, k3 = coefficients
    squared = x * x + y * y
    radial = 1 + squared * (k1 + squared * (k2 + squared * k3))
    return (
        x * radial + 2 * p1 * x * y + p2 * (squared + 2 * x * x),
        y * radial + p1 * (squared + 2 * y * y) + 2 * p2 * x * y,
    )


def undistort(x: Tensor, y: Tensor, coefficients: Tensor) -> tuple[Tensor, Tensor]:
    """The point of the ideal picture that comes to lie at (x, y): the inverse of `distort`, by Newton's method.

    The gradient is that of the implicit function: a last step is taken from the solution, through which gradients of
    the coefficients and of the place go.

    Args:
        x: (...) to the right of the axis, over focal length.
        y: (...) below the axis, over focal length.
        coefficients: (5,) k1, k2, p1, p2, k3, invertible out to (x, y); see `folds`.

    Returns:
        x and y of the ideal picture, each (...).
    """
    fixed = coefficients.detach()
    u, v = x.detach(), y.detach()
    for _ in range(_ITERATIONS):
        u, v = _newton(u, v, x.detach(), y.detach(), fixed, fixed)
    return _newton(u, v, x, y, fixed, coefficients)


def folds(tangent: float, coefficients: tuple[float, float, float, float, float]) -> bool:
    """Whether the model shows two points of the ideal picture at one place somewhere within the field.

    Args:
        tangent: half diagonal / focal length.
        coefficients: k1, k2, p1, p2, k3.
    """
    given = torch.tensor(coefficients, dtype=torch.float64)
    radius = torch.linspace(0, tangent, 65, dtype=torch.float64)
    angle = torch.arange(32, dtype=torch.float64)[:, None] * (2 * np.pi / 32)
    x, y = radius * angle.cos(), radius * angle.sin()
    u, v = undistort(x, y, given)
    back = torch.stack(distort(u, v, given)) - torch.stack([x, y])
    # On its way from the axis to such a place, the Jacobian's determinant passes through 0.
    path = torch.linspace(0, 1, 65, dtype=torch.float64)[:, None, None]
    a, b, d = _jacobian(u * path, v * path, given)
    return not bool((back.abs().max() < 1e-9) & ((a * d - b * b).min() > 0.01))


def _jacobian(x: Tensor, y: Tensor, coefficients: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """dx'/dx, dx'/dy = dy'/dx, dy'/dy."""
    k1, k2, p1, p2, k3 = coefficients
    squared = x * x + y * y
    radial = 1 + squared * (k1 + squared * (k2 + squared * k3))
    slope = k1 + squared * (2 * k2 + 3 * squared * k3)
    return (
        radial + 2 * x * x * slope + 2 * p1 * y + 6 * p2 * x,
        2 * x * y * slope + 2 * p1 * x + 2 * p2 * y,
        radial + 2 * y * y * slope + 6 * p1 * y + 2 * p2 * x,
    )


def _newton(u: Tensor, v: Tensor, x: Tensor, y: Tensor, fixed: Tensor, coefficients: Tensor) -> tuple[Tensor, Tensor]:
    """One step from (u, v) towards the point that comes to lie at (x, y); ``fixed``: coefficients of its slope."""
    a, b, d = _jacobian(u, v, fixed)
    to_x, to_y = distort(u, v, coefficients)
    error_x, error_y = to_x - x, to_y - y
    determinant = a * d - b * b
    return u - (d * error_x - b * error_y) / determinant, v - (a * error_y - b * error_x) / determinant


class Distortion(Spec):
    """``{k1: -0.12, k2: 0.01}``: Brown and Conrady's model, coefficients as OpenCV calibrates them.

    Needs ``focal_length`` and ``half_diagonal``. Where the lens would show what lies outside the scene, the scene goes
    on mirrored.
    """

    k1: Annotated[float, Quantity("1", -10, 10, Range(absolute=0.02))] = 0.0
    k2: Annotated[float, Quantity("1", -10, 10, Range(absolute=0.01))] = 0.0
    p1: Annotated[float, Quantity("1", -1, 1, Range(absolute=0.0005))] = 0.0
    p2: Annotated[float, Quantity("1", -1, 1, Range(absolute=0.0005))] = 0.0
    k3: Annotated[float, Quantity("1", -10, 10)] = 0.0


class DistortionEffect(Effect):
    """See `distort`; knobs ``k1``, ``k2``, ``p1``, ``p2``, ``k3``."""

    def source(self, x: Tensor, y: Tensor, tangent: Tensor) -> tuple[Tensor, Tensor]:
        """Where in the ideal picture to look for (x, y), all in half diagonals."""
        coefficients = torch.stack([self.set_knob(name) for name in COEFFICIENTS])
        u, v = undistort(x * tangent, y * tangent, coefficients)
        return u / tangent, v / tangent
