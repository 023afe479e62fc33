"""Sensitivity of the knobs: Sobol' indices of a function that has known ones, gradients against differences."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

import camsim
from audit.camera import open_camera
from audit.forensics.knobs import KnobCube
from audit.forensics.local import local_sensitivity
from audit.forensics.sobol import SobolIndices, design, indices, sobol
from audit.progress import Silent
from audit.task import ClassTask
from camsim import Profile
from camsim.errors import CamsimError

from ..conftest import PythonModel, by_brightness, make_dataset

DATA = make_dataset(6)
AIMS = {sample.id: number % 2 for number, sample in enumerate(DATA.samples)}


class Bright:
    """The gradient model of `by_brightness`."""

    def log_probabilities(self, images: torch.Tensor) -> torch.Tensor:
        level = images.mean(dim=(1, 2, 3)) - 0.5
        return torch.stack([-20 * level, 20 * level], dim=1).log_softmax(dim=1)


def task() -> ClassTask:
    return ClassTask(PythonModel(by_brightness), AIMS, Bright())


def device(**ranges: object) -> Profile:
    base = camsim.load("phone/google-pixel-imx378")
    return Profile.model_validate(base.model_dump() | {"search": ranges or None})


def test_ishigami() -> None:
    """Published indices of the Ishigami function (a = 7, b = 0.1): first .3139 .4424 0, total .5576 .4424 .2437."""
    points = design([slice(0, 1), slice(1, 2), slice(2, 3)], 4096, seed=0)
    x = np.pi * (2 * points - 1)
    losses = np.sin(x[..., 0]) + 7 * np.sin(x[..., 1]) ** 2 + 0.1 * x[..., 2] ** 4 * np.sin(x[..., 0])
    first, total = indices(losses, seed=0)
    assert np.allclose(first[:, 0], [0.3139, 0.4424, 0.0], atol=0.03)
    assert np.allclose(total[:, 0], [0.5576, 0.4424, 0.2437], atol=0.03)
    assert (first[:, 1] <= first[:, 0]).all()
    assert (first[:, 0] <= first[:, 2]).all()


def test_a_group_of_axes_is_one_factor() -> None:
    """y = x0 + x1 + 2 x2 with the first two as one group: it has a third of the variance."""
    points = design([slice(0, 2), slice(2, 3)], 1024, seed=1)
    first, total = indices(points @ np.array([1.0, 1.0, 2.0]), seed=0)
    assert np.allclose(first[:, 0], [1 / 3, 2 / 3], atol=0.03)
    assert np.allclose(total[:, 0], first[:, 0], atol=0.03)


def test_the_design_mixes_one_group_at_a_time() -> None:
    groups = [slice(0, 2), slice(2, 3)]
    points = design(groups, 8, seed=0)
    assert points.shape == (8, 4, 3)
    a, b, first, second = points.transpose(1, 0, 2)
    assert (first[:, :2] == b[:, :2]).all()
    assert (first[:, 2:] == a[:, 2:]).all()
    assert (second[:, :2] == a[:, :2]).all()
    assert (design(groups, 8, seed=0) == points).all()


def test_the_cube_reaches_the_limits_of_the_ranges() -> None:
    profile = device(**{"sensor.exposure": {"relative": 0.4}, "isp.white_balance.gains": {"relative": 0.1}})
    cube = KnobCube.of(profile)
    assert cube.names == ("sensor.exposure", "isp.white_balance.gains")
    assert cube.groups == [slice(0, 1), slice(1, 4)]
    top = cube.at(np.ones(4), "top").knobs()
    assert top["sensor.exposure"].value == pytest.approx(1.4 * profile.knobs()["sensor.exposure"].value)
    assert np.allclose(top["isp.white_balance.gains"].value, [1.1 * 2.5602, 1.1, 1.1 * 1.4603])
    assert KnobCube.of(device(**{"sensor.exposure": {"relative": 0.0}})).size == 0


def test_only_the_knob_that_matters_has_a_share(tmp_path: Path) -> None:
    profile = device(**{"sensor.exposure": {"relative": 0.5}, "isp.sharpen.amount": {"interval": [0.6, 0.8]}})
    cube = KnobCube.of(profile)

    def run(parts: Path | None) -> SobolIndices:
        return sobol(task(), DATA.samples[:3], cube, rows=16, seed=0, parts=parts, show=Silent())

    found = run(tmp_path)
    assert found.knobs == ("sensor.exposure", "isp.sharpen.amount")
    assert found.settings == 16 * 4
    assert found.total[0].value > 0.5
    assert found.total[1].value < 0.01
    assert len(list(tmp_path.iterdir())) == 16
    assert run(tmp_path) == found == run(None)


def test_settings_that_make_no_profile_are_refused() -> None:
    profile = device(**{"isp.black_level.level": {"interval": [0.0, 1100.0]}})
    with pytest.raises(CamsimError, match="within the plausible ranges is no valid profile"):
        sobol(task(), DATA.samples[:1], KnobCube.of(profile), rows=8, seed=0, parts=None, show=Silent())


def test_gradients_agree_with_differences_of_the_true_pipeline() -> None:
    profile = device(
        **{
            "sensor.exposure": {"relative": 0.1},
            "isp.black_level.level": {"absolute": 20.0},
            "isp.denoise.sigma": {"absolute": 0.1},
        }
    )
    cube = KnobCube.of(profile)
    found = local_sensitivity(task(), DATA.samples, cube, seed=0, show=Silent())
    effects = dict(zip(found.knobs, (effect.value for effect in found.effects), strict=True))

    def loss(knobs: dict[str, object]) -> float:
        camera = open_camera(profile.with_knobs(knobs))
        pictures = [camera.shoot(sample.load(), 0, sample.id) for sample in DATA.samples]
        return float(task().judge(pictures, [sample.id for sample in DATA.samples]).losses.mean())

    exposure = float(profile.knobs()["sensor.exposure"].value)
    step = 0.02 * exposure
    difference = loss({"sensor.exposure": exposure + step}) - loss({"sensor.exposure": exposure - step})
    assert effects["sensor.exposure"] == pytest.approx(abs(difference / 0.04 * 0.1), rel=0.1)
    level = 64.0
    moved = [loss({"isp.black_level.level": [level + sign * 4.0] * 4}) for sign in (1, -1)]
    assert effects["isp.black_level.level"] == pytest.approx(abs((moved[0] - moved[1]) / 8 * 20), rel=0.1)
    assert effects["isp.denoise.sigma"] < effects["sensor.exposure"] / 20
