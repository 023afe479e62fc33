"""Column noise: what all pixels of a column have in common, such as their converter's offset; new in each frame."""

from __future__ import annotations

from torch import Tensor

from camsim.sensor.draws import standard_normal


def column_noise(electrons: Tensor, sigma: Tensor, keys: Tensor) -> Tensor:
    """Add one Gaussian number of ``sigma`` () e- rms to each column of (B, 1, H, W).

    Args:
        electrons: e-.
        sigma: the noise's strength; the result is linear in it. Drawn in float32 whatever the image.
        keys: (B,) of `noise_keys` for the draw ``column``. A column's number does not depend on the frame's size.
    """
    normal = standard_normal(keys, 1, electrons.shape[-1])
    return electrons + sigma * normal.to(electrons)
