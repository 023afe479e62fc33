"""Black-level drift: the pedestal of a whole frame, which wanders from frame to frame and with the temperature."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Self

from pydantic import model_validator
from torch import Tensor

from camsim.sensor.draws import standard_normal
from camsim.sensor.effect import Effect
from camsim.sensor.random import SampleId, noise_keys
from camsim.spec import Quantity, Range, Spec


def black_drift(dn: Tensor, sigma: Tensor, keys: Tensor) -> Tensor:
    """Add one Gaussian number of ``sigma`` () DN rms to each frame of (B, 1, H, W).

    Args:
        dn: before rounding.
        sigma: the drift's strength; the result is linear in it. Drawn in float32 whatever the image.
        keys: (B,) of `noise_keys` for the draw ``black drift``.
    """
    return dn + sigma * standard_normal(keys, 1, 1).to(dn)


class BlackDrift(Spec):
    """``{sigma: 0.5, per_kelvin: 0.1}``: how the pedestal strays from ``black_level``, which the ISP takes off."""

    sigma: Annotated[float | None, Quantity("DN", 0, 1e4, Range(relative=0.3))] = None
    """Standard deviation from frame to frame, all pixels alike; temporal noise."""
    per_kelvin: Annotated[float | None, Quantity("DN/K", -1e3, 1e3, Range(relative=0.3))] = None
    """Rise of the pedestal with ``temperature`` above ``reference_temperature``."""

    @model_validator(mode="after")
    def _something(self) -> Self:
        if self.sigma is None and self.per_kelvin is None:
            raise ValueError("needs sigma or per_kelvin")
        return self


class BlackDriftEffect(Effect):
    """See `black_drift`; knobs ``sigma``, ``per_kelvin``."""

    sigma: Tensor | None
    per_kelvin: Tensor | None

    def forward(self, dn: Tensor, warmth: Tensor | None, seed: int | None, ids: Sequence[SampleId]) -> Tensor:
        """(B, 1, H, W) DN before rounding; ``warmth`` () K above the reference temperature."""
        if self.per_kelvin is not None and warmth is not None:
            dn = dn + self.per_kelvin * warmth
        if self.sigma is not None and seed is not None:
            dn = black_drift(dn, self.sigma, noise_keys(seed, ids, "black drift"))
        return dn
