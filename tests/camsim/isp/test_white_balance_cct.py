"""White balance by a curve of colour temperatures: stated, and found in the picture."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from pydantic import ValidationError
from scipy.optimize import minimize_scalar
from torch import Tensor

import camsim
from camsim import Profile
from camsim.isp import CctBalance, CctCurve, white_balance_cct, white_balance_cct_curve
from camsim.isp.white_balance.cct_curve import candidate_count, estimate_cct
from camsim.isp.white_curve import gains_at, held

# libcamera's curve of the IMX477: src/ipa/rpi/vc4/data/imx477.json at 26bfadc66e8d, rpi.awb.ct_curve (BSD-2-Clause).
TEMPERATURES = (2360.0, 2848.0, 2903.0, 3628.0, 3643.0, 4660.0, 5579.0, 6125.0, 6671.0, 7217.0, 7763.0, 9505.0)
RED = (0.6009, 0.5071, 0.4905, 0.4261, 0.4228, 0.3529, 0.3227, 0.3129, 0.3065, 0.3014, 0.295, 0.2524)
BLUE = (0.3093, 0.4, 0.4392, 0.5564, 0.5623, 0.68, 0.7, 0.71, 0.72, 0.73, 0.74, 0.7856)
CURVE: Any = {"temperatures": TEMPERATURES, "red": RED, "blue": BLUE}
COUNT = candidate_count(TEMPERATURES)


def curve(dtype: torch.dtype = torch.float64) -> tuple[Tensor, Tensor, Tensor]:
    first, second, third = (torch.tensor(column, dtype=dtype) for column in (TEMPERATURES, RED, BLUE))
    return first, second, third


def light(cct: float) -> Tensor:
    """(3, 1, 1): grey under the light, as the camera sees it."""
    values = [np.interp(cct, TEMPERATURES, RED), 1.0, np.interp(cct, TEMPERATURES, BLUE)]
    return torch.tensor(values, dtype=torch.float64)[:, None, None]


def patchwork(colored: float, height: int = 96, width: int = 128, seed: int = 1) -> Tensor:
    """(1, 3, H, W): 12 x 16 patches of grey, of which a share is coloured."""
    generator = torch.Generator().manual_seed(seed)
    grey = 0.1 + 0.6 * torch.rand(1, 1, 12, 16, generator=generator, dtype=torch.float64)
    color = 0.6 * torch.rand(1, 3, 12, 16, generator=generator, dtype=torch.float64)
    is_colored = torch.rand(1, 1, 12, 16, generator=generator, dtype=torch.float64) < colored
    patches = torch.where(is_colored, color, grey)
    return torch.nn.functional.interpolate(patches, (height, width), mode="nearest")


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32], ids=["f64", "f32"])
@pytest.mark.parametrize("cct", [2000.0, 2360.0, 2900.0, 4000.0, 5577.0, 6125.0, 9505.0, 12000.0])
def test_gains_of_a_temperature_are_those_of_numpys_interpolation(cct: float, dtype: torch.dtype) -> None:
    rgb = torch.rand(2, 3, 5, 7, generator=torch.Generator().manual_seed(2), dtype=torch.float64)
    ours = white_balance_cct(rgb.to(dtype), torch.tensor(cct, dtype=dtype), *curve(dtype))
    rtol = 1e-14 if dtype == torch.float64 else 1e-6
    np.testing.assert_allclose(ours.numpy(), (rgb / light(cct)).numpy(), rtol=rtol)


def test_the_stated_temperature_is_known_beforehand() -> None:
    spec = CctBalance(cct=4000.0, **CURVE)
    np.testing.assert_allclose(np.diag(spec.color()), 1 / light(4000.0).flatten())
    plain = camsim.load("board/rpi-hq-imx477")
    [gains] = [stage.gains for stage in plain.isp if stage.kind == "white_balance"]
    shipped = CctBalance(cct=5716.0, **CURVE).color()  # the profile's own gains are of 5717 K or so, of this curve
    np.testing.assert_allclose(np.diag(shipped), gains, rtol=0.03)


def test_beyond_the_curve_its_ends_hold_and_the_gradient_goes_on() -> None:
    for cct, ends in ((2000.0, (0, 1)), (20000.0, (-2, -1))):
        given = torch.tensor(cct, dtype=torch.float64, requires_grad=True)
        gains = gains_at(held(given, curve()[0]), *curve())
        (slope,) = torch.autograd.grad((1 / gains[0]), given)
        a, b = ends
        assert slope == pytest.approx((RED[b] - RED[a]) / (TEMPERATURES[b] - TEMPERATURES[a]))


@pytest.mark.parametrize("cct", [2500.0, 3000.0, 3900.0, 4700.0, 5300.0, 6000.0, 7000.0, 8800.0])
@pytest.mark.parametrize("colored", [0.0, 0.4], ids=["grey", "40% coloured"])
def test_the_light_of_a_patchwork_is_found(cct: float, colored: float) -> None:
    rgb = patchwork(colored) * light(cct)
    found = estimate_cct(rgb, *curve(), COUNT).item()
    assert found == pytest.approx(cct, rel=0.005 if not colored else 0.06)
    out = white_balance_cct_curve(rgb, *curve(), COUNT)
    wanted = patchwork(colored)
    assert (out / wanted - 1).abs().max() < (0.005 if not colored else 0.04)


def test_it_finds_the_least_cost_that_scipy_finds() -> None:
    generator = torch.Generator().manual_seed(9)
    rgb = 0.9 * torch.rand(1, 3, 24, 32, generator=generator, dtype=torch.float64) * light(4300.0)
    zones = rgb[0].unfold(1, 2, 2).unfold(2, 2, 2).mean((-1, -2)).flatten(1).numpy()
    ratios = (zones / zones[1])[[0, 2]]

    def cost(logarithm: float) -> float:
        grey = light(np.exp(logarithm)).flatten().numpy()[[0, 2]]
        return float(np.minimum((((ratios.T / grey) - 1) ** 2).sum(1), 0.2).mean())

    start = min(np.linspace(np.log(2360), np.log(9505), 500), key=cost)
    best = minimize_scalar(cost, bounds=(start - 0.02, start + 0.02), method="bounded")
    found = estimate_cct(rgb, *curve(), COUNT).log().item()
    assert found == pytest.approx(best.x, abs=0.01)
    assert cost(found) < best.fun + 2e-5


def test_a_grey_world_would_be_misled_where_the_curve_is_not() -> None:
    """A lawn in daylight: not grey, and no light on the curve is green."""
    scene = patchwork(0.0)
    scene[..., 40:, :] = scene[..., 40:, :] * torch.tensor([0.4, 1.0, 0.3]).double()[:, None, None]
    rgb = scene * light(5300.0)
    assert estimate_cct(rgb, *curve(), COUNT).item() == pytest.approx(5300, rel=0.005)
    means = rgb.mean((2, 3))[0] / light(5300.0).flatten()
    assert (means[1] / means[0]) > 1.3


@pytest.mark.parametrize("size", [(96, 128), (37, 53), (5, 7)], ids=str)
def test_each_sample_has_a_light_of_its_own_at_every_size(size: tuple[int, int]) -> None:
    rgb = torch.cat([patchwork(0.0, *size) * light(cct) for cct in (3000.0, 6500.0)])
    together = estimate_cct(rgb, *curve(), COUNT)
    np.testing.assert_allclose(together, [3000.0, 6500.0], rtol=0.005)
    assert torch.equal(together, torch.cat([estimate_cct(one[None], *curve(), COUNT) for one in rgb]))


def test_brightness_does_not_matter_and_what_is_saturated_or_dark_does_not_count() -> None:
    rgb = patchwork(0.0) * light(4000.0)
    plain = estimate_cct(rgb, *curve(), COUNT)
    torch.testing.assert_close(estimate_cct(0.05 * rgb, *curve(), COUNT), plain)
    spoilt = rgb.clone()
    spoilt[..., :48, :] = 1.0
    spoilt[..., 80:, :] = torch.tensor([1e-3, 1e-5, 1e-3]).double()[:, None, None]
    assert estimate_cct(spoilt, *curve(), COUNT).item() == pytest.approx(4000, rel=0.005)


def test_a_picture_without_light_takes_the_middle_and_has_a_gradient() -> None:
    black = torch.zeros(1, 3, 8, 8, dtype=torch.float64, requires_grad=True)
    out = white_balance_cct_curve(black, *curve(), COUNT)
    (gradient,) = torch.autograd.grad(out.sum(), black)
    assert out.abs().max() == 0
    assert torch.isfinite(gradient).all()
    purple = torch.tensor([1.0, 0.1, 1.0]).double()[:, None, None].expand(1, 3, 8, 8) * 0.5
    for unknown in (black, purple):
        found = estimate_cct(unknown, *curve(), COUNT).item()
        assert found == pytest.approx((2360 * 9505) ** 0.5, rel=0.02)


@pytest.mark.parametrize("cct", [2361.0, 9500.0])
def test_the_ends_of_the_curve_are_reached_and_not_passed(cct: float) -> None:
    tint = light(cct) * torch.tensor([1 + (cct < 3000) * 0.2, 1.0, 1.0 + (cct > 3000) * 0.2]).double()[:, None, None]
    found = estimate_cct(patchwork(0.0) * tint, *curve(), COUNT).item()
    assert found == pytest.approx(2360 if cct < 3000 else 9505, rel=1e-9)


def chain_with(balance: dict[str, Any]) -> Profile:
    plain = camsim.load("board/rpi-hq-imx477")
    chain = [stage.model_dump(exclude_none=True) for stage in plain.isp]
    [place] = [index for index, stage in enumerate(chain) if stage["kind"] == "white_balance"]
    chain[place] = {"kind": "white_balance"} | balance
    sensor = plain.resolved_sensor().model_dump(exclude_none=True)
    kept = plain.model_dump(exclude={"provenance", "search", "choices", "orders"}, exclude_none=True)
    return Profile.model_validate(kept | {"isp": chain, "sensor": sensor})


def test_the_temperature_is_a_knob_of_a_camera_and_the_automatic_one_agrees_with_it() -> None:
    stated = chain_with({"method": "cct", "cct": 4200.0, **CURVE})
    automatic = chain_with({"method": "cct_curve", **CURVE})
    assert stated.knobs()["isp.white_balance.cct"].unit == "K"
    assert {"isp.white_balance.red", "isp.white_balance.blue"} <= set(automatic.knobs())
    scene = patchwork(0.0, 192, 256).float() * 0.6
    cameras = [camsim.compile(profile) for profile in (stated, automatic)]
    response = torch.tensor(stated.sensor.response.matrix, dtype=torch.float32)
    # What scene makes this camera see grey as under 4200 K: through the inverse of its response.
    seen = torch.einsum("ij,bjhw->bihw", response.inverse(), scene * light(4200.0).float() * 0.6)
    with torch.no_grad():
        raw = cameras[0].capture(seen, seed=None)
        pictures = [camera.develop(raw) for camera in cameras]
    assert (pictures[0] - pictures[1]).abs().max() < 0.02
    assert pictures[0][..., 8::16, 8::16].std(1).max() < 0.01  # the middle of each patch is grey


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"red": RED[:-1]}, "as many numbers each, got 12, 11 and 12"),
        ({"temperatures": TEMPERATURES[::-1]}, "must increase within"),
        ({"temperatures": (500.0, *TEMPERATURES[1:])}, "must increase within"),
        ({"blue": (0.0, *BLUE[1:])}, r"must lie in \[0.0625, 16\]"),
    ],
)
@pytest.mark.parametrize("kind", [CctCurve, lambda **given: CctBalance(cct=4000.0, **given)], ids=["auto", "stated"])
def test_other_curves_are_refused(kind: Any, given: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        kind(**CURVE | given)


def test_specs() -> None:
    assert CctBalance.tags() == ("white_balance", "cct")
    assert CctCurve.tags() == ("white_balance", "cct_curve")
    assert CctCurve(**CURVE).color() is None
    assert CctCurve.form == "global"
