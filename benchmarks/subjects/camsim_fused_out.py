"""camsim in one pass over rows, float32, into memory that is already there."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

import camsim
from benchmarks.chain import PROFILE
from benchmarks.subjects.subject import Subject


def prepare(raw: Tensor) -> Callable[[], Tensor]:
    camera = camsim.compile(PROFILE, fused=True)
    batch, _, height, width = raw.shape
    out = torch.zeros(batch, 3, height, width)
    return torch.inference_mode()(lambda: camera.develop(raw, out=out))


SUBJECT = Subject("camsim fused, out=", prepare, picture=lambda out: out, tolerance=2e-6)
