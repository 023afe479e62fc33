"""Photon shot noise."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor


def shot_noise(electrons: Tensor, generators: Sequence[torch.Generator]) -> Tensor:
    """Draw the number of electrons collected: Poisson with the given mean, exact at any count.

    Args:
        electrons: (B, 1, H, W) expected e-; negative expectations (out-of-gamut light) count as 0.
        generators: one for each sample of the batch.

    Returns:
        (B, 1, H, W) whole e-. The gradient is that of the mean (straight through the draw).
    """
    drawn = [
        torch.poisson(sample.detach().clamp_min(0).cpu(), generator=generator)
        for sample, generator in zip(electrons, generators, strict=True)
    ]
    return electrons + (torch.stack(drawn).to(electrons) - electrons.detach())
