"""A camsim emulator as the gradient comparison sees it."""

from __future__ import annotations

import camsim
from benchmarks.subjects.subject import Trainable

_SHARED = {"white_balance.gains": "gains", "color_matrix.matrix": "matrix"}


def trainable_of(camera: camsim.Emulator) -> Trainable:
    """Its ISP's knobs, those that every subject has under their common names."""
    return Trainable(camera.develop, {_SHARED.get(name, name): knob for name, knob in camera.isp.named_parameters()})
