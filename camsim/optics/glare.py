"""Veiling glare: light scattered and reflected inside lens and camera."""

from __future__ import annotations

import math
from typing import Annotated, Self

from pydantic import model_validator
from torch import Tensor

from camsim.optics.effect import Effect
from camsim.optics.frequency import Frequencies
from camsim.spec import Quantity, Range, Spec


def veil(scene: Tensor, fraction: Tensor) -> Tensor:
    """(1 - u) · light + u · mean: a part of each channel's light is spread evenly over the frame.

    Args:
        scene: (B, C, H, W) linear light.
        fraction: () u.

    Returns:
        (B, C, H, W), of the same mean.
    """
    return scene + fraction * (scene.mean(dim=(-2, -1), keepdim=True) - scene)


def halo_mtf(frequency: Tensor, fraction: Tensor, sigma: Tensor) -> Tensor:
    """1 - h + h exp(-2 π² σ² f²): a part of the light is spread by a wide Gaussian.

    Args:
        frequency: (...) cycles/px.
        fraction: () h.
        sigma: () px.
    """
    return 1 - fraction + fraction * (-2 * (math.pi * sigma * frequency) ** 2).exp()


class Glare(Spec):
    """``{uniform: 0.01, halo: 0.02, halo_sigma: 0.1}``: scattered light, even and around bright places.

    ``uniform`` alone is what the veiling glare index of ISO 9358 measures, for a black patch in a frame of white. The
    Gaussian halo is a simple stand-in for the tails of real lenses.
    """

    uniform: Annotated[float, Quantity("1", 0, 1, Range(relative=0.5))] = 0.0
    """Part of the light that is spread evenly."""
    halo: Annotated[float, Quantity("1", 0, 1, Range(relative=0.5))] = 0.0
    """Part of the light that is spread by a Gaussian."""
    halo_sigma: Annotated[float | None, Quantity("half diagonals", 1e-4, 10, Range(relative=0.3))] = None
    """Standard deviation of that Gaussian, over half the frame's diagonal; needed with ``halo``."""

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.halo > 0 and self.halo_sigma is None:
            raise ValueError("halo needs halo_sigma, how far it reaches, in half diagonals of the frame")
        if self.uniform + self.halo > 1:
            raise ValueError(f"uniform and halo together are {self.uniform + self.halo:g} of the light, more than all")
        return self


class GlareEffect(Effect):
    """See `veil` and `halo_mtf`; knobs ``uniform``, ``halo``, ``halo_sigma``."""

    def veil(self, scene: Tensor) -> Tensor:
        """The even part."""
        return veil(scene, self.set_knob("uniform").to(scene.dtype))

    def transfer(self, at: Frequencies, half_diagonal: float) -> Tensor | None:
        """The halo's transfer function for a frame of so many pixels from centre to corner."""
        sigma = self.knob("halo_sigma")
        return None if sigma is None else halo_mtf(at.radius, self.set_knob("halo"), sigma * half_diagonal)
