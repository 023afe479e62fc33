"""Read noise of the pixel and its amplifier."""

from __future__ import annotations

from torch import Tensor

from camsim.sensor.draws import standard_normal


def read_noise(electrons: Tensor, sigma: Tensor, keys: Tensor) -> Tensor:
    """Add zero-mean Gaussian noise of ``sigma`` () e- rms to (B, 1, H, W).

    Args:
        electrons: e-.
        sigma: the noise's strength. It is drawn in float32 whatever the image, so that both precisions see the same.
        keys: (B,) of `noise_keys`.

    Raises:
        ValueError: not one key for each sample.
    """
    if keys.shape[0] != electrons.shape[0]:
        raise ValueError(f"needs one key for each of {electrons.shape[0]} samples, got {keys.shape[0]}")
    normal = standard_normal(keys.to(electrons.device), electrons.shape[-2], electrons.shape[-1])
    return electrons + sigma * normal.to(electrons)
