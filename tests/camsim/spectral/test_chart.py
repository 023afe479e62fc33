"""A ColorChecker before a spectral camera: light, sensor, mosaic, ISP, and how far its colours are from the chart's."""

from __future__ import annotations

from typing import Any

import colour
import numpy as np
import pytest
import torch
from numpy.typing import NDArray

import camsim
from camsim.calibrate import fit_color_matrix
from camsim.spectral import (
    WAVELENGTHS,
    SpectralResponse,
    eye_weights,
    fit_response,
    reflectances,
    spectral_scene,
    spectrum,
)

CHARTS = {"babelcolor": "BabelColor Average", "iso17321": "ISO 17321-1"}
SIDE = 12
"""Of a patch, px."""


def camera(response: SpectralResponse, matrix: NDArray[np.float64]) -> camsim.Profile:
    """A 14-bit camera whose ISP balances white and corrects colours, and does nothing else."""
    gains = 1 / np.array(fit_response(response).neutral)
    return camsim.Profile.model_validate(
        {
            "name": "lab/spectral",
            "title": "A spectral camera",
            "sensor": {
                **{"cfa": "RGGB", "bit_depth": 14, "black_level": 512.0, "white_level": 16383.0, "read_noise": 3.0},
                **{"system_gain": 0.2, "full_well": 1e5, "response": response.model_dump()},
            },
            "isp": [
                {"kind": "black_level"},
                {"kind": "demosaic", "method": "malvar2004"},
                {"kind": "white_balance", "gains": gains.tolist()},
                {"kind": "color_matrix", "matrix": matrix.tolist()},
                {"kind": "gamma", "encoding": "power", "gamma": 1.0},
            ],
        }
    )


def chart_scene(chart: Any, response: SpectralResponse) -> torch.Tensor:
    """(1, 3, 4 SIDE, 6 SIDE): the chart's spectra as this camera's scene."""
    patches = torch.from_numpy(reflectances(chart).copy()).T.reshape(1, 71, 4, 6)
    cube = patches.repeat_interleave(SIDE, 2).repeat_interleave(SIDE, 3)
    return spectral_scene(cube, tuple(WAVELENGTHS), response)


def shot(profile: camsim.Profile, scene: torch.Tensor, seed: int | None = None) -> NDArray[np.float64]:
    """(24, 3): the middles of the patches as the camera shows them, linear."""
    emulator = camsim.compile(profile, dtype=torch.float64)
    with torch.no_grad():
        shown = emulator.develop(emulator.capture(scene, seed=seed))
    tiles = shown[0].reshape(3, 4, SIDE, 6, SIDE)[:, :, 4:-4, :, 4:-4]
    means: NDArray[np.float64] = tiles.mean((2, 4)).flatten(1).T.numpy()
    return means


def differences(shown: NDArray[np.float64], wanted: NDArray[np.float64]) -> NDArray[np.float64]:
    """(24,) CIE deltaE 2000 between linear sRGB colours."""
    to_xyz = np.linalg.inv(colour.RGB_COLOURSPACES["sRGB"].matrix_XYZ_to_RGB)
    white = colour.XYZ_to_xy(to_xyz @ np.ones(3))
    first, second = (colour.XYZ_to_Lab(colors @ to_xyz.T, white) for colors in (shown, wanted))
    return np.asarray(colour.delta_E(first, second, method="CIE 2000"))


@pytest.mark.parametrize("chart", CHARTS)
@pytest.mark.parametrize("light", ["D65", "A", "D50"])
def test_a_color_checker_through_capture_and_develop(golden: Any, chart: str, light: Any) -> None:
    """Mean deltaE2000 at most 1.1 and largest at most 3.3 with the least-squares matrix; each patch as it should."""
    arrays = golden("color_matrix")
    response = SpectralResponse(sensitivities="Nikon 5100 (NPL)", illuminant=light)
    profile = camera(response, arrays[f"{chart}__{light}__ccm_lsq"])
    found = differences(
        shot(profile, chart_scene(CHARTS[chart], response)),
        reflectances(CHARTS[chart]) @ eye_weights(spectrum(light)),  # type: ignore[arg-type]
    )
    assert found.mean() <= 1.1
    assert found.max() <= 3.3
    np.testing.assert_allclose(found, arrays[f"{chart}__{light}__deltaE2000_lsq"], atol=0.1)  # of rounding to DN


def test_a_matrix_fitted_to_the_cameras_own_pictures_of_the_chart_is_the_golden_one(golden: Any) -> None:
    """As one would calibrate: shoot the chart with noise, balance, fit."""
    response = SpectralResponse(sensitivities="Nikon 5100 (NPL)", illuminant="D65")
    seen = shot(camera(response, np.eye(3)), chart_scene("BabelColor Average", response), seed=3)
    wanted = reflectances("BabelColor Average") @ eye_weights(spectrum("D65"))
    fitted = fit_color_matrix(seen, wanted)
    np.testing.assert_allclose(fitted, golden("color_matrix")["babelcolor__D65__ccm_lsq"], atol=0.02)
    again = shot(camera(response, fitted), chart_scene("BabelColor Average", response), seed=4)
    assert differences(again, wanted).mean() < 1.1


def test_the_3x3_response_is_close_to_the_spectra(golden: Any) -> None:
    """What an RGB scene loses: the chart given as colours, not as spectra, through the same camera."""
    response = SpectralResponse(sensitivities="Nikon 5100 (NPL)", illuminant="D65")
    matrix = golden("color_matrix")["babelcolor__D65__ccm_white_preserving"]
    wanted = reflectances("BabelColor Average") @ eye_weights(spectrum("D65"))
    colors = torch.from_numpy(wanted).T.reshape(1, 3, 4, 6).repeat_interleave(SIDE, 2).repeat_interleave(SIDE, 3)
    profile = camera(response, matrix)
    exact, fitted = shot(profile, chart_scene("BabelColor Average", response)), shot(profile, colors.contiguous())
    assert 0.2 < differences(exact, fitted).mean() < 1.2
