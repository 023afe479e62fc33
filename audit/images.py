"""Pictures as tensors."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor


def as_images(pictures: Sequence[NDArray[np.uint8]]) -> Tensor:
    """Pictures (H, W, 3) of one size, 0..255, as (B, 3, H, W) float32 in [0, 1]."""
    planes = np.stack([picture.transpose(2, 0, 1) for picture in pictures])
    return torch.from_numpy(planes).float() / 255
