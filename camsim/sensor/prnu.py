"""Photo-response non-uniformity: some pixels see more of the light than others."""

from __future__ import annotations

from torch import Tensor

from camsim.sensor.unit import fixed_pattern


def prnu(electrons: Tensor, percent: Tensor, unit: int) -> Tensor:
    """Multiply each pixel by 1 + percent / 100 · g, with g standard normal and fixed for the unit.

    Args:
        electrons: (B, 1, H, W) expected e- of light, before shot noise.
        percent: () standard deviation over the pixels, % (PRNU1288 of EMVA 1288 release 4.0 Linear).
        unit: of the device; see `fixed_pattern`.

    Returns:
        (B, 1, H, W) e-. Linear in the light and in ``percent``, and so are its gradients.
    """
    pattern = fixed_pattern(unit, "prnu", electrons.shape[-2], electrons.shape[-1])
    return electrons * (1 + percent / 100 * pattern.to(electrons))
