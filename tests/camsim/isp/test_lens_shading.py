"""Lens shading correction: by a polynomial, and by grids."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from pydantic import ValidationError
from scipy.interpolate import RegularGridInterpolator

import camsim
from camsim import Profile
from camsim.cfa import BAYER, mosaic
from camsim.isp import GridLensShading, RadialLensShading, lens_shading_grid, lens_shading_radial
from camsim.isp.lens_shading.grid import gains_at
from camsim.profile_file import read_profiles, to_yaml

SIZES = pytest.mark.parametrize("size", [(18, 24), (15, 31)], ids=["18x24", "15x31"])
PRECISIONS = pytest.mark.parametrize(
    ("dtype", "tolerance"), [(torch.float64, 1e-13), (torch.float32, 1e-5)], ids=["f64", "f32"]
)
K = np.array([[0.3, 0.1, -0.05, 0.02, 0.01], [0.2, 0.1, 0.05, 0.0, 0.0], [0.5, 0.0, 0.1, -0.1, 0.02]])


def rgb(height: int, width: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(1)
    return torch.rand(2, 3, height, width, generator=generator, dtype=torch.float64)


def radius(height: int, width: int, center: tuple[float, float]) -> NDArray[np.float64]:
    x, y = np.meshgrid(np.arange(width) + 0.5 - center[0] * width, np.arange(height) + 0.5 - center[1] * height)
    corners = [np.hypot(a - center[0] * width, b - center[1] * height) for a in (0, width) for b in (0, height)]
    return np.hypot(x, y) / max(corners)


@SIZES
@PRECISIONS
@pytest.mark.parametrize("center", [(0.5, 0.5), (0.3, 0.6)], ids=str)
@pytest.mark.parametrize("law", ["gain", "falloff"])
def test_equals_numpys_polynomial(
    size: tuple[int, int], dtype: torch.dtype, tolerance: float, center: tuple[float, float], law: Any
) -> None:
    r = radius(*size, center)
    polynomials = np.stack([np.polynomial.polynomial.polyval(r**2, [1, *row]) for row in K])
    picture = rgb(*size)
    expected = picture.numpy() * (polynomials if law == "gain" else 1 / polynomials)
    coefficients = torch.from_numpy(K).to(dtype)
    ours = lens_shading_radial(picture.to(dtype), coefficients, "RGGB", law, center)
    np.testing.assert_allclose(ours.numpy(), expected, rtol=tolerance)
    alike = lens_shading_radial(picture.to(dtype), coefficients[1], "RGGB", law, center)
    np.testing.assert_allclose(alike[:, 1].numpy(), expected[:, 1], rtol=tolerance)


@pytest.mark.parametrize("cfa", BAYER)
@SIZES
def test_of_a_mosaic_each_pixel_gets_the_gain_of_its_colour(cfa: Any, size: tuple[int, int]) -> None:
    picture, grid = rgb(*size), torch.rand(3, 4, 5, generator=torch.Generator().manual_seed(2)).double() + 1
    for correct in (
        lambda image: lens_shading_radial(image, torch.from_numpy(K), cfa, center=(0.4, 0.5)),
        lambda image: lens_shading_grid(image, grid, cfa),
    ):
        assert torch.equal(correct(mosaic(picture, cfa)), mosaic(correct(picture), cfa))


def test_pixels_of_other_filters_get_the_gain_of_green() -> None:
    flat = torch.ones(1, 1, 8, 8).double()
    gains = torch.tensor([2.0, 3.0, 4.0]).double()[:, None, None].expand(3, 2, 2)
    assert (lens_shading_grid(flat, gains, "mono") == 3).all()
    assert lens_shading_grid(flat, gains, "RCCB")[0, 0, :2, :2].flatten().tolist() == pytest.approx([2, 3, 3, 4])
    assert lens_shading_grid(flat, gains, "x-trans")[0, 0, 0, :3].tolist() == pytest.approx([2, 4, 3])  # R B G


@SIZES
@PRECISIONS
@pytest.mark.parametrize("points", ["corners", "cells"])
def test_equals_scipys_interpolation(size: tuple[int, int], dtype: torch.dtype, tolerance: float, points: Any) -> None:
    table = np.random.default_rng(3).uniform(1, 3, (3, 5, 7))
    y, x = ((np.arange(n) + 0.5) / n for n in size)
    knots = [np.linspace(0, 1, n) if points == "corners" else (np.arange(n) + 0.5) / n for n in (5, 7)]
    where = np.stack(np.meshgrid(y.clip(*knots[0][[0, -1]]), x.clip(*knots[1][[0, -1]]), indexing="ij"), -1)
    gains = np.stack([RegularGridInterpolator(knots, plane)(where) for plane in table])
    picture = rgb(*size)
    ours = lens_shading_grid(picture.to(dtype), torch.from_numpy(table).to(dtype), "RGGB", points)
    np.testing.assert_allclose(ours.numpy(), picture.numpy() * gains, rtol=tolerance)


def number(value: float) -> torch.Tensor:
    return torch.tensor(value, dtype=torch.float64)


def test_grids_of_two_lights_are_interpolated_by_temperature_and_held_beyond() -> None:
    tables = torch.rand(3, 3, 2, 2, generator=torch.Generator().manual_seed(4)).double()
    temperatures = torch.tensor([2850.0, 4000.0, 6500.0]).double()
    for cct in (1500.0, 2850.0, 3300.0, 4000.0, 5200.0, 6500.0, 9000.0):
        expected = [np.interp(cct, temperatures, column) for column in tables.flatten(1).T]
        ours = gains_at(number(cct), temperatures, tables)
        np.testing.assert_allclose(ours.flatten(), expected, rtol=1e-13)
    for cct, piece in ((1500.0, 0), (9000.0, 1)):
        given = number(cct).requires_grad_()
        (slope,) = torch.autograd.grad(gains_at(given, temperatures, tables).sum(), given)
        assert slope == pytest.approx(float(((tables[piece + 1] - tables[piece]) / temperatures.diff()[piece]).sum()))


def camera(vignetting: Any, correction: Any, after: str) -> Profile:
    """The Raspberry Pi's first camera module with a lens that darkens the corners, and a correction of it."""
    plain = camsim.load("board/rpi-v1-ov5647")
    chain = [stage.model_dump(exclude_none=True) for stage in plain.isp]
    [place] = [index for index, stage in enumerate(chain) if stage["kind"] == after]
    chain[place + 1 : place + 1] = [] if correction is None else [correction]
    text = plain.model_dump(exclude={"provenance", "search", "choices", "orders"}, exclude_none=True)
    sensor = plain.resolved_sensor().model_dump(exclude_none=True)
    return Profile.model_validate(text | {"isp": chain, "sensor": sensor, "optics": {"vignetting": vignetting}})


FALLOFF = {"kind": "polynomial", "coefficients": (-0.5, 0.12, -0.02)}


def flat_field(profile: Profile) -> torch.Tensor:
    """(3, H, W) developed, in float64, without noise."""
    scene = torch.full((1, 3, 96, 128), 0.3, dtype=torch.float64)
    with torch.no_grad():
        picture: torch.Tensor = camsim.compile(profile, fused=False, dtype=torch.float64)(scene, seed=None)[0]
    return picture


@pytest.mark.parametrize("after", ["black_level", "demosaic"])
def test_the_falloff_of_the_optics_is_undone_by_its_own_polynomial(after: str) -> None:
    correction = {"kind": "lens_shading", "method": "radial", "law": "falloff"}
    correction |= {"coefficients": FALLOFF["coefficients"]}
    dark, flat = (flat_field(camera(FALLOFF, stage, after)) for stage in (None, correction))
    assert dark.amax() - dark.amin() > 0.12
    spread = flat.amax((1, 2)) - flat.amin((1, 2))
    assert spread.max() < 0.015  # what the rounding of a 10-bit ADC leaves, sharpened
    middle = dark[:, 46:50, 62:66].mean((1, 2))
    assert (flat.mean((1, 2)) - middle).abs().max() < 0.003


def test_so_it_is_by_a_fitted_gain_and_by_a_grid() -> None:
    a, b, c = FALLOFF["coefficients"]
    square = np.linspace(0, 1, 400)
    wanted = 1 / (1 + square * (a + square * (b + square * c)))
    powers = square[:, None] ** np.arange(1, 6)
    fitted = np.linalg.lstsq(powers, wanted - 1, rcond=None)[0]
    assert np.abs(powers @ fitted + 1 - wanted).max() < 2e-4
    radial = {"kind": "lens_shading", "method": "radial", "coefficients": fitted.tolist()}
    y, x = np.meshgrid(np.linspace(-48, 48, 33), np.linspace(-64, 64, 43), indexing="ij")
    table = np.interp((x**2 + y**2) / (48**2 + 64**2), square, wanted)
    grid = {"kind": "lens_shading", "method": "grid", "gains": [[table.tolist()]]}
    exact = {"kind": "lens_shading", "method": "radial", "law": "falloff", "coefficients": (a, b, c)}
    best, *others = (flat_field(camera(FALLOFF, stage, "black_level")) for stage in (exact, radial, grid))
    for other in others:
        assert (other - best).abs().max() < 2e-3


def test_a_chain_with_it_is_not_cut_into_tiles_and_round_trips() -> None:
    grid = {"kind": "lens_shading", "method": "grid", "cct": 4000.0, "temperatures": (2850.0, 6500.0)}
    tables = np.linspace(1, 2, 24).reshape(2, 3, 2, 2).tolist()
    profile = camera(FALLOFF, grid | {"gains": tables, "points": "cells"}, "black_level")
    assert read_profiles(to_yaml(profile), "shaded.yaml") == [profile]
    assert {"isp.lens_shading.gains", "isp.lens_shading.cct"} <= set(profile.knobs())
    assert profile.knobs()["isp.lens_shading.gains"].value.shape == (2, 3, 2, 2)
    assert GridLensShading.depends_on_place
    assert RadialLensShading.depends_on_place


def test_one_light_needs_no_temperature() -> None:
    spec = GridLensShading(gains=((((1.0, 2.0), (1.0, 2.0)),),))
    stage = spec.build(camsim.load("board/rpi-v1-ov5647").raw_format)
    assert [name for name, _ in stage.named_parameters()] == ["gains"]
    out = stage.double()(torch.ones(1, 1, 4, 4, dtype=torch.float64))
    assert out[0, 0, 0].tolist() == pytest.approx([1.125, 1.375, 1.625, 1.875])


ONE = [[1.0, 1.0], [1.0, 1.0]]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"gains": [[ONE, ONE]]}, "one plane for all colours or three"),
        ({"gains": [[[[1.0, 1.0], [1.0, 1.0, 1.0]]]]}, "tables of one size"),
        ({"gains": [[ONE], [ONE]]}, "1 tables without temperatures, got 2"),
        ({"gains": [[ONE]], "cct": 5000.0}, "belong together"),
        ({"gains": [[ONE]], "temperatures": [2850.0, 6500.0], "cct": 5000.0}, "2 tables for 2 temperatures, got 1"),
        ({"gains": [[ONE], [ONE]], "temperatures": [6500.0, 2850.0], "cct": 5000.0}, "must increase"),
        ({"gains": [[[[1.0, 0.0], [1.0, 1.0]]]]}, r"must lie in \[0.0625, 64\], got 0"),
        ({"gains": [[[[1.0] * 65] * 2]]}, "at most 64"),
        ({"gains": [[[[1.0]]]]}, "at least 2"),
    ],
)
def test_other_grids_are_refused(given: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        GridLensShading(**given)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"coefficients": (-1.2, 0.1)}, "a gain of -0.1 somewhere"),
        ({"coefficients": (-1.2,), "law": "falloff"}, "a falloff of -0.2 somewhere"),
        ({"coefficients": ((0.1,), (0.1, 0.2), (0.1,))}, r"as many numbers for each of R, G and B, got \[1, 2, 1\]"),
        ({"coefficients": (0.1,) * 6}, "at most 5"),
        ({"coefficients": (0.1,), "center": (0.5, 1.2)}, "less than or equal to 1"),
    ],
)
def test_other_polynomials_are_refused(given: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        RadialLensShading(**given)
