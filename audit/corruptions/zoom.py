"""A picture seen closer, about its middle."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn.functional import interpolate


def zoomed(image: NDArray[Any], factor: float) -> NDArray[Any]:
    """(H, W, C) enlarged by a factor >= 1, bilinear, its corners on corners, cut back to (H, W, C)."""
    height, width = image.shape[:2]
    rows, columns = math.ceil(height / factor), math.ceil(width / factor)
    top, left = (height - rows) // 2, (width - columns) // 2
    middle = np.ascontiguousarray(image[top : top + rows, left : left + columns].transpose(2, 0, 1))
    size = (round(rows * factor), round(columns * factor))
    larger = interpolate(torch.from_numpy(middle)[None], size, mode="bilinear", align_corners=True)[0]
    cut: NDArray[Any] = larger[:, :height, :width].numpy().transpose(1, 2, 0)
    return cut
