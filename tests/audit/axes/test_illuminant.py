"""Light of another colour against tabulated whites and against what white balance is for."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import camsim
from audit.axes import axis_profiles
from audit.axes.illuminant import camera_factors
from audit.axes.light import white_of
from camsim import Profile
from camsim.errors import CamsimError
from camsim.isp import Malvar2004
from camsim.isp.white_balance import CctBalance, GreyWorld

PHONE = camsim.load("phone/oneplus-6-imx519")

TO_RGB = np.array([[3.2406, -1.5372, -0.4986], [-0.9689, 1.8758, 0.0415], [0.0557, -0.2040, 1.0570]])
"""IEC 61966-2-1, the printed digits."""


def linear(profile: Profile, rgb: tuple[float, float, float]) -> torch.Tensor:
    """(3,): the middle of an even, noiseless scene after the display's curve is undone."""
    scene = torch.tensor(rgb, dtype=torch.float64)[None, :, None, None].expand(1, 3, 40, 40).contiguous()
    with torch.no_grad():
        shown = camsim.compile(profile, dtype=torch.float64)(scene, seed=None)[0, :, 16:24, 16:24].mean((1, 2))
    return torch.where(shown <= 0.04045, shown / 12.92, ((shown + 0.055) / 1.055) ** 2.4)


@pytest.mark.parametrize(
    ("temperature", "xy"),
    [
        (2856.0, (0.44757, 0.40745)),  # CIE illuminant A, a black body
        (5000.0, (0.34567, 0.35850)),  # D50
        (5500.0, (0.33242, 0.34743)),  # D55
        (6500.0, (0.31272, 0.32903)),  # D65
        (7500.0, (0.29902, 0.31485)),  # D75
    ],
)
def test_whites_are_those_of_the_cie(temperature: float, xy: tuple[float, float]) -> None:
    """CIE 15:2018, tables; within the rounding of sRGB's printed matrix and of the fit to black bodies."""
    x, y = xy
    expected = TO_RGB @ [x / y, 1, (1 - x - y) / y]
    np.testing.assert_allclose(white_of(temperature), expected, rtol=5e-3)


def test_luminance_stays() -> None:
    for temperature in (2500, 4000, 10000):
        assert white_of(temperature) @ [0.2126, 0.7152, 0.0722] == pytest.approx(1, abs=2e-3)


def test_the_scenes_own_light_changes_nothing_at_all() -> None:
    assert (camera_factors(np.array([[0.5, 0.3, 0.1], [0.2, 0.7, 0.1], [0.0, 0.2, 0.6]]), 6500) == 1).all()


@pytest.mark.parametrize("temperature", [3200.0, 5000.0, 10000.0])
def test_a_camera_that_sees_srgb_sees_the_white_of_the_light(temperature: float) -> None:
    """The reference has no white balance of its own to speak of, so that its picture is cast by the light."""
    (step,) = axis_profiles(camsim.load("reference/srgb"), "illuminant", [temperature])
    expected = 0.3 * white_of(temperature) / white_of(6500)
    np.testing.assert_allclose(linear(step, (0.3, 0.3, 0.3)), expected, rtol=2e-3)


@pytest.mark.parametrize("temperature", [2500.0, 10000.0])
def test_perfect_balance_gives_back_every_colour_that_is_not_clipped(temperature: float) -> None:
    (fixed,) = axis_profiles(PHONE, "illuminant", [temperature])
    (balanced,) = axis_profiles(PHONE, "illuminant-balanced", [temperature])
    for rgb in ((0.2, 0.2, 0.2), (0.25, 0.2, 0.15)):
        own = linear(PHONE, rgb)
        torch.testing.assert_close(linear(balanced, rgb), own, rtol=0.02, atol=1e-3)
        assert (linear(fixed, rgb) - own).abs().max() > 0.03
    red, _, blue = linear(fixed, (0.2, 0.2, 0.2))
    assert (red > blue) == (temperature < 6500)


def test_what_is_left_of_perfect_balance_is_noise_where_light_is_scarce() -> None:
    """A warm lamp has little blue, which the gain then raises with its noise."""
    (warm,) = axis_profiles(PHONE, "illuminant-balanced", [2500])
    scene = torch.full((1, 3, 128, 128), 0.1)
    with torch.no_grad():
        blue, warm_blue = (camsim.compile(p)(scene, seed=1)[0, 2].std() for p in (PHONE, warm))
    assert warm_blue > 1.5 * blue


def test_automatic_balance_answers_by_itself_and_cannot_be_set() -> None:
    chain = tuple(GreyWorld() if stage.kind == "white_balance" else stage for stage in PHONE.resolved_isp())
    auto = PHONE.with_knobs({}).model_copy(update={"isp": chain, "provenance": {}})
    (step,) = axis_profiles(auto, "illuminant", [3200])
    own, found = (linear(profile, (0.2, 0.2, 0.2)) for profile in (auto, step))
    torch.testing.assert_close(found / found[1], own / own[1], rtol=0.01, atol=0)
    with pytest.raises(CamsimError, match="its white balance sets itself"):
        axis_profiles(auto, "illuminant-balanced", [3200])


def test_gains_that_follow_a_curve_cannot_be_set() -> None:
    curve = CctBalance(cct=5000, temperatures=(2500, 6500), red=(0.9, 0.5), blue=(0.3, 0.7))
    chain = tuple(curve if stage.kind == "white_balance" else stage for stage in PHONE.resolved_isp())
    stated = PHONE.with_knobs({}).model_copy(update={"isp": chain, "provenance": {}})
    with pytest.raises(CamsimError, match="gains follow its curve"):
        axis_profiles(stated, "illuminant-balanced", [3200])


def test_other_light_needs_a_sensor_of_three_colours() -> None:
    (step,) = axis_profiles(camsim.load("still/fujifilm-x-t2"), "illuminant", [3200])
    warm = linear(step, (0.2, 0.2, 0.2))
    assert warm[0] > 1.3 * warm[2]
    with pytest.raises(CamsimError, match=r"imx250-mono \(mono\) does not see red, green and blue alone"):
        axis_profiles(camsim.load("machine-vision/imx250-mono"), "illuminant", [3200])


def test_without_white_balance_there_is_nothing_to_set() -> None:
    chain = tuple(stage for stage in PHONE.resolved_isp() if stage.kind != "white_balance")
    bare = PHONE.with_knobs({}).model_copy(update={"isp": chain, "provenance": {}})
    with pytest.raises(CamsimError, match="has no white balance"):
        axis_profiles(bare, "illuminant-balanced")


def test_colours_mixed_before_the_balance_cannot_be_balanced() -> None:
    stages = {stage.kind: stage for stage in PHONE.resolved_isp()}
    chain = (Malvar2004(), stages["color_matrix"], stages["white_balance"], stages["gamma"])
    mixed = PHONE.with_knobs({}).model_copy(update={"isp": chain, "provenance": {}})
    with pytest.raises(CamsimError, match="mixed before the white balance"):
        axis_profiles(mixed, "illuminant-balanced")


@pytest.mark.parametrize("temperature", [1000.0, 30000.0])
def test_temperatures_beyond_the_formulas_are_refused(temperature: float) -> None:
    with pytest.raises(CamsimError, match=r"illuminant=\d+: a colour temperature must lie in \[1667, 25000\] K"):
        axis_profiles(PHONE, "illuminant", [temperature])


def test_a_response_that_would_see_less_than_nothing_is_refused() -> None:
    microscope = camsim.load("seed/microscope/ma-s-ga")
    with pytest.raises(CamsimError, match=r"illuminant=2500: its response makes .* all three must be above 0"):
        axis_profiles(microscope, "illuminant", [2500])
    assert axis_profiles(microscope, "illuminant", [5000])
