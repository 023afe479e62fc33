"""Row noise: what all pixels of a row have in common, such as the reset level of their readout; new in each frame."""

from __future__ import annotations

from torch import Tensor

from camsim.sensor.draws import standard_normal


def row_noise(electrons: Tensor, sigma: Tensor, keys: Tensor) -> Tensor:
    """Add one Gaussian number of ``sigma`` () e- rms to each row of (B, 1, H, W).

    Args:
        electrons: e-.
        sigma: the noise's strength; the result is linear in it. Drawn in float32 whatever the image.
        keys: (B,) of `noise_keys` for the draw ``row``. A row's number does not depend on the frame's size.
    """
    normal = standard_normal(keys, 1, electrons.shape[-2])
    return electrons + sigma * normal.to(electrons).transpose(-1, -2)
