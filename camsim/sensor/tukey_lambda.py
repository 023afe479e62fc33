"""Read noise with heavier (or lighter) tails than the Gaussian's: Tukey's lambda distribution."""

from __future__ import annotations

import torch
from torch import Tensor

from camsim.sensor.draws import standard_normal

_NEAR_ZERO = 1e-3
_SERIES = (-1.6449340668482264, 2.4041138063191885, -3.788131341989983, 6.2215665308584195, -10.512539300817447)
"""ln(Γ(1+λ)² / Γ(1+2λ)) / λ² in powers of λ: (2 - 2^k) (-1)^k ζ(k) / k from k = 2 on."""


def tukey_lambda_noise(electrons: Tensor, sigma: Tensor, shape: Tensor, keys: Tensor) -> Tensor:
    """Add zero-mean noise of ``sigma`` () e- rms and Tukey's lambda distribution to (B, 1, H, W).

    The quantile function is Q(p) = (p^λ - (1-p)^λ) / λ, here over its own standard deviation, so that the noise keeps
    its rms whatever the shape. λ = 0.14 is nearly a Gaussian, 0 the logistic, -0.2 what sensors of small pixels show.

    Args:
        electrons: e-.
        sigma: the noise's strength, e- rms; the result is linear in it.
        shape: () λ, above -0.5: with less there is no rms.
        keys: (B,) of `noise_keys`; a pixel's probability is that of the Gaussian number that it would get, so that both
            kinds of noise are alike, and so are both precisions.

    Returns:
        (B, 1, H, W) e-, with gradients of all three.

    Source: Wei, Fu, Yang, Huang, "A Physics-based Noise Formation Model for Extreme Low-light Raw Denoising", CVPR
    2020. Its "scale" is sigma over the distribution's own standard deviation.
    """
    normal = standard_normal(keys, electrons.shape[-2], electrons.shape[-1]).to(electrons.device, torch.float64)
    noise = tukey_quantile(normal, shape.double()) / tukey_deviation(shape.double())
    return electrons + sigma * noise.to(electrons)


def tukey_quantile(normal: Tensor, shape: Tensor) -> Tensor:
    """Q(Φ(z)) for standard normal z, any shape, and λ (); float64."""
    # From the tail's side, where no digits are lost.
    upper = torch.special.log_ndtr(normal.abs())
    lower = torch.special.log_ndtr(-normal.abs())
    return normal.sign() * (_power(upper, shape) - _power(lower, shape))


def tukey_deviation(shape: Tensor) -> Tensor:
    """Standard deviation of Tukey's lambda distribution: λ () above -0.5, float64."""
    near = shape.abs() < _NEAR_ZERO
    safe = torch.where(near, torch.full_like(shape, 0.1), shape)
    far_log = 2 * torch.lgamma(1 + safe) - torch.lgamma(1 + 2 * safe)
    near_log = sum((term * shape**power for power, term in enumerate(_SERIES)), start=torch.zeros_like(shape))
    near_value = -near_log * (1 + near_log * shape**2 / 2)
    return (2 / (1 + 2 * shape) * torch.where(near, near_value, -torch.expm1(far_log) / safe**2)).sqrt()


def _power(logarithm: Tensor, shape: Tensor) -> Tensor:
    """(p^λ - 1) / λ from ln p, which for λ = 0 is ln p."""
    exponent = logarithm * shape
    near = exponent.abs() < 1e-5
    safe = torch.where(near, torch.ones_like(exponent), exponent)
    return logarithm * torch.where(near, 1 + exponent / 2 + exponent**2 / 6, torch.expm1(safe) / safe)
