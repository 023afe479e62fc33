"""The profiles among the examples: they are what they say, and drift with the temperature."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from scipy import stats

import camsim
from audit.axes import axis_profiles

PROFILES = Path(__file__).parents[2] / "examples" / "profiles"


@pytest.mark.parametrize("path", sorted(PROFILES.glob("*.yaml")), ids=lambda path: path.stem)
def test_they_measure_as_they_say(path: Path) -> None:
    assert camsim.validate(camsim.load(path)).passed


def test_the_numbers_of_the_d850_are_those_of_the_calibration() -> None:
    sensor = camsim.load(PROFILES / "nikon-d850-tails.yaml").sensor
    gain, shape = 0.4150393264348262, -0.114286
    scale = np.exp(0.4773896839219417 * np.log(gain) - 0.09044499670414502)
    assert sensor.read_noise == pytest.approx(scale * stats.tukeylambda.std(shape) / gain, abs=0.005)
    row = np.exp(0.44829219631519307 * np.log(gain) - 1.7977103277112132)
    assert sensor.row_noise == pytest.approx(row / gain, abs=0.005)


def test_the_warm_camera_gets_darker_and_steadier_as_it_cools() -> None:
    device = camsim.load(PROFILES / "warm-camera.yaml")
    dark = torch.zeros(1, 3, 128, 128)
    means, spreads = [], []
    for step in axis_profiles(device, "temperature", [0, 45, 85]):
        raw = camsim.compile(step).capture(dark, seed=1)
        means.append(raw.mean().item())
        spreads.append(raw.std().item())
        sensor = step.resolved_sensor()
        collected = 8 * 0.02 * 2 ** ((sensor.temperature - 25) / 8)
        hot = 5e-4 * 300 * np.exp(0.5) * collected / 8
        expected = 240 + 0.05 * (sensor.temperature - 25) + 0.3571 * (collected + hot)
        assert means[-1] == pytest.approx(expected, abs=4 * 0.5 + 4 * spreads[-1] / 128)
    assert means[0] < means[1] < means[2]
    assert spreads[0] < spreads[1] < spreads[2]
