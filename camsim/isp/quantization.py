"""The steps of a JPEG's coefficients."""

from __future__ import annotations

import torch
from torch import Tensor

from camsim.isp.rounding import round_down

LUMA_TABLE = (
    (16, 11, 10, 16, 24, 40, 51, 61),
    (12, 12, 14, 19, 26, 58, 60, 55),
    (14, 13, 16, 24, 40, 57, 69, 56),
    (14, 17, 22, 29, 51, 87, 80, 62),
    (18, 22, 37, 56, 68, 109, 103, 77),
    (24, 35, 55, 64, 81, 104, 113, 92),
    (49, 64, 78, 87, 103, 121, 120, 101),
    (72, 92, 95, 98, 112, 100, 103, 99),
)
CHROMA_TABLE = (
    (17, 18, 24, 47, 99, 99, 99, 99),
    (18, 21, 26, 66, 99, 99, 99, 99),
    (24, 26, 56, 99, 99, 99, 99, 99),
    (47, 66, 99, 99, 99, 99, 99, 99),
    *[(99,) * 8] * 4,
)
"""ITU-T T.81, tables K.1 and K.2: the steps of quality 50."""


def quantization_table(table: tuple[tuple[int, ...], ...], quality: Tensor) -> Tensor:
    """Steps (8, 8) of the coefficients, whole numbers in [1, 255], for a quality (): libjpeg's scaling.

    s = floor(5000 / q) below 50, else 200 - 2 q; floor((T s + 50) / 100), limited. Rounding is straight-through
    backward.
    """
    whole = torch.tensor(table, dtype=quality.dtype, device=quality.device)
    scale = torch.where(quality < 50, round_down(5000 / quality.clamp_max(50)), 200 - 2 * quality)
    return round_down((whole * scale + 50) / 100).clamp(1, 255)
