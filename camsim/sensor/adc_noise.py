"""Noise behind the amplifier: of the converter and of what lies before it, in DN, whatever the gain."""

from __future__ import annotations

from torch import Tensor

from camsim.sensor.draws import standard_normal


def adc_noise(dn: Tensor, sigma: Tensor, keys: Tensor) -> Tensor:
    """Add zero-mean Gaussian noise of ``sigma`` () DN rms to (B, 1, H, W).

    Referred to the pixel it is ``sigma`` / K electrons: the more analogue gain, the less of it. Together with
    `read_noise`, which comes before the amplifier, it makes sigma_d² = sigma_read² + (sigma_adc / K)².

    Args:
        dn: before rounding.
        sigma: the noise's strength; the result is linear in it. Drawn in float32 whatever the image.
        keys: (B,) of `noise_keys` for the draw ``adc``.
    """
    return dn + sigma * standard_normal(keys, dn.shape[-2], dn.shape[-1]).to(dn)
