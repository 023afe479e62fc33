"""Photon shot noise."""

from __future__ import annotations

import torch
from torch import Tensor

from camsim.sensor.draws import poisson_counts


def shot_noise(electrons: Tensor, keys: Tensor) -> Tensor:
    """Draw the number of electrons collected: Poisson with the given mean, exact at any count.

    Args:
        electrons: (B, 1, H, W) expected e-; negative expectations (out-of-gamut light) count as 0. The draw takes them
            as float32, so that both precisions see the same noise.
        keys: (B,) of `noise_keys`.

    Returns:
        (B, 1, H, W) whole e-. The gradient is that of the mean (straight through the draw).

    Raises:
        ValueError: not one key for each sample.
    """
    drawn = poisson_counts(electrons.detach().to(torch.float32), keys)
    return electrons + (drawn.to(electrons) - electrons.detach())
