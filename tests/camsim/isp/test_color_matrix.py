"""Colour matrices: their direction above all."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from colour.characterisation import polynomial_expansion_Finlayson2015
from pydantic import ValidationError

import camsim
from camsim.isp import (
    AffineColorMatrix,
    ColorMatrix,
    InterpolatedColorMatrix,
    RootPolynomialColorMatrix,
    color_matrix,
    color_matrix_affine,
    color_matrix_interpolated,
    color_matrix_root_polynomial,
)
from camsim.profile_file import read_profiles, to_yaml

RNG = np.random.default_rng(1)
RGB = RNG.normal(size=(2, 3, 4, 5))


def pixels(image: Any) -> Any:
    return np.moveaxis(np.asarray(image), 1, -1)


def test_the_first_row_makes_red() -> None:
    matrix = torch.tensor([[0.0, 1.0, 0.0], [0.0, 0.0, 1.0], [1.0, 0.0, 0.0]])
    red = torch.tensor([1.0, 0.0, 0.0])[None, :, None, None].expand(1, 3, 2, 2)
    assert color_matrix(red, matrix)[0, :, 0, 0].tolist() == [0.0, 0.0, 1.0]


def test_equals_numpy_pixel_by_pixel() -> None:
    matrix = RNG.normal(size=(3, 3))
    ours = color_matrix(torch.from_numpy(RGB), torch.from_numpy(matrix)).numpy()
    np.testing.assert_allclose(pixels(ours), pixels(RGB) @ matrix.T, rtol=0, atol=1e-14)


def test_affine_equals_numpy_with_a_fourth_channel_of_ones() -> None:
    matrix = RNG.normal(size=(3, 4))
    ours = color_matrix_affine(torch.from_numpy(RGB), torch.from_numpy(matrix)).numpy()
    four = np.concatenate([pixels(RGB), np.ones((2, 4, 5, 1))], axis=-1)
    np.testing.assert_allclose(pixels(ours), four @ matrix.T, rtol=0, atol=1e-14)


@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float64, 1e-13), (torch.float32, 1e-5)], ids=["f64", "f32"])
def test_root_polynomial_equals_colour_science(dtype: torch.dtype, tolerance: float) -> None:
    matrix, light = RNG.normal(size=(3, 6)), np.abs(RGB)
    ours = color_matrix_root_polynomial(torch.from_numpy(light).to(dtype), torch.from_numpy(matrix).to(dtype)).numpy()
    expected = polynomial_expansion_Finlayson2015(pixels(light), 2, root_polynomial_expansion=True) @ matrix.T
    np.testing.assert_allclose(pixels(ours), expected, rtol=0, atol=tolerance)


def test_root_polynomial_is_the_same_at_every_exposure() -> None:
    rgb, matrix = torch.from_numpy(RGB), torch.from_numpy(RNG.normal(size=(3, 6)))
    twice = color_matrix_root_polynomial(7.5 * rgb, matrix)
    torch.testing.assert_close(twice, 7.5 * color_matrix_root_polynomial(rgb, matrix))


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32], ids=["f64", "f32"])
def test_the_slope_of_a_root_near_zero_is_that_of_the_chord(dtype: torch.dtype) -> None:
    rgb = torch.tensor([0.0, 0.49, -0.1], dtype=dtype)[None, :, None, None].requires_grad_()
    matrix = torch.zeros(3, 6, dtype=dtype)
    matrix[0, 3] = matrix[1, 4] = 1.0  # √RG and √GB
    out = color_matrix_root_polynomial(rgb, matrix)
    out.sum().backward()
    assert out.flatten().tolist() == [0.0, 0.0, 0.0]
    assert rgb.grad is not None
    assert rgb.grad.flatten().tolist() == pytest.approx([0.7 * 1e3, 0.0, 0.0], rel=1e-5)


TEMPERATURES = [2500.0, 2850.0, 4200.0, 6504.0, 9000.0]
CALIBRATED = RNG.normal(size=(5, 3, 3))


@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float64, 1e-13), (torch.float32, 1e-5)], ids=["f64", "f32"])
@pytest.mark.parametrize("cct", [1000.0, 2500.0, 2600.0, 2850.0, 3333.0, 5000.0, 6504.0, 8000.0, 9000.0, 25000.0])
def test_interpolated_is_linear_in_the_inverse_temperature(cct: float, dtype: torch.dtype, tolerance: float) -> None:
    given = (torch.tensor(item, dtype=dtype) for item in (cct, TEMPERATURES, CALIBRATED))
    ours = color_matrix_interpolated(torch.from_numpy(RGB).to(dtype), *given).numpy()
    inverse = 1 / np.array(TEMPERATURES[::-1])
    flat = CALIBRATED[::-1].reshape(5, 9).T
    matrix = np.array([np.interp(1 / cct, inverse, column) for column in flat]).reshape(3, 3)
    np.testing.assert_allclose(pixels(ours), pixels(RGB) @ matrix.T, rtol=0, atol=tolerance)
    spec = InterpolatedColorMatrix(cct=cct, temperatures=TEMPERATURES, matrices=CALIBRATED.tolist())
    np.testing.assert_allclose(spec.color(), matrix, rtol=0, atol=1e-13)


@pytest.mark.parametrize(("cct", "inside"), [(1500.0, 2501.0), (20000.0, 8990.0)])
def test_beyond_the_calibrated_temperatures_the_gradient_is_that_of_the_last_piece(cct: float, inside: float) -> None:
    slopes = []
    for kelvin in (cct, inside):
        temperature = torch.tensor(kelvin, dtype=torch.float64, requires_grad=True)
        given = (torch.tensor(item, dtype=torch.float64) for item in (TEMPERATURES, CALIBRATED))
        color_matrix_interpolated(torch.from_numpy(RGB), temperature, *given).sum().backward()
        assert temperature.grad is not None
        slopes.append(float(temperature.grad) * kelvin**2)  # by 1 / cct
    assert slopes[0] == pytest.approx(slopes[1])
    assert slopes[0] != 0


@pytest.mark.parametrize("matrix", [[[1.0, 0.0, 0.0]], [[1.0, 0.0], [0.0, 1.0]], [[17.0, 0.0, 0.0]] * 3, 1.0])
def test_other_matrices_are_refused(matrix: object) -> None:
    for spec in (ColorMatrix, AffineColorMatrix, RootPolynomialColorMatrix):
        with pytest.raises(ValidationError):
            spec(matrix=matrix)


IDENTITY = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"matrices": [IDENTITY]}, "at least 2"),
        ({"matrices": [IDENTITY] * 3}, "needs one matrix for each of the temperatures, got 2 and 3"),
        ({"temperatures": [6500, 2850]}, r"must increase within \[1000, 25000\] K, got \[6500.0, 2850.0\]"),
        ({"temperatures": [0, 2850]}, r"must increase within \[1000, 25000\] K"),
        ({"cct": 900}, r"must lie in \[1000, 25000\] K, got 900"),
    ],
)
def test_calibrations_that_do_not_fit_are_refused(changes: dict[str, Any], message: str) -> None:
    given = {"cct": 5000, "temperatures": [2850, 6500], "matrices": [IDENTITY, IDENTITY]}
    with pytest.raises(ValidationError, match=message):
        InterpolatedColorMatrix(**given | changes)


MATRIX = "    matrix: [[1.5, -0.3, -0.2], [-0.2, 1.7, -0.5], [0.0, -0.3, 1.3]]\n"


def with_correction(profile_text: str, lines: str) -> str:
    begin = profile_text.index("  - kind: color_matrix\n")
    end = profile_text.index("  - {kind: sharpen")
    return profile_text[:begin] + "  - kind: color_matrix\n" + lines + profile_text[end:]


def test_the_method_may_be_left_out(profile_text: str) -> None:
    [plain] = read_profiles(with_correction(profile_text, MATRIX), "lab.yaml")
    [said] = read_profiles(with_correction(profile_text, "    method: linear\n" + MATRIX), "lab.yaml")
    assert plain == said
    assert read_profiles(to_yaml(plain), "lab.yaml") == [plain]


def test_errors_name_the_place_with_the_method_and_without(profile_text: str) -> None:
    wrong = with_correction(profile_text, MATRIX.replace("1.7", "17"))
    with pytest.raises(camsim.ProfileError, match=r"\]\.color_matrix\.matrix: must lie in \[-16, 16\], got 17"):
        read_profiles(wrong, "lab.yaml")
    with pytest.raises(camsim.ProfileError, match=r"color_matrix: method must be one of .*did you mean 'linear'"):
        read_profiles(with_correction(profile_text, "    method: linaer\n" + MATRIX), "lab.yaml")
    with pytest.raises(camsim.ProfileError, match=r"color_matrix\.matrix\[0\]\[5\]: is missing"):
        read_profiles(with_correction(profile_text, "    method: root_polynomial\n" + MATRIX), "lab.yaml")


def test_the_inverse_response_takes_the_interpolated_matrix_and_refuses_what_is_no_matrix(profile_text: str) -> None:
    [plain] = read_profiles(with_correction(profile_text, MATRIX), "lab.yaml")
    row = MATRIX.removeprefix("    matrix: ").strip()
    both = f"    method: interpolated\n    cct: 4000\n    temperatures: [2850, 6500]\n    matrices: [{row}, {row}]\n"
    [interpolated] = read_profiles(with_correction(profile_text, both), "lab.yaml")
    ours, theirs = (np.array(p.resolved_sensor().response.matrix) for p in (interpolated, plain))
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-12)
    assert {"isp.color_matrix.cct", "isp.color_matrix.matrices"} <= set(interpolated.knobs())
    affine = "    method: affine\n    matrix: [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0]]\n"
    with pytest.raises(camsim.ProfileError, match="color_matrix/affine has no inverse that is known"):
        read_profiles(with_correction(profile_text, affine), "lab.yaml")


def test_profiles_keep_their_text() -> None:
    """The method is not written out where it is the one that every profile had before there were others."""
    text = to_yaml(camsim.load("board/rpi-v1-ov5647"))
    assert "kind: white_balance\n  gains:" in text
    assert "kind: color_matrix\n  matrix:" in text
