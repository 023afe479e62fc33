"""Dark-signal non-uniformity: some pixels are brighter in the dark than others."""

from __future__ import annotations

from torch import Tensor

from camsim.sensor.unit import fixed_pattern


def dsnu(electrons: Tensor, sigma: Tensor, unit: int) -> Tensor:
    """Add ``sigma`` · g to each pixel, with g standard normal and fixed for the unit.

    It is an offset of the readout: it has no shot noise and fills no well.

    Args:
        electrons: (B, 1, H, W) e- as read out.
        sigma: () standard deviation over the pixels, e- (DSNU1288 of EMVA 1288 release 4.0 Linear).
        unit: of the device; see `fixed_pattern`.

    Returns:
        (B, 1, H, W) e-. Linear in ``sigma``, and so is its gradient.
    """
    pattern = fixed_pattern(unit, "dsnu", electrons.shape[-2], electrons.shape[-1])
    return electrons + sigma * pattern.to(electrons)
