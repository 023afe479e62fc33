"""Vignetting and glare."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from pydantic import ValidationError

from camsim.optics import (
    Cos4Vignetting,
    Glare,
    Optics,
    OpticsModule,
    PolynomialVignetting,
    cos4_falloff,
    polynomial_falloff,
    veil,
)
from camsim.optics.field import field_grid

Golden = Callable[[str], dict[str, NDArray[Any]]]


def test_cos4_is_the_closed_form(golden: Golden) -> None:
    optics = golden("optics")
    tangents = torch.from_numpy(np.tan(np.radians(optics["theta_deg"])))
    found = cos4_falloff(tangents**2 / 0.25, torch.tensor(0.5, dtype=torch.float64))
    assert np.abs(found.numpy() - optics["cos4"]).max() < 1e-14


@pytest.mark.parametrize("size", [(40, 60), (41, 33), (2, 2)])
def test_it_is_that_of_the_angle_at_the_corner_whatever_the_number_of_pixels(size: tuple[int, int]) -> None:
    lens = OpticsModule(Optics(focal_length=4.0, half_diagonal=3.0, vignetting=Cos4Vignetting()))
    light = lens(torch.ones(1, 3, *size, dtype=torch.float64)).detach()[0, 0]
    x, y = field_grid(*size)
    angle = np.arctan(0.75 * np.hypot(x.numpy(), y.numpy()))
    assert np.abs(light.numpy() - np.cos(angle) ** 4).max() < 1e-14
    corner = 0.5 / (0.5 * np.hypot(*size))  # the outer corner of the corner pixel is one half diagonal away
    assert abs(float(torch.hypot(x, y)[0, 0]) + corner * np.sqrt(2) - 1) < 0.02


def test_the_polynomial_is_one_on_the_axis_and_as_given_at_the_corner() -> None:
    squared = torch.tensor([0.0, 0.25, 1.0], dtype=torch.float64)
    found = polynomial_falloff(squared, torch.tensor([-0.4, 0.1, -0.2], dtype=torch.float64))
    wanted = np.polynomial.Polynomial([1, 0, -0.4, 0, 0.1, 0, -0.2])(np.array([0, 0.5, 1]))
    assert np.abs(found.numpy() - wanted).max() < 1e-15


def test_a_polynomial_that_leaves_no_light_is_refused() -> None:
    with pytest.raises(ValidationError, match=r"coefficients leave -0\.2 of the light"):
        PolynomialVignetting(coefficients=(-1.2, 0.0, 0.0))


def test_glare_keeps_the_light_and_lifts_the_black() -> None:
    scene = torch.ones(2, 3, 30, 40, dtype=torch.float64)
    scene[:, :, 10:20, 15:25] = 0
    fraction = torch.tensor(0.05, dtype=torch.float64)
    image = veil(scene, fraction)
    assert (image.mean((-2, -1)) - scene.mean((-2, -1))).abs().max() < 1e-14
    # A black patch measures the glare index: the veil over it, relative to the mean light.
    assert (image[:, :, 15, 20] / scene.mean((-2, -1)) - 0.05).abs().max() < 1e-14


def test_a_halo_reaches_as_far_as_it_says_and_no_even_picture_changes() -> None:
    lens = OpticsModule(Optics(glare=Glare(halo=0.1, halo_sigma=0.1)))
    scene = torch.zeros(1, 3, 121, 161, dtype=torch.float64)
    scene[..., 60, 80] = 1
    image = lens(scene).detach()[0, 0]
    assert abs(float(image[60, 80]) - 0.9) < 1e-3
    sigma = 0.1 * np.hypot(121, 161) / 2
    y, x = np.mgrid[:121, :161]
    halo = np.exp(-((y - 60) ** 2 + (x - 80) ** 2) / (2 * sigma**2))
    halo *= 0.1 / halo.sum()
    rest = image.numpy().copy()
    rest[60, 80] -= 0.9
    assert np.abs(rest - halo).max() < 1e-8
    even = torch.full((1, 3, 9, 12), 0.4, dtype=torch.float64)
    assert torch.allclose(lens(even), even)


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ({"halo": 0.1}, "halo needs halo_sigma"),
        ({"uniform": 0.7, "halo": 0.5, "halo_sigma": 0.1}, "uniform and halo together are 1.2 of the light"),
        ({"uniform": -0.1}, "must lie in"),
    ],
)
def test_glare_that_cannot_be_is_refused(given: dict[str, float], text: str) -> None:
    with pytest.raises(ValidationError, match=text):
        Glare(**given)
