"""Dark current: electrons that warmth sets free, and that the pixel collects like those of light."""

from __future__ import annotations

import torch
from torch import Tensor


def dark_electrons(
    rate: Tensor, exposure_time: Tensor, temperature: Tensor, reference_temperature: Tensor, doubling: Tensor
) -> Tensor:
    """rate · time · 2^((T - T_ref) / doubling), all of shape ().

    Args:
        rate: e-/s of a pixel at the reference temperature.
        exposure_time: s.
        temperature: of the sensor, degC.
        reference_temperature: degC.
        doubling: K, the rise in temperature that doubles the current; 6 to 10 K in silicon.

    Returns:
        () expected e-. Source: EMVA Standard 1288 release 4.0 Linear.
    """
    return rate * exposure_time * torch.exp2((temperature - reference_temperature) / doubling)
