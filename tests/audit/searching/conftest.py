"""A network that only dark devices fool, scenes, and a device of few knobs."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn

import camsim
from audit.models import TorchModel
from camsim import Profile

DECLARED = {
    "input_size": [24, 24],
    "color": "RGB",
    "scale": 1 / 255,
    "mean": 0.0,
    "std": 1.0,
    "resize": "stretch",
    "output_kind": "logits",
    "classes": ["dark", "bright"],
}


class Level(nn.Module):
    """Bright above a level of the mean: a longer exposure lifts dark scenes across it."""

    def __init__(self, level: float = 0.285, slope: float = 60.0) -> None:
        super().__init__()
        self.level = nn.Parameter(torch.tensor(level))
        self.slope = slope

    def forward(self, images: Tensor) -> Tensor:
        above = self.slope * (images.mean(dim=(1, 2, 3)) - self.level)
        return torch.stack([-above, above], dim=1)


class Misleading(nn.Module):
    """Wrong about bright scenes as soon as they are a little darker, behind a jump; its slope shows the other way."""

    def __init__(self) -> None:
        super().__init__()
        self.level = nn.Parameter(torch.tensor(0.74))

    def forward(self, images: Tensor) -> Tensor:
        off = images.mean(dim=(1, 2, 3)) - self.level
        # The sign has no gradient; what has one calls every scene more doubtful the longer the exposure.
        above = 8 * torch.sign(off).detach() - 0.4 * off.abs()
        return torch.stack([-above, above], dim=1)


def make_device(**update: Any) -> Profile:
    """Two knobs, unless it is given others."""
    search = {"sensor.exposure": {"relative": 0.4}, "sensor.read_noise": {"relative": 0.3}}
    plain = camsim.load("machine-vision/imx250")
    return Profile.model_validate(plain.model_dump() | {"search": search, "choices": {}, "orders": ()} | update)


@pytest.fixture
def network() -> TorchModel:
    return TorchModel(Level().eval(), "level", DECLARED)


@pytest.fixture
def misleading() -> TorchModel:
    return TorchModel(Misleading().eval(), "misleading", DECLARED)
