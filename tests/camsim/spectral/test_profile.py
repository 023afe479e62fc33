"""Profiles with a spectral response: reading, the one that ships, and what they tell."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

import camsim
from camsim.calibrate import fit_color_matrix
from camsim.errors import ProfileError
from camsim.profile_file import read_profiles, to_yaml
from camsim.sensor import MatrixResponse
from camsim.spectral import SpectralResponse, camera_weights, eye_weights, fit_response, reflectances, spectrum
from camsim.spectral.response import curves


def with_response(text: str, response: str) -> str:
    return text.replace("{kind: inverse_isp}", response)


@pytest.mark.parametrize(
    "response",
    [
        "{kind: spectral, sensitivities: Nikon 5100 (NPL), illuminant: D65}",
        "{kind: spectral, sensitivities: Sigma SDMerill (NPL), illuminant: {cct: 5000, locus: daylight}}",
        "{kind: spectral, sensitivities: Nikon 5100 (NPL), illuminant: FL11, channel_scale: [0.8, 1, 0.9]}",
        "{kind: spectral, illuminant: A, reflectances: ISO 17321-1, sensitivities: {wavelengths: [400, 500, 600, 700], "
        "red: [0, 0, 1, 0.1], green: [0, 1, 0.3, 0], blue: [1, 0.2, 0, 0]}}",
    ],
)
def test_read_write_and_compile(profile_text: str, response: str) -> None:
    [profile] = read_profiles(with_response(profile_text, response), "lab.yaml")
    assert read_profiles(to_yaml(profile), "lab.yaml") == [profile]
    assert isinstance(profile.sensor.response, SpectralResponse)
    matrix = fit_response(profile.sensor.response).matrix
    assert profile.resolved_sensor().response == MatrixResponse(matrix=matrix)
    camera = camsim.compile(profile)
    torch.testing.assert_close(camera.sensor.response, torch.tensor(matrix))
    turned = profile.with_knobs({"sensor.read_noise": 4.0})
    assert turned.sensor.response == MatrixResponse(matrix=matrix)


@pytest.mark.parametrize(
    ("response", "expected"),
    [
        (
            "{kind: spectral, sensitivities: Nikon D5100, illuminant: D65}",
            "sensor.response.sensitivities: must be 'Nikon 5100 (NPL)' or 'Sigma SDMerill (NPL)', got 'Nikon D5100'",
        ),
        (
            "{kind: spectral, sensitivities: Nikon 5100 (NPL), illuminant: {cct: 3000, locus: daylight}}",
            "sensor.response.illuminant: CIE daylight is defined from 4000 K on, got 3000; "
            "below, take locus: planckian",
        ),
        (
            "{kind: spectral, sensitivities: {wavelengths: [400, 700], red: [0, 1], green: [1, 1]}, illuminant: A}",
            "sensor.response.sensitivities.blue: is missing",
        ),
    ],
)
def test_a_mistake_is_told_once_and_where_it_is(profile_text: str, response: str, expected: str) -> None:
    with pytest.raises(ProfileError) as caught:
        read_profiles(with_response(profile_text, response), "lab.yaml")
    assert [str(problem) for problem in caught.value.problems] == [f"lab.yaml:15: {expected}"]


def test_curves_from_a_file_beside_the_profile(profile_text: str, tmp_path: Path) -> None:
    (tmp_path / "curves.csv").write_text("400,0,0,1\n500,0,1,0.2\n600,1,0.3,0\n700,0.1,0,0\n", encoding="utf-8")
    text = with_response(profile_text, "{kind: spectral, sensitivities: {file: curves.csv}, illuminant: D50}")
    (tmp_path / "lab.yaml").write_text(text, encoding="utf-8")
    profile = camsim.load(tmp_path / "lab.yaml")
    assert read_profiles(to_yaml(profile), "elsewhere.yaml") == [profile]


def test_the_nikon_says_what_its_sources_give() -> None:
    profile = camsim.load("still/nikon-d5100")
    response = profile.sensor.response
    assert isinstance(response, SpectralResponse)
    light = spectrum("D65")
    weights = camera_weights(curves(response), light)
    to_camera = np.array([[8198, -2239, -724], [-4871, 12389, 2798], [-1043, 2050, 7181]])  # of its source
    white = to_camera @ np.array([0.95047, 1.0, 1.08883])
    np.testing.assert_allclose(weights.sum(0), white / white[1], atol=2e-4)
    stages = {stage.kind: stage for stage in profile.isp}
    np.testing.assert_allclose(stages["white_balance"].gains, 1 / weights.sum(0), atol=1e-4)  # type: ignore[union-attr]
    patches = reflectances("BabelColor Average")
    balanced = patches @ weights / weights.sum(0)
    matrix = fit_color_matrix(balanced, patches @ eye_weights(light), (np.ones(3), np.ones(3)))
    np.testing.assert_allclose(stages["color_matrix"].matrix, matrix, atol=1e-4)  # type: ignore[union-attr]


def test_profiles_are_listed_without_importing_colour_science() -> None:
    code = "import sys; from camsim.catalog import shipped; [profile.knobs() for profile in shipped().values()]"
    code += "; assert 'colour' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
