"""Camera and network together, against the network alone."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

import camsim
from audit.data import Dataset
from audit.optimize import JointTuning, Plan, tune_jointly
from camsim.errors import CamsimError

from .conftest import Brightness

CAMERA = camsim.load("seed/drone/bi-s-ga")
PLAN = Plan(steps=40, batch=8)


def classes(data: Dataset) -> dict[str, int]:
    return {sample.id: int(sample.target == "bright") for sample in data.samples}


def jointly(network: nn.Module, data: Dataset, targets: Any, **options: Any) -> JointTuning:
    given = {"exposure": 0.05, "limits": "physical", "plan": PLAN, "network_rate": 1e-4} | options
    return tune_jointly(network, data.samples, targets, CAMERA, **given)


def test_it_beats_the_network_trained_alone_at_5_percent(scenes: Dataset) -> None:
    """The network's one weight learns slowly, so that only the camera can make up for the light."""
    network = Brightness()
    done = jointly(network, scenes, classes(scenes))
    assert done.gain.gain.low > 0.1
    assert done.gain.learned.value > 0.9
    assert network.threshold.item() == pytest.approx(0.4)  # a copy was trained
    thresholds = [arm.network.get_parameter("threshold").item() for arm in (done.learned, done.frozen)]
    assert all(0 < abs(value - 0.4) < 0.01 for value in thresholds)
    assert done.frozen.profile.name == "frozen/seed/drone/bi-s-ga"
    assert done.learned.profile.name == "learned/seed/drone/bi-s-ga"
    before, after = done.frozen.profile.knobs(), done.learned.profile.knobs()
    moved = {name for name in before if (before[name].value != after[name].value).any()}
    assert "isp.white_balance.gains" in moved
    assert all(name.startswith("isp.") for name in moved)


def test_both_trainings_begin_alike_and_without_a_camera_to_tune_end_alike(scenes: Dataset) -> None:
    """With steps too small to move the camera, both are the same training."""
    done = jointly(Brightness(), scenes, classes(scenes), plan=Plan(steps=6, batch=8, rate=1e-12), network_rate=0.01)
    assert done.learned.checks[0] == done.frozen.checks[0]
    for one, other in zip(done.learned.checks, done.frozen.checks, strict=True):
        assert one.loss == pytest.approx(other.loss, rel=1e-6)


class Pixels(nn.Module):
    """Each pixel by its own brightness."""

    def __init__(self) -> None:
        super().__init__()
        self.threshold = nn.Parameter(torch.tensor(0.4))

    def forward(self, image: Tensor) -> Tensor:
        level = 20 * (image.mean(dim=1) - self.threshold)
        return torch.stack([-level, level], dim=1)


def test_masks(scenes: Dataset) -> None:
    masks = {sample.id: np.full((16, 16), int(sample.target == "bright"), dtype=np.int64) for sample in scenes.samples}
    done = jointly(Pixels(), scenes, masks)
    assert done.gain.gain.low > 0.05
    assert 0 < done.gain.learned.value <= 1


def test_wrong_inputs_are_refused(scenes: Dataset) -> None:
    targets = classes(scenes)
    del targets["007"]
    with pytest.raises(CamsimError, match="sample '007' has no target; give one for each of 60 samples"):
        jointly(Brightness(), scenes, targets)
    with pytest.raises(CamsimError, match="the training loss is nan in step 1"):
        jointly(Brightness(float("nan")), scenes, classes(scenes))
