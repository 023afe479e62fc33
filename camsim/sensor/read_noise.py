"""Read noise of the pixel and its amplifier."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor


def read_noise(electrons: Tensor, sigma: Tensor, generators: Sequence[torch.Generator]) -> Tensor:
    """Add zero-mean Gaussian noise of ``sigma`` () e- rms to (B, 1, H, W); one generator for each sample."""
    normal = [  # drawn in float32 whatever the image, so that both precisions see the same noise
        torch.randn(sample.shape, generator=generator, dtype=torch.float32)
        for sample, generator in zip(electrons, generators, strict=True)
    ]
    return electrons + sigma * torch.stack(normal).to(electrons)
