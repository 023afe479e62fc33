"""camsim stage by stage in torch, float32."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

import camsim
from benchmarks.chain import PROFILE
from benchmarks.subjects.camsim_knobs import trainable_of
from benchmarks.subjects.subject import Subject, Trainable


def prepare(raw: Tensor) -> Callable[[], Tensor]:
    camera = camsim.compile(PROFILE, fused=False)
    return torch.inference_mode()(lambda: camera.develop(raw))


def trainable(dtype: torch.dtype) -> Trainable:
    return trainable_of(camsim.compile(PROFILE, dtype=dtype, fused=False))


SUBJECT = Subject("camsim plain", prepare, picture=lambda out: out, tolerance=2e-5, trainable=trainable)
