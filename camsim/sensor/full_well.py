"""Full-well capacity."""

from __future__ import annotations

import torch
from torch import Tensor


def saturate(electrons: Tensor, full_well: Tensor) -> Tensor:
    """A pixel holds no more than ``full_well`` () e-; any shape. The gradient goes to whichever is smaller."""
    return torch.minimum(electrons, full_well)
