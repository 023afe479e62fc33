"""What a subject of the comparison is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor


@dataclass(frozen=True)
class Trainable:
    """A subject with gradients."""

    develop: Callable[[Tensor], Tensor]
    """(B, 1, H, W) DN -> (B, 3, H, W) display values."""
    knobs: Mapping[str, Tensor]
    """Its parameters; ``gains`` (3,) and ``matrix`` (3, 3) go by these names in every subject."""


@dataclass(frozen=True)
class Subject:
    """One way to compute `benchmarks.chain`."""

    name: str
    prepare: Callable[[Tensor], Callable[[], Any]]
    """From mosaics (B, 1, H, W) float32 DN, make what is timed. Conversions that a user would have behind them
    (uint16 for libraries that want it, NumPy for those on arrays) belong here."""
    picture: Callable[[Any], Tensor]
    """From what was timed to display values (B, 3, H, W)."""
    tolerance: float | None
    """Largest difference allowed to camsim's plain float64, in display values; None: another chain, not compared."""
    margin: int = 0
    """Pixels at the border left out of the comparison, for libraries with a border of their own."""
    darkest: float = 0.0
    """The least display value it gives."""
    pixels: Callable[[], int] | None = None
    """Pixels of what is timed, where that is not the mosaics given."""
    trainable: Callable[[torch.dtype], Trainable] | None = None
    """The same with gradients, in a precision, where it has them."""
