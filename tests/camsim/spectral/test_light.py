"""Illuminants, sensitivities and reflectances, against colour-science's own sums."""

from __future__ import annotations

from pathlib import Path
from typing import Any, get_args

import colour
import numpy as np
import pytest
from pydantic import TypeAdapter, ValidationError

from camsim.spectral import (
    WAVELENGTHS,
    Sensitivities,
    SensitivityTable,
    Temperature,
    camera_weights,
    eye_weights,
    reflectances,
    sensitivity_curves,
    spectrum,
)
from camsim.spectral.illuminant import words
from camsim.spectral.names import CameraName, IlluminantName, ReflectanceName

SHAPE = colour.SpectralShape(380, 730, 5)
CHARTS = {"babelcolor": "BabelColor Average", "iso17321": "ISO 17321-1"}


def test_every_name_is_one_of_colour_science() -> None:
    assert set(get_args(CameraName)) == set(colour.MSDS_CAMERA_SENSITIVITIES)
    cie = {name for name in colour.SDS_ILLUMINANTS if not name.startswith("ISO")}  # those end at 690 nm and before
    assert set(get_args(IlluminantName)) == cie
    for name in get_args(ReflectanceName):
        table = reflectances(name)
        assert table.shape == (99 if name == "CIE 2017" else 24, 71)
        assert table.min() >= 0
        assert table.max() < 1.05


@pytest.mark.parametrize("chart", CHARTS)
@pytest.mark.parametrize("light", ["D65", "A", "D50"])
def test_camera_rgb_of_a_chart_are_the_golden_ones(golden: Any, chart: str, light: Any) -> None:
    arrays = golden("color_matrix")
    np.testing.assert_array_equal(WAVELENGTHS, arrays["wavelength"])
    weights = camera_weights(sensitivity_curves("Nikon 5100 (NPL)"), spectrum(light))
    patches = reflectances(CHARTS[chart])  # type: ignore[arg-type]
    np.testing.assert_allclose(patches, arrays[f"{chart}__reflectance"], rtol=0, atol=1e-12)
    np.testing.assert_allclose(patches @ weights, arrays[f"{chart}__{light}__raw_rgb"], rtol=0, atol=1e-12)
    np.testing.assert_allclose(weights.sum(0), arrays[f"{chart}__{light}__neutral"], rtol=0, atol=1e-12)


@pytest.mark.parametrize("light", ["D65", "A", "D50"])
def test_what_an_adapted_eye_sees_of_a_chart(golden: Any, light: Any) -> None:
    """The golden colours are adapted to the white of D65 as summed here, ours to that of sRGB: go the rest."""
    arrays = golden("color_matrix")
    ours = reflectances("BabelColor Average") @ eye_weights(spectrum(light))
    space = colour.RGB_COLOURSPACES["sRGB"]
    xyz = arrays[f"babelcolor__{light}__linear_sRGB"] @ np.linalg.inv(space.matrix_XYZ_to_RGB).T
    white = np.linalg.solve(space.matrix_XYZ_to_RGB, np.ones(3))
    adapted = colour.adaptation.chromatic_adaptation_VonKries(xyz, arrays["white_XYZ_D65"], white, transform="Bradford")
    np.testing.assert_allclose(ours, adapted @ space.matrix_XYZ_to_RGB.T, rtol=0, atol=1e-10)


@pytest.mark.parametrize("light", ["D65", "A", "FL11", "LED-B3", Temperature(cct=3000.0, locus="planckian")])
def test_white_is_white_under_every_light(light: Any) -> None:
    np.testing.assert_allclose(eye_weights(spectrum(light)).sum(0), 1, rtol=0, atol=1e-12)


def test_daylight_of_6500_k_is_d65() -> None:
    daylight = spectrum(Temperature(cct=6500.0, locus="daylight"))
    d65 = spectrum("D65")
    np.testing.assert_allclose(daylight / daylight[36], d65 / d65[36], atol=2e-3)
    warm = spectrum(Temperature(cct=5000.0, locus="daylight"))
    d50 = spectrum("D50")
    np.testing.assert_allclose(warm / warm[36], d50 / d50[36], atol=3e-3)


def test_a_black_body_is_plancks() -> None:
    light = spectrum(Temperature(cct=2856.0, locus="planckian"))
    metres = WAVELENGTHS * 1e-9
    planck = metres**-5 / np.expm1(1.4388e-2 / (metres * 2856))
    np.testing.assert_allclose(light, planck / planck.max(), rtol=1e-6)
    a = spectrum("A")
    np.testing.assert_allclose(light, a, atol=2e-3)  # illuminant A is one at 2856 K by today's constants


def test_words() -> None:
    assert words("FL11") == "FL11"
    assert words(Temperature(cct=5000.0, locus="daylight")) == "daylight of 5000 K"
    assert words(Temperature(cct=2856.0, locus="planckian")) == "a black body at 2856 K"


def test_daylight_below_4000_k_is_refused() -> None:
    with pytest.raises(ValidationError, match=r"CIE daylight is defined from 4000 K on, got 3000.*planckian"):
        Temperature(cct=3000.0, locus="daylight")


TABLE = {
    "wavelengths": [390.0, 500.0, 600.0, 710.0],
    "red": [0.0, 0.1, 1.0, 0.2],
    "green": [0.0, 1.0, 0.4, 0.0],
    "blue": [0.5, 0.3, 0.0, 0.0],
}


def test_a_table_is_straight_between_its_samples_and_0_beyond() -> None:
    curves = sensitivity_curves(TypeAdapter(Sensitivities).validate_python(TABLE))
    place = {int(nm): index for index, nm in enumerate(WAVELENGTHS)}
    np.testing.assert_allclose(curves[place[550]], [0.55, 0.7, 0.15])
    np.testing.assert_allclose(curves[[place[380], place[730]]], 0)


def test_a_table_from_a_file(tmp_path: Path) -> None:
    rows = zip(*TABLE.values(), strict=True)
    lines = ["wavelength, R, G, B", *(", ".join(map(str, row)) for row in rows)]
    (tmp_path / "curves.csv").write_text("\n".join(lines), encoding="utf-8")
    read = SensitivityTable.model_validate({"file": "curves.csv"}, context={"folder": tmp_path})
    assert read.model_dump(exclude={"file"}) == SensitivityTable.model_validate(TABLE).model_dump(exclude={"file"})
    assert SensitivityTable.model_validate(read.model_dump()) == read  # the file is not needed any more


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("400,1,2,3\n500,x,1,1\n", "line 2: expected numbers, got '500,x,1,1'"),
        ("400,1,2\n", "line 1: expected wavelength, red, green, blue, got 3"),
        ("wavelength,r,g,b\n", "has 0 rows of numbers"),
    ],
)
def test_a_file_that_is_not_understood(tmp_path: Path, text: str, match: str) -> None:
    (tmp_path / "curves.csv").write_text(text, encoding="utf-8")
    with pytest.raises(ValidationError, match=match):
        SensitivityTable.model_validate({"file": "curves.csv"}, context={"folder": tmp_path})


def test_a_file_elsewhere_is_not_read(tmp_path: Path) -> None:
    with pytest.raises(ValidationError, match="must lie in the profile's folder"):
        SensitivityTable.model_validate({"file": "../curves.csv"}, context={"folder": tmp_path})
    with pytest.raises(ValidationError, match="only with a profile that is a file itself"):
        SensitivityTable.model_validate({"file": "curves.csv"})


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        ({"red": [0.0, 1.0]}, "red has 2 numbers for 4 wavelengths"),
        ({"blue": [0.5, -0.1, 0.0, 0.0]}, "blue must not be negative, got -0.1"),
        ({"wavelengths": [390.0, 600.0, 500.0, 710.0]}, "wavelengths must increase"),
        ({"wavelengths": [390.0, 500.0, 600.0, 650.0]}, "must span 400 to 680 nm, got 390 to 650"),
        ({"red": TABLE["green"]}, "must be three different curves"),
    ],
)
def test_a_table_that_makes_no_sense_is_refused(changes: dict[str, Any], match: str) -> None:
    with pytest.raises(ValidationError, match=match):
        SensitivityTable.model_validate(TABLE | changes)
