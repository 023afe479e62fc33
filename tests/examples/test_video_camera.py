"""The camera for video calls: its size, and the mistakes that its choices hold."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import Tensor

import camsim
from camsim import Profile

DEVICE = camsim.load(Path(__file__).parents[2] / "examples" / "profiles" / "video-camera.yaml")


def shown(profile: Profile, scene: Tensor) -> Tensor:
    with torch.no_grad():
        return camsim.compile(profile)(scene, seed=None)


def test_it_gives_a_third_of_the_sensors_height_and_width() -> None:
    assert DEVICE.output_size(480, 640) == (160, 213)
    assert shown(DEVICE, torch.full((1, 3, 48, 66), 0.2)).shape == (1, 3, 16, 22)


def test_its_mistakes_are_what_they_are_called() -> None:
    wrong_range, wrong_matrix, motion_jpeg = (
        DEVICE.with_choice({"isp.chroma_subsampling": stage}) for stage in DEVICE.choices["isp.chroma_subsampling"]
    )
    dark, light = torch.zeros(1, 3, 36, 36), torch.ones(1, 3, 36, 36)
    for profile, black, white in ((DEVICE, 0, 1), (wrong_range, 16 / 255, 235 / 255), (wrong_matrix, 0, 1)):
        assert shown(profile, dark).mean().item() == pytest.approx(black, abs=0.003)
        assert shown(profile, light).mean().item() == pytest.approx(white, abs=0.003)
    red = torch.tensor([0.5, 0.05, 0.05])[None, :, None, None].expand(1, 3, 36, 36)
    right, wrong, stored = (shown(profile, red).mean((0, 2, 3)) for profile in (DEVICE, wrong_matrix, motion_jpeg))
    assert (right - wrong).abs().max() > 0.05
    assert (right - stored).abs().max() < 0.02
