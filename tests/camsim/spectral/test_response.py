"""The 3x3 response fitted to spectra, and spectra themselves as scenes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from pydantic import ValidationError

from camsim.sensor import respond
from camsim.spectral import (
    WAVELENGTHS,
    SensitivityTable,
    SpectralResponse,
    Temperature,
    camera_rgb,
    camera_weights,
    cube_weights,
    eye_weights,
    fit_response,
    reflectances,
    sensitivity_curves,
    spectral_scene,
    spectrum,
)

NIKON = SpectralResponse(sensitivities="Nikon 5100 (NPL)", illuminant="D65")


@pytest.mark.parametrize("light", ["D65", "A", "FL11", Temperature(cct=5000.0, locus="daylight")])
@pytest.mark.parametrize("camera", ["Nikon 5100 (NPL)", "Sigma SDMerill (NPL)"])
def test_white_and_greys_are_exact_and_surfaces_close(camera: Any, light: Any) -> None:
    found = fit_response(SpectralResponse(sensitivities=camera, illuminant=light))
    neutral = camera_weights(sensitivity_curves(camera), spectrum(light)).sum(0)
    np.testing.assert_allclose(np.array(found.matrix) @ np.ones(3), neutral, rtol=1e-12)
    np.testing.assert_allclose(found.neutral, neutral, rtol=1e-12)
    assert found.surfaces == 99
    assert 0.002 < found.rms < 0.0105
    assert found.rms < found.largest < 0.04


def test_the_residual_is_that_of_the_matrix() -> None:
    found = fit_response(NIKON)
    light = spectrum("D65")
    surfaces = reflectances("CIE 2017")
    seen = surfaces @ camera_weights(sensitivity_curves("Nikon 5100 (NPL)"), light)
    off = surfaces @ eye_weights(light) @ np.array(found.matrix).T - seen
    assert found.rms == pytest.approx(np.sqrt(np.mean(off**2)))
    assert found.largest == pytest.approx(np.abs(off).max())
    assert found.words == (
        "3x3 fitted to 99 surfaces: camera RGB off by 0.79 % of white's green rms, 2.75 % at most; white exact"
    )


def test_another_set_of_surfaces_gives_nearly_the_same_matrix() -> None:
    chart = fit_response(NIKON.replace({"reflectances": "BabelColor Average"}))
    assert np.abs(np.array(chart.matrix) - np.array(fit_response(NIKON).matrix)).max() < 0.06


def test_channels_are_scaled() -> None:
    scaled = fit_response(NIKON.replace({"channel_scale": (2.0, 4.0, 1.0)}))
    plain = fit_response(NIKON)
    np.testing.assert_allclose(scaled.matrix, np.diag([0.5, 1.0, 0.25]) @ np.array(plain.matrix), rtol=1e-12)


def test_a_camera_that_sees_as_the_eye_does_is_fitted_without_error() -> None:
    """Luther's condition: with the observer's own curves the response is sRGB to XYZ and the adaptation undone."""
    import colour

    observer = colour.MSDS_CMFS["CIE 1931 2 Degree Standard Observer"].copy().align(colour.SpectralShape(380, 730, 5))
    x, y, z = (tuple(curve) for curve in observer.values.T)
    table = SensitivityTable(wavelengths=tuple(WAVELENGTHS), red=x, green=y, blue=z)
    found = fit_response(SpectralResponse(sensitivities=table, illuminant="A"))
    assert found.largest < 1e-12
    to_xyz = np.linalg.inv(colour.RGB_COLOURSPACES["sRGB"].matrix_XYZ_to_RGB)
    light = spectrum("A")
    own = observer.values.T @ light / (observer.values[:, 1] @ light)
    back = colour.adaptation.matrix_chromatic_adaptation_VonKries(to_xyz @ np.ones(3), own, transform="Bradford")
    np.testing.assert_allclose(found.matrix, back @ to_xyz, atol=1e-12)


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        ({"sensitivities": "Nikon D5100"}, "sensitivities"),
        ({"illuminant": "D66"}, "illuminant"),
        ({"reflectances": "Munsell"}, "reflectances"),
    ],
)
def test_unknown_names_are_refused(changes: dict[str, Any], match: str) -> None:
    with pytest.raises(ValidationError, match=match):
        NIKON.replace(changes)


def chart_cube(bands: np.ndarray[Any, Any]) -> torch.Tensor:
    """(1, L, 4, 6) the chart's patches, one a pixel."""
    patches = np.stack([np.interp(bands, WAVELENGTHS, one) for one in reflectances("BabelColor Average")])
    return torch.from_numpy(patches.T.reshape(1, len(bands), 4, 6).copy())


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
def test_a_scene_of_spectra_shows_the_camera_its_exact_rgb(golden: Any, dtype: torch.dtype) -> None:
    scene = spectral_scene(chart_cube(WAVELENGTHS).to(dtype), tuple(WAVELENGTHS), NIKON)
    matrix = torch.tensor(fit_response(NIKON).matrix, dtype=dtype)
    seen = respond(scene, matrix)[0].flatten(1).T.double().numpy()
    expected = golden("color_matrix")["babelcolor__D65__raw_rgb"]
    np.testing.assert_allclose(seen, expected, rtol=0, atol=1e-12 if dtype == torch.float64 else 1e-6)


def test_coarse_bands_are_integrated_not_sampled() -> None:
    """10 nm bands of smooth reflectances under a lamp of sharp lines: within 1 % of 5 nm bands."""
    lamp = NIKON.replace({"illuminant": "FL11"})
    coarse = np.arange(400, 701, 10.0)
    fine = camera_rgb(chart_cube(WAVELENGTHS), torch.from_numpy(cube_weights(tuple(WAVELENGTHS), lamp)))
    rough = camera_rgb(chart_cube(coarse), torch.from_numpy(cube_weights(tuple(coarse), lamp)))
    torch.testing.assert_close(fine, rough, rtol=0, atol=0.01)


def test_radiance_holds_its_own_light() -> None:
    """Reflectance times a lamp, in units of white's luminance, is what reflectance is under that lamp."""
    import colour

    shape = colour.SpectralShape(380, 730, 5)
    eye = colour.MSDS_CMFS["CIE 1931 2 Degree Standard Observer"].copy().align(shape).values[:, 1]
    for lamp, response in (("A", NIKON), ("D65", NIKON.replace({"illuminant": "A"}))):
        light = spectrum(lamp)  # type: ignore[arg-type]
        radiance = chart_cube(WAVELENGTHS) * torch.from_numpy(light / (eye @ light * 5))[:, None, None]
        weights = torch.from_numpy(cube_weights(tuple(WAVELENGTHS), response, radiance=True))
        seen = camera_rgb(radiance, weights)
        own = spectrum(response.illuminant)
        curves = sensitivity_curves("Nikon 5100 (NPL)")
        white = (curves[:, 1] @ own) / (eye @ own)  # green of a white of luminance 1 under the response's own light
        of_lamp = torch.einsum("lc,blhw->bchw", torch.from_numpy(curves * light[:, None]), chart_cube(WAVELENGTHS))
        torch.testing.assert_close(seen, of_lamp / (eye @ light) / white, rtol=1e-10, atol=0)


def test_gradient() -> None:
    cube = torch.rand(2, 5, 2, 3, dtype=torch.float64, requires_grad=True)
    bands = (400.0, 480.0, 550.0, 620.0, 700.0)
    assert torch.autograd.gradcheck(lambda given: spectral_scene(given, bands, NIKON), (cube,))


@pytest.mark.parametrize(
    ("cube", "bands", "match"),
    [
        (torch.ones(1, 3, 2, 2), (400.0, 700.0), r"shape \(B, 2, H, W\), got \(1, 3, 2, 2\)"),
        (torch.ones(1, 2, 2, 2, dtype=torch.int64), (400.0, 700.0), "needs floats"),
        (torch.ones(1, 2, 2, 2), (700.0, 400.0), "increasing numbers"),
        (torch.ones(1, 2, 2, 2), (450.0, 700.0), "must reach from 400 to 700 nm, got 450 to 700"),
    ],
)
def test_a_cube_that_does_not_fit_is_refused(cube: torch.Tensor, bands: tuple[float, ...], match: str) -> None:
    with pytest.raises(ValueError, match=match):
        spectral_scene(cube, bands, NIKON)
