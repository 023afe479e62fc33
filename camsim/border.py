"""The border every neighbourhood operation uses: a mirror that does not repeat the edge pixel (index -1 is 1).

It keeps the CFA phase, and symmetric linear filters commute with it.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F


def mirror_pad(image: Tensor, pad: int) -> Tensor:
    """Extend (B, C, H, W) by ``pad`` pixels on all four sides; any size from 2x2 up, at any pad."""
    height, width = image.shape[-2:]
    # The quicker way where it works. An exported program is to work for every size, so it must not branch on it.
    if not torch.compiler.is_exporting() and pad < min(height, width):
        return F.pad(image, (pad, pad, pad, pad), mode="reflect")
    rows = _mirror_index(height, pad, image.device)
    columns = _mirror_index(width, pad, image.device)
    return image.index_select(-2, rows).index_select(-1, columns)


def _mirror_index(size: int, pad: int, device: torch.device) -> Tensor:
    # A tensor, since ONNX has no remainder by a size that is not known yet.
    period = torch.full((1,), 2 * (size - 1), device=device).clamp_min(1)
    index = torch.arange(-pad, size + pad, device=device).remainder(period)
    return torch.minimum(index, period - index)
