"""Distortion, lateral chromatic aberration and the resampling that both need, against OpenCV."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from camsim.optics import ChromaticAberration, Distortion, Optics, OpticsModule, distort, undistort
from camsim.optics.distortion import folds
from camsim.optics.field import field_grid, half_diagonal_px
from camsim.resample import resample

Golden = Callable[[str], dict[str, NDArray[Any]]]


def smooth(height: int, width: int) -> Tensor:
    """A picture of low frequencies, (1, 3, H, W)."""
    x, y = field_grid(height, width)
    return torch.stack([(3 * x + y).sin(), (2 * x - 3 * y).cos(), (4 * x * y + y).sin()])[None] + 2


@pytest.mark.parametrize("interpolation", ["bilinear", "bicubic"])
def test_resampling_is_opencvs(golden: Golden, interpolation: Literal["bilinear", "bicubic"]) -> None:
    optics = {name: torch.from_numpy(value) for name, value in golden("optics").items() if name.startswith("remap")}
    picture, x, y = (optics[f"remap_{name}"].double() for name in ("picture", "x", "y"))
    found = resample(picture[None, None], x, y, interpolation)[0, 0]
    assert (found - optics[f"remap_{interpolation}"]).abs().max() < 1e-6


def test_distortion_is_opencvs(golden: Golden) -> None:
    optics = {name: torch.from_numpy(value) for name, value in golden("optics").items() if "distort" in name}
    found = torch.stack(distort(*optics["distort_points"].T, optics["distort_coefficients"]), dim=-1)
    assert (found - optics["distort_points_distorted"]).abs().max() < 1e-14
    back = torch.stack(undistort(*optics["undistort_points"].T, optics["distort_coefficients"]), dim=-1)
    assert (back - optics["undistort_points_ideal"]).abs().max() < 1e-13


def test_gradients_of_the_inverse() -> None:
    generator = torch.Generator().manual_seed(1)
    x, y = (torch.rand(7, generator=generator, dtype=torch.float64) - 0.5 for _ in range(2))
    coefficients = torch.tensor([-0.2, 0.05, 0.002, -0.001, 0.01], dtype=torch.float64)
    inputs = tuple(tensor.requires_grad_() for tensor in (x, y, coefficients))
    assert torch.autograd.gradcheck(undistort, inputs, atol=1e-8)


@pytest.mark.parametrize(
    ("tangent", "coefficients", "folded"),
    [
        (0.6, (-0.3, 0.1, 0.001, 0.0, 0.0), False),
        (0.6, (0.3, 0.0, 0.0, 0.0, 0.0), False),
        (0.6, (-1.0, 0.0, 0.0, 0.0, 0.0), True),
        (1.2, (-0.3, 0.0, 0.0, 0.0, 0.0), True),
        (1.0, (0.0, 0.0, -0.4, 0.0, 0.0), True),
    ],
)
def test_a_picture_that_folds_over_is_found(
    tangent: float, coefficients: tuple[float, float, float, float, float], folded: bool
) -> None:
    assert folds(tangent, coefficients) is folded


def lens(**changes: Any) -> OpticsModule:
    """Half diagonal over focal length is 0.6."""
    return OpticsModule(Optics(**{"focal_length": 5.0, "half_diagonal": 3.0} | changes))


@pytest.mark.parametrize("k1", [-0.2, 0.15])
def test_barrel_and_pincushion_move_a_point_as_the_formula_says(k1: float) -> None:
    """A spot of the scene is found where `distort` says, to a hundredth of a pixel."""
    height, width = 81, 101
    x, y = field_grid(height, width)
    radius = half_diagonal_px(height, width)
    at = torch.tensor([0.5, -0.3], dtype=torch.float64)
    spot = torch.exp(-((x - at[0]) ** 2 + (y - at[1]) ** 2) * radius**2 / (2 * 3.0**2)).expand(1, 3, -1, -1)
    image = lens(distortion=Distortion(k1=k1))(spot).detach()[0, 1]
    found = torch.stack([(image * x).sum(), (image * y).sum()]) / image.sum()
    coefficients = torch.tensor([k1, 0, 0, 0, 0], dtype=torch.float64)
    wanted = torch.stack(distort(*(at * 0.6), coefficients)) / 0.6
    assert ((wanted - at) * radius).abs().max() > 0.4
    assert ((found - wanted) * radius).abs().max() < 0.15
    assert (found - wanted).norm() < 0.2 * (wanted - at).norm()


def test_without_coefficients_nothing_moves() -> None:
    scene = smooth(15, 18)
    assert (lens(distortion=Distortion())(scene) - scene).abs().max() < 1e-13


def test_colours_are_of_the_sizes_given_and_green_stays() -> None:
    scene = smooth(60, 71)
    aberration = ChromaticAberration(red=1.02, blue=0.99)
    image = OpticsModule(Optics(interpolation="bilinear", chromatic_aberration=aberration))(scene).detach()
    x, y = field_grid(60, 71)
    assert torch.equal(image[:, 1], scene[:, 1])
    inside = (slice(3, -3), slice(3, -3))  # beyond its own edge, the smaller picture goes on mirrored
    assert (image[0, 0] - (2 + (3 * x / 1.02 + y / 1.02).sin()))[inside].abs().max() < 2e-3
    assert (image[0, 2] - (2 + (4 * x * y / 0.99**2 + y / 0.99).sin()))[inside].abs().max() < 2e-3
    assert (image[0, 0] - scene[0, 0])[inside].abs().max() > 0.03


def test_both_together_interpolate_once() -> None:
    """Aberration first, then distortion, as functions of the place."""
    scene = smooth(50, 64)
    k1 = torch.tensor([-0.1, 0, 0, 0, 0], dtype=torch.float64)
    effects = {"distortion": Distortion(k1=-0.1), "chromatic_aberration": ChromaticAberration(red=0.98)}
    both = lens(interpolation="bilinear", **effects)(scene).detach()
    x, y = field_grid(50, 64)
    u, v = (part / 0.6 / 0.98 for part in undistort(0.6 * x, 0.6 * y, k1))
    inside = (u.abs() < 0.95 * x.max()) & (v.abs() < 0.95 * y.max())
    assert (both[0, 0] - (2 + (3 * u + v).sin()))[inside].abs().max() < 2e-3
