"""Tone curves."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from scipy.interpolate import PchipInterpolator
from torch import Tensor

import camsim
from camsim.isp import (
    FilmicTone,
    HableTone,
    ReinhardTone,
    SplineTone,
    tone_aces,
    tone_filmic,
    tone_hable,
    tone_reinhard,
    tone_spline,
)

DTYPES = pytest.mark.parametrize(
    ("dtype", "tolerance"), [(torch.float64, 1e-12), (torch.float32, 2e-6)], ids=["f64", "f32"]
)


def number(value: float, dtype: torch.dtype = torch.float64) -> Tensor:
    return torch.tensor(value, dtype=dtype)


def as_picture(values: Any, dtype: torch.dtype = torch.float64) -> Tensor:
    return torch.as_tensor(np.asarray(values)).to(dtype).expand(1, 3, 1, -1)


@DTYPES
@pytest.mark.parametrize("channels", ["luminance", "rgb"])
def test_reinhard(golden: Any, dtype: torch.dtype, tolerance: float, channels: Any) -> None:
    """Of grey, luminance and each channel are the same."""
    x = as_picture(golden("transfer")["tm_x"], dtype)
    ours = tone_reinhard(x, number(4.0, dtype), number(1.0, dtype), channels)[0, 1, 0].numpy()
    np.testing.assert_allclose(ours, golden("transfer")["tm_reinhard_ext_w4"], rtol=tolerance, atol=tolerance)
    without_white = tone_reinhard(x, number(1e9, dtype), number(1.0, dtype), channels)[0, 1, 0].numpy()
    np.testing.assert_allclose(without_white, golden("transfer")["tm_reinhard"], rtol=tolerance, atol=tolerance)


@DTYPES
def test_hable(golden: Any, dtype: torch.dtype, tolerance: float) -> None:
    x = as_picture(golden("transfer")["tm_x"], dtype)
    ours = tone_hable(x, number(11.2, dtype), number(2.0, dtype))[0, 2, 0].numpy()
    np.testing.assert_allclose(ours, golden("transfer")["tm_hable"], rtol=0, atol=tolerance)


@DTYPES
def test_aces(golden: Any, dtype: torch.dtype, tolerance: float) -> None:
    """The source limits to 1; we leave that to a clip."""
    x = as_picture(golden("transfer")["tm_x"], dtype)
    ours = tone_aces(x, number(1.0, dtype))[0, 0, 0]
    expected = golden("transfer")["tm_aces_narkowicz"]
    np.testing.assert_allclose(ours.clamp(max=1).numpy(), np.minimum(expected, 1), rtol=0, atol=tolerance)
    assert 1.0 < tone_aces(as_picture([1e4]), number(1.0)).max() < 1.0330


def test_filmic() -> None:
    """Values of the published formula, worked out by hand in exact fractions; black stays black."""
    x = as_picture([0.0, 0.004, 0.104, 1.004, 10.004])
    expected = [0.0, 0.0, (0.1 * 1.12) / (0.1 * 2.32 + 0.06), 6.7 / 7.96, 625 / 637.06]
    np.testing.assert_allclose(tone_filmic(x, number(1.0))[0, 0, 0].numpy(), expected, rtol=0, atol=1e-14)


def test_filmic_keeps_a_gradient_where_it_cuts_off_the_black() -> None:
    x = torch.tensor([-0.1, 0.0, 0.0039], dtype=torch.float64, requires_grad=True)
    out = tone_filmic(x, number(1.0))
    out.sum().backward()
    assert out.tolist() == [0.0, 0.0, 0.0]
    assert x.grad is not None
    assert x.grad.tolist() == pytest.approx([0.5 / 0.06] * 3)


def test_what_white_is_becomes_one() -> None:
    white = number(3.0)
    assert tone_reinhard(as_picture([1.5]), white, number(2.0), "rgb").max() == pytest.approx(1)
    assert tone_hable(as_picture([1.5]), white, number(2.0)).max() == pytest.approx(1)


CURVES = {
    "reinhard, luminance": lambda x: tone_reinhard(x, number(4.0), number(1.0), "luminance"),
    "reinhard, rgb": lambda x: tone_reinhard(x, number(4.0), number(1.0), "rgb"),
    "hable": lambda x: tone_hable(x, number(11.2), number(2.0)),
    "aces": lambda x: tone_aces(x, number(1.0)),
}


@pytest.mark.parametrize("name", CURVES)
def test_below_zero_a_curve_is_mirrored_and_has_no_pole(name: str) -> None:
    x = torch.linspace(0, 20, 2001, dtype=torch.float64)
    above, below = CURVES[name](as_picture(x)), CURVES[name](as_picture(-x))
    torch.testing.assert_close(below, -above, rtol=0, atol=0)
    assert (above.diff(dim=-1) > 0).all()
    zero = torch.zeros(1, 3, 1, 1, dtype=torch.float64, requires_grad=True)
    CURVES[name](zero).sum().backward()
    assert zero.grad is not None
    assert (zero.grad > 0.1).all()


def test_reinhard_on_the_luminance_keeps_the_ratios_of_colours() -> None:
    rgb = torch.tensor([3.0, 1.0, 0.2], dtype=torch.float64)[None, :, None, None]
    out = tone_reinhard(rgb, number(2.0), number(1.0), "luminance")
    torch.testing.assert_close(out / out[:, :1], rgb / rgb[:, :1])
    luminance = 0.2126 * 3 + 0.7152 + 0.0722 * 0.2
    assert out[0, 1].item() == pytest.approx((1 + luminance / 4) / (1 + luminance))


@pytest.mark.parametrize("seed", range(6))
def test_spline_equals_scipy(seed: int) -> None:
    """Points that rise, fall, stay level and turn at an end."""
    rng = np.random.default_rng(seed)
    count = [2, 3, 4, 6, 12, 64][seed]
    x = np.cumsum(rng.uniform(0.02, 1, count))
    y = rng.normal(size=count).round(1)
    if seed in (3, 5):
        y = np.sort(y)
    at = np.concatenate([x, rng.uniform(x[0], x[-1], 500)])
    ours = tone_spline(*map(torch.from_numpy, (at, x, y))).numpy()
    np.testing.assert_allclose(ours, PchipInterpolator(x, y)(at), rtol=0, atol=1e-12)
    single = tone_spline(*(torch.from_numpy(item).float() for item in (at, x, y))).numpy()
    np.testing.assert_allclose(single, PchipInterpolator(x, y)(at), rtol=0, atol=1e-5)


def test_spline_rises_where_its_points_do_and_goes_on_straight_beyond_them() -> None:
    x, y = torch.tensor([[0, 0.1, 0.2, 1], [0, 0.5, 0.51, 1]], dtype=torch.float64)
    at = torch.linspace(-0.5, 1.5, 4001, dtype=torch.float64)
    curve = tone_spline(at, x, y)
    assert (curve.diff() > 0).all()
    slope = PchipInterpolator(x, y).derivative()
    below, above = at < 0, at > 1
    np.testing.assert_allclose(curve[below], at[below] * float(slope(0)), rtol=0, atol=1e-12)
    np.testing.assert_allclose(curve[above], 1 + (at[above] - 1) * float(slope(1)), rtol=0, atol=1e-12)


@pytest.mark.parametrize(
    ("x", "y"),
    [
        ((0.0, 0.3, 0.5, 1.0), (0.0, 0.6, 0.4, 1.0)),  # it turns twice
        ((0.0, 0.5, 1.0), (0.0, 0.9, 1.0)),
        ((0.0, 0.05, 1.0), (0.0, 0.3, 0.31)),
        ((0.0, 1.0), (0.1, 0.9)),
    ],
)
def test_gradient_of_spline(x: tuple[float, ...], y: tuple[float, ...]) -> None:
    at = torch.linspace(-0.2, 1.2, 13, dtype=torch.float64).requires_grad_()
    knots, values = (torch.tensor(item, dtype=torch.float64) for item in (x, y))
    assert torch.autograd.gradcheck(lambda at, y: tone_spline(at, knots, y), (at, values.requires_grad_()))


def test_points_that_make_no_curve_are_refused() -> None:
    with pytest.raises(ValueError, match=r"x and y need as many numbers each, got 3 and 2"):
        SplineTone(x=(0, 0.5, 1), y=(0, 1))
    with pytest.raises(ValueError, match=r"x must increase from point to point, got \[0.0, 0.5, 0.5\]"):
        SplineTone(x=(0, 0.5, 0.5), y=(0, 0.5, 1))
    with pytest.raises(ValueError, match="at least 2"):
        SplineTone(x=(0,), y=(0,))
    with pytest.raises(ValueError, match="at most 64"):
        SplineTone(x=tuple(range(65)), y=(0.0,) * 65)
    with pytest.raises(ValueError, match=r"must lie in \[-16, 16\], got 17"):
        SplineTone(x=(0, 1), y=(0, 17))


def test_other_whites_and_exposures_are_refused() -> None:
    for white in (0.0, -1.0, 0.2, 1001.0):
        with pytest.raises(ValueError, match=r"must lie in \[0.25, 1000\]"):
            ReinhardTone(white=white)
        with pytest.raises(ValueError, match=r"must lie in \[0.25, 1000\]"):
            HableTone(white=white)
    with pytest.raises(ValueError, match=r"must lie in \[0.01, 100\]"):
        FilmicTone(exposure=0.0)
    with pytest.raises(ValueError, match="channels"):
        ReinhardTone(white=4.0, channels="luma")


def test_in_a_profile_filmic_stands_for_the_gamma_and_the_others_before_it() -> None:
    plain = camsim.load("still/nikon-d5000")
    [gamma] = [stage for stage in plain.isp if stage.kind == "gamma"]
    before = plain.isp[: plain.isp.index(gamma)]
    scene = torch.full((1, 3, 16, 16), 0.18)
    means = {}
    for name, chain in {
        "plain": (*before, gamma),
        "filmic": (*before, FilmicTone()),
        "hable": (*before, HableTone(), gamma),
        "spline": (*before, gamma, SplineTone(x=(0, 0.5, 1), y=(0, 0.6, 1))),
    }.items():
        profile = camsim.Profile.model_validate(
            plain.model_dump(exclude={"search", "provenance", "choices", "orders"})
            | {"isp": [stage.model_dump() for stage in chain]}
        )
        with torch.no_grad():
            means[name] = float(camsim.compile(profile)(scene, seed=None).mean())
    assert means["spline"] > means["plain"] + 0.02
    assert len({round(mean, 2) for mean in means.values()}) == 4
    with pytest.raises(ValueError, match="gamma takes linear RGB, but"):
        camsim.Profile.model_validate(plain.model_dump() | {"isp": [*before, FilmicTone(), gamma], "search": None})
