"""Profiles in Python: knobs, ranges, turning knobs."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from pydantic import ValidationError

import camsim
from camsim.isp import Clip, GaussianDenoise, SharpeningFilter
from camsim.profile import Profile
from camsim.profile_file import read_profiles, to_yaml
from camsim.sensor import MatrixResponse
from camsim.spec import Range

NAMES = {
    "sensor.black_level": ("DN", (0, 65535), (4,)),
    "sensor.system_gain": ("DN/e-", (1e-4, 1e3), ()),
    "sensor.full_well": ("e-", (1, 1e8), ()),
    "sensor.read_noise": ("e-", (0, 1e4), ()),
    "sensor.exposure": ("e-", (1e-3, 1e8), ()),
    "isp.black_level.level": ("DN", (0, 65535), (4,)),
    "isp.white_balance.gains": ("1", (-16, 16), (3,)),
    "isp.color_matrix.matrix": ("1", (-16, 16), (3, 3)),
    "isp.sharpen.radius": ("px", (0.1, 10), ()),
    "isp.sharpen.amount": ("1", (0, 10), ()),
    "isp.gamma.gamma": ("1", (0.2, 5), ()),
}


@pytest.fixture
def profile(profile_text: str) -> Profile:
    [profile] = read_profiles(profile_text, "lab.yaml")
    return profile


def with_isp(profile: Profile, *stages: Any) -> Profile:
    isp = [*profile.isp[:-1], *stages, profile.isp[-1]]
    return Profile.model_validate(profile.model_dump() | {"isp": [stage.model_dump() for stage in isp]})


def test_knobs_have_units_bounds_and_values(profile: Profile) -> None:
    knobs = profile.knobs()
    assert {name: (knob.unit, knob.bounds, knob.value.shape) for name, knob in knobs.items()} == NAMES
    assert all(knob.name == name for name, knob in knobs.items())
    assert knobs["sensor.black_level"].value.tolist() == [256] * 4
    assert knobs["isp.black_level.level"].value.tolist() == [256] * 4
    assert knobs["sensor.exposure"].value == (4095 - 256) / 0.5


def test_repeated_stages_are_numbered(profile: Profile) -> None:
    again = with_isp(profile, SharpeningFilter(), GaussianDenoise(sigma=1.0), Clip(), GaussianDenoise(sigma=2.0))
    assert again.stage_names() == (
        *("black_level", "demosaic", "white_balance", "color_matrix", "sharpen", "clip"),
        *("sharpen_2", "denoise", "clip_2", "denoise_2", "gamma"),
    )
    knobs = again.knobs()
    assert knobs["isp.denoise.sigma"].value == 1
    assert knobs["isp.denoise_2.sigma"].value == 2
    assert again.with_knobs({"isp.denoise_2.sigma": 3.0}).isp[9] == GaussianDenoise(sigma=3.0)
    assert {"isp.clip_2.low", "isp.sharpen_2"} <= again.field_paths()


def test_ranges_are_the_profiles_own(profile: Profile) -> None:
    ranges = profile.ranges()
    assert set(ranges) == {"sensor.read_noise"}
    low, high = ranges["sensor.read_noise"]
    assert (low, high) == (pytest.approx(2.4), pytest.approx(3.6))


def test_without_ranges_every_knob_strays_as_its_kind_does(profile: Profile) -> None:
    free = profile.model_copy(update={"search": None})
    ranges = free.ranges()
    assert set(ranges) == set(NAMES)
    for name, knob in free.knobs().items():
        low, high = ranges[name]
        assert low.shape == high.shape == knob.value.shape
        assert (knob.bounds[0] <= low).all()
        assert (low <= knob.value).all()
        assert (knob.value <= high).all()
        assert (high <= knob.bounds[1]).all()


def test_assumed_ranges_are_cut_to_the_bounds(profile: Profile) -> None:
    at_limit = with_isp(profile, GaussianDenoise(sigma=0.1)).model_copy(update={"search": None})
    low, high = at_limit.ranges()["isp.denoise.sigma"]
    assert (low, high) == (pytest.approx(0.1), pytest.approx(0.15))


def test_no_ranges_at_all_can_be_stated(profile: Profile) -> None:
    assert profile.model_copy(update={"search": {}}).ranges() == {}


def test_turning_knobs(profile: Profile) -> None:
    values = {"isp.white_balance.gains": [1.8, 1.0, 1.7], "sensor.read_noise": 5.0}
    turned = profile.with_knobs(values, name="lab/turned")
    assert turned.name == "lab/turned"
    assert profile.with_knobs(values).name == profile.name
    for name, knob in turned.knobs().items():
        np.testing.assert_array_equal(knob.value, values.get(name, profile.knobs()[name].value))
    assert turned.search is None
    entry = turned.provenance["sensor.read_noise"]
    assert (entry.status, entry.source) == ("assumed", "turned away from 3.0 of lab/one")
    assert profile.with_knobs({"sensor.read_noise": 3.0}).provenance == profile.provenance
    assert profile.knobs()["sensor.read_noise"].value == 3


def test_turning_an_isp_knob_leaves_the_sensor_alone(profile: Profile) -> None:
    """The response was the inverse of the ISP; it stays what it was, or drift would undo itself."""
    response = profile.resolved_sensor().response
    assert isinstance(response, MatrixResponse)
    turned = profile.with_knobs({"isp.white_balance.gains": [1.0, 1.0, 1.0], "isp.black_level.level": [300.0] * 4})
    assert turned.sensor.response == response
    assert turned.sensor.exposure == profile.knobs()["sensor.exposure"].value
    assert turned.raw_format == profile.raw_format


def test_turning_a_sensor_knob_leaves_the_isp_alone(profile: Profile) -> None:
    turned = profile.with_knobs({"sensor.black_level": [250.0] * 4, "sensor.system_gain": 0.6})
    assert turned.knobs()["isp.black_level.level"].value.tolist() == [256] * 4
    assert turned.knobs()["sensor.exposure"].value == (4095 - 256) / 0.5


def test_turning_nothing_changes_no_picture(profile: Profile) -> None:
    scene = torch.rand(1, 3, 16, 16, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        before = camsim.compile(profile)(scene)
        after = camsim.compile(profile.with_knobs({}))(scene)
    assert torch.equal(before, after)


@pytest.mark.parametrize("name", ["seed/drone/ma-u-ga", "seed/microscope/me-s-me", "reference/srgb"])
def test_turned_profiles_of_every_kind_are_written_and_read_back(name: str) -> None:
    profile = camsim.load(name)
    turned = profile.with_knobs({"sensor.read_noise": 9.0})
    assert read_profiles(to_yaml(turned), "x.yaml") == [turned]


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"isp.sharpen.radis": 1.0}, "'isp.sharpen.radis' is not a knob of lab/one; did you mean 'isp.sharpen.radius'"),
        ({"sensor.bit_depth": 10}, "'sensor.bit_depth' is not a knob"),
        ({"isp.clip.low": 0.1}, "'isp.clip.low' is not a knob"),
        ({"isp.sharpen.radius": 99.0}, r"must lie in \[0.1, 10\] px, got 99"),
        ({"isp.white_balance.gains": [1.0, 1.0, -99.0]}, r"must lie in \[-16, 16\], got -99"),
        ({"isp.white_balance.gains": 1.0}, r"isp.white_balance.gains has shape \(3,\), got \(\)"),
        ({"sensor.black_level": [256.0]}, r"sensor.black_level has shape \(4,\), got \(1,\)"),
        ({"isp.sharpen.radius": float("nan")}, "finite"),
        ({"sensor.black_level": [5000.0] * 4}, "needs black_level < white_level"),
        ({"isp.black_level.level": [5000.0] * 4}, "must lie above the black level"),
    ],
)
def test_what_cannot_be_turned_is_refused(profile: Profile, values: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        profile.with_knobs(values)


def test_a_singular_colour_conversion_needs_a_response_of_its_own(profile: Profile) -> None:
    data = profile.model_dump()
    data["isp"] = [dict(stage) for stage in data["isp"]]
    data["isp"][2]["gains"] = (1.0, 0.0, 1.0)
    with pytest.raises(ValidationError, match="no inverse; give a matrix instead"):
        Profile.model_validate(data)
    data["sensor"]["response"] = {"kind": "matrix", "matrix": np.eye(3).tolist()}
    assert Profile.model_validate(data).isp[2].kind == "white_balance"


def test_white_balance_and_matrix_are_inverted_in_their_order(profile: Profile) -> None:
    matrix = [[1.5, -0.3, -0.2], [-0.2, 1.7, -0.5], [0.0, -0.3, 1.3]]
    data = profile.model_dump()
    data["isp"] = [dict(stage) for stage in data["isp"]]
    data["isp"][3]["matrix"] = matrix
    response = Profile.model_validate(data).resolved_sensor().response
    assert isinstance(response, MatrixResponse)
    together = np.array(matrix) @ np.diag([2.0, 1.0, 1.5])
    np.testing.assert_allclose(response.matrix, np.linalg.inv(together), rtol=0, atol=1e-12)


def test_ranges_of_a_profile_in_python_are_checked_too(profile: Profile) -> None:
    with pytest.raises(ValidationError, match="must contain the profile's own value"):
        Profile.model_validate(profile.model_dump() | {"search": {"sensor.read_noise": Range(interval=(5.0, 6.0))}})
