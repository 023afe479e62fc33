"""Linearisation of companded mosaics."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import camsim
from camsim.cfa import RawFormat
from camsim.isp import Linearize, linearize
from camsim.profile_file import read_profiles, to_yaml

GIVEN = (0.0, 512.0, 1023.0, 2047.0, 4095.0)
LINEAR = (0.0, 512.0, 2048.0, 16384.0, 262143.0)
"""Knees of a readout that compands 18 bits into 12."""
CURVE = [torch.tensor(knots, dtype=torch.float64) for knots in (GIVEN, LINEAR)]


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32], ids=["f64", "f32"])
@pytest.mark.parametrize("knots", [(GIVEN, LINEAR), (range(4096), np.cumsum(np.linspace(0, 4, 4096)))])
def test_equals_numpy(knots: tuple[tuple[float, ...], tuple[float, ...]], dtype: torch.dtype) -> None:
    dn = np.concatenate([np.arange(4096), np.random.default_rng(1).uniform(0, 4095, 500)])
    given, linear = (np.array(numbers, dtype=np.float64) for numbers in knots)
    ours = linearize(*(torch.from_numpy(numbers).to(dtype) for numbers in (dn, given, linear))).numpy()
    tolerance = 1e-12 if dtype == torch.float64 else 1e-6
    np.testing.assert_allclose(ours, np.interp(dn, given, linear), rtol=tolerance, atol=tolerance * linear[-1])


def test_companding_and_back() -> None:
    light = torch.linspace(0, 262143, 999, dtype=torch.float64)
    companded = torch.from_numpy(np.interp(light.numpy(), LINEAR, GIVEN))
    torch.testing.assert_close(linearize(companded, *CURVE), light)


def test_beyond_the_knots_it_goes_on() -> None:
    out = linearize(torch.tensor([-2.0, 4097.0], dtype=torch.float64), *CURVE)
    assert out.tolist() == pytest.approx([-2.0, 262143 + 2 * (262143 - 16384) / 2048])


def test_the_levels_go_through_the_same_curve() -> None:
    raw = RawFormat("RGGB", black=(64.0,) * 4, white=(4000.0, 4095.0, 2047.0, 1023.0), full_scale=4095.0)
    after = Linearize(given=GIVEN, linear=LINEAR).gives_format(raw)
    assert after.cfa == "RGGB"
    assert after.black == pytest.approx((64.0,) * 4)
    assert after.white == pytest.approx(np.interp(raw.white, GIVEN, LINEAR))
    assert after.full_scale == pytest.approx(262143)


ENTRY = "  - {kind: linearize, given: [0, 512, 1023, 2047, 4095], linear: [0, 512, 2048, 16384, 262143]}\n"
BLACK = "  - {kind: black_level}\n"


def test_in_a_profile_a_companded_mosaic_develops_as_the_linear_one(profile_text: str) -> None:
    """A sensor of 12 bits that gives what one of 18 bits gives, companded; coarser steps are all that differs."""
    wide = profile_text.replace("bit_depth: 12", "bit_depth: 16").replace("white_level: 4095", "white_level: 60000")
    [linear] = read_profiles(wide, "wide.yaml")
    [companded] = read_profiles(profile_text.replace(BLACK, ENTRY + BLACK), "lab.yaml")
    assert read_profiles(to_yaml(companded), "again.yaml") == [companded]
    assert "isp.linearize.linear" in companded.knobs()
    levels = companded.resolved_isp()[1]
    assert levels.knobs()["level"].tolist() == pytest.approx([256.0] * 4)
    light = 256 + (60000 - 256) * torch.linspace(0, 1, 400, dtype=torch.float64).reshape(1, 1, 20, 20)
    whole_range = companded.model_copy(
        update={"isp": (companded.isp[0], levels.replace({"white": (60000.0,) * 4}), *companded.isp[2:])}
    )
    with torch.no_grad():
        expected = camsim.compile(linear, dtype=torch.float64).develop(light)
        dn = torch.from_numpy(np.interp(light.numpy(), LINEAR, GIVEN))
        ours = camsim.compile(whole_range, dtype=torch.float64).develop(dn)
    torch.testing.assert_close(ours, expected, rtol=0, atol=1e-9)


def test_its_place_is_before_black_level(profile_text: str) -> None:
    with pytest.raises(camsim.ProfileError, match=r"linearize takes digital numbers, but .* black_level gives"):
        read_profiles(profile_text.replace(BLACK, BLACK + ENTRY), "lab.yaml")


def test_knots_that_make_no_curve_are_refused() -> None:
    with pytest.raises(ValueError, match="need as many numbers each, got 3 and 2"):
        Linearize(given=(0, 1, 2), linear=(0, 1))
    with pytest.raises(ValueError, match="given must increase from knot to knot"):
        Linearize(given=(0, 5, 5), linear=(0, 1, 2))
    with pytest.raises(ValueError, match=r"must lie in \[0, 1.67772e\+07\] DN, got -1"):
        Linearize(given=(0, 5), linear=(-1, 2))
    with pytest.raises(ValueError, match="at most 4096"):
        Linearize(given=tuple(range(4097)), linear=(0.0,) * 4097)


def test_levels_that_the_curve_turns_around_are_refused(profile_text: str) -> None:
    falling = ENTRY.replace("[0, 512, 2048, 16384, 262143]", "[9, 8, 7, 6, 5]")
    with pytest.raises(camsim.ProfileError, match="must lie above the black level"):
        read_profiles(profile_text.replace(BLACK, falling + BLACK), "lab.yaml")
