"""System gain: electrons to digital numbers."""

from __future__ import annotations

from torch import Tensor

from camsim.cfa import per_site


def amplify(electrons: Tensor, system_gain: Tensor, black_level: Tensor) -> Tensor:
    """K · electrons + black level, before rounding.

    Args:
        electrons: (B, 1, H, W) e-.
        system_gain: () K, DN/e-.
        black_level: (4,) DN for each CFA site, row by row.

    Returns:
        (B, 1, H, W) DN. Source: EMVA Standard 1288 release 4.0 Linear, equation 3.
    """
    return system_gain * electrons + per_site(black_level, electrons.shape[-2], electrons.shape[-1])
