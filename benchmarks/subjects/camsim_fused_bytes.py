"""camsim in one pass over rows, from 16-bit mosaics to new 8-bit images."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

import camsim
from benchmarks.chain import PROFILE
from benchmarks.subjects.subject import Subject


def prepare(raw: Tensor) -> Callable[[], Tensor]:
    camera = camsim.compile(PROFILE, fused=True)
    mosaics = raw.to(torch.uint16)
    return torch.inference_mode()(lambda: camera.develop(mosaics, dtype=torch.uint8))


# Half a step of 8 bits, and float32's own error.
SUBJECT = Subject("camsim fused, uint16 to uint8", prepare, picture=lambda out: out / 255, tolerance=0.5 / 255 + 2e-6)
