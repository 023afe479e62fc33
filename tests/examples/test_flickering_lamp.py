"""examples/profiles/flickering-lamp.yaml: bands as its sources say, and none where the exposure lasts whole periods."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

import camsim

FILE = Path(__file__).parents[2] / "examples" / "profiles" / "flickering-lamp.yaml"


def rows(profile: camsim.Profile) -> NDArray[np.float64]:
    """The light of each row of an even scene, over the mean."""
    with torch.no_grad():
        raw = camsim.compile(profile).capture(torch.full((1, 3, 1520, 64), 0.3), seed=2)
    light = raw[0, 0].double().mean(1).reshape(-1, 2).mean(1).numpy() - 64
    return np.asarray(light / light.mean())


def test_bands_of_380_rows_that_no_whole_period_has() -> None:
    profile = camsim.load(FILE)
    spectrum = np.abs(np.fft.rfft(rows(profile) - 1)) / 380
    assert spectrum.argmax() == 4  # 1520 rows
    assert abs(spectrum[4] - 0.4 * np.sinc(0.4)) < 0.01
    steady = profile.with_knobs({"sensor.exposure_time": 0.01})
    assert np.abs(np.fft.rfft(rows(steady) - 1)).max() / 380 < 0.01


def test_the_shipped_device_is_the_same_under_steady_light() -> None:
    profile, shipped = camsim.load(FILE), camsim.load("board/rpi-v3-imx708")
    assert profile.sensor.replace({"rolling_shutter": None, "exposure_time": None}) == shipped.sensor
    assert profile.isp == shipped.isp
