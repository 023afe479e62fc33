"""Transfer functions against closed forms, SciPy and each other."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from scipy import integrate, ndimage, special
from torch import Tensor

from camsim.optics import (
    defocus_otf,
    defocus_waves,
    diffraction_mtf,
    gaussian_mtf,
    halo_mtf,
    motion_mtf,
    pixel_aperture_mtf,
)
from camsim.optics.frequency import filter_mirrored, frequencies

Golden = Callable[[str], dict[str, NDArray[Any]]]


def number(value: float) -> Tensor:
    return torch.tensor(value, dtype=torch.float64)


def random(*shape: int, seed: int = 0) -> Tensor:
    return torch.rand(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def test_diffraction_is_the_closed_form(golden: Golden) -> None:
    optics = golden("optics")
    found = diffraction_mtf(torch.from_numpy(optics["mtf_f_cyc_per_um"]), number(8.0), number(0.55))
    assert np.abs(found.numpy() - optics["mtf_diffraction"]).max() < 1e-14
    assert found[-1] == 0  # beyond the cutoff at 0.227 cycles/um


def test_its_transform_is_the_airy_pattern(golden: Golden) -> None:
    """A point on a fine grid of 0.25 um becomes (2 J1(x) / x)²."""
    optics, step, size = golden("optics"), 0.25, 257
    at = frequencies(size, size)
    point = torch.zeros(size, size, dtype=torch.float64)
    point[size // 2, size // 2] = 1
    spot = filter_mirrored(point, diffraction_mtf(at.radius / step, number(8.0), number(0.55)))
    row = (spot / spot.max())[size // 2, size // 2 : size // 2 + 80].numpy()
    wanted = np.interp(step * np.arange(80), optics["airy_r_um"], optics["airy_irradiance"])
    assert np.abs(row - wanted).max() < 2e-4


def test_the_pixel_aperture_is_the_closed_form(golden: Golden) -> None:
    optics = golden("optics")
    f = torch.from_numpy(optics["mtf_f_cyc_per_um"])
    assert np.abs(pixel_aperture_mtf(f, 0 * f, number(2.4)).numpy() - optics["mtf_pixel_2p4um"]).max() < 1e-14
    both = pixel_aperture_mtf(f, f.flip(0), number(2.4))
    assert torch.allclose(both, torch.sinc(2.4 * f) * torch.sinc(2.4 * f.flip(0)))


@pytest.mark.parametrize("sigma", [1.5, 3.0])
def test_the_gaussian_is_that_of_scipy(sigma: float) -> None:
    plane = random(40, 51)
    at = frequencies(40, 51)
    found = filter_mirrored(plane, gaussian_mtf(at.radius / 2, number(2 * sigma)))  # pixels of 2 um
    wanted = ndimage.gaussian_filter(plane.numpy(), sigma, mode="mirror", truncate=8)
    assert np.abs(found.numpy() - wanted).max() < 1e-5


@pytest.mark.parametrize("waves", [0.3, -1.0, 2.5])
def test_defocus_is_the_autocorrelation_of_the_pupil(waves: float) -> None:
    """Against SciPy's integral over the overlap of the two pupils, in two dimensions."""
    f_number, wavelength = 2.0, 0.5
    defocus = waves * 8 * f_number**2 * wavelength
    for s in (0.05, 0.4, 1.1, 1.9):
        reach = 1 - s / 2

        def integrand(y: float, x: float, s: float = s) -> float:
            return float(np.cos(4 * np.pi * waves * s * x))

        wanted, _ = integrate.dblquad(
            integrand, -reach, reach, 0, lambda x, s=s: np.sqrt(max(1 - (abs(x) + s / 2) ** 2, 0))
        )
        found = defocus_otf(number(s / (2 * wavelength * f_number)), *map(number, (defocus, f_number, wavelength)))
        assert abs(float(found) - 2 * wanted / np.pi) < 1e-6
    assert abs(float(defocus_waves(*map(number, (defocus, f_number, wavelength)))) - waves) < 1e-12


def test_without_defocus_it_is_diffraction() -> None:
    f = torch.linspace(0, 1.2, 500, dtype=torch.float64)
    in_focus = defocus_otf(f, number(0.0), number(2.0), number(0.5))
    assert (in_focus - diffraction_mtf(f, number(2.0), number(0.5))).abs().max() < 2e-7


def test_far_out_of_focus_it_is_the_blur_disc() -> None:
    """Of diameter defocus / N, whose transform is 2 J1(x) / x; Hopkins' result differs little at low frequencies."""
    f_number, wavelength, defocus = 2.0, 0.5, 320.0  # 20 waves
    f = np.linspace(1e-4, 0.02, 100)
    x = np.pi * f * defocus / f_number
    found = defocus_otf(torch.from_numpy(f), *map(number, (defocus, f_number, wavelength))).numpy()
    assert np.abs(found - 2 * special.j1(x) / x).max() < 0.025


@pytest.mark.parametrize("waves", [3.0, 30.0])
def test_the_quadrature_is_as_accurate_as_it_says(waves: float) -> None:
    f_number, wavelength = 2.0, 0.5
    nodes, weights = np.polynomial.legendre.leggauss(600)
    s = random(300).numpy() * 1.99
    half = np.arccos(s / 2)[:, None] / 2
    angle = half * (nodes + 1)
    phase = 4 * np.pi * waves * s[:, None] * (np.cos(angle) - s[:, None] / 2)
    wanted = 4 / np.pi * (half * weights * np.sin(angle) ** 2 * np.cos(phase)).sum(1)
    frequency = torch.from_numpy(s / (2 * wavelength * f_number))
    found = defocus_otf(frequency, *map(number, (waves * 8 * f_number**2 * wavelength, f_number, wavelength)))
    assert np.abs(found.numpy() - wanted).max() < (1e-6 if waves < 10 else 1e-4)


@pytest.mark.parametrize(("length", "angle"), [(5, 0), (5, 180), (7, 90), (3, -90)])
def test_motion_along_rows_or_columns_is_a_mean_of_neighbours(length: int, angle: float) -> None:
    """The mean over L whole pixels is the motion by L of what, moved by one pixel, is the picture."""
    plane = random(30, 31)
    at = frequencies(30, 31)
    whole, one = (motion_mtf(at, number(float(pixels)), number(angle)) for pixels in (length, 1))
    found = filter_mirrored(plane, whole / one)
    axis = 1 if angle in (0, 180) else 0
    wanted = ndimage.uniform_filter1d(plane.numpy(), length, axis=axis, mode="mirror")
    assert np.abs(found.numpy() - wanted).max() < 1e-12


def test_motion_at_an_angle_goes_down_to_the_right_and_mirrors_with_the_picture() -> None:
    point = torch.zeros(41, 43, dtype=torch.float64)
    point[20, 21] = 1
    at = frequencies(41, 43)
    blur = gaussian_mtf(at.radius, number(1.0))  # so that the point has no frequency beyond the grid's
    trace = filter_mirrored(point, blur * motion_mtf(at, number(12.0), number(30.0)))
    y, x = torch.meshgrid(torch.arange(41) - 20.0, torch.arange(43) - 21.0, indexing="ij")
    direction = torch.atan2(2 * (trace * x * y).sum(), (trace * (x * x - y * y)).sum()) / 2
    assert abs(float(torch.rad2deg(direction)) - 30) < 0.5
    picture = random(20, 22)
    at = frequencies(20, 22)
    there = filter_mirrored(picture, motion_mtf(at, number(4.0), number(25.0)))
    mirrored = filter_mirrored(picture.flip(0), motion_mtf(at, number(4.0), number(-25.0))).flip(0)
    assert (there - mirrored).abs().max() < 1e-13


def test_a_halo_keeps_the_light_and_leaves_detail_less_contrast() -> None:
    f = torch.tensor([0.0, 0.2], dtype=torch.float64)
    found = halo_mtf(f, number(0.1), number(30.0))
    assert found[0] == 1
    assert abs(float(found[1]) - 0.9) < 1e-12


def test_filtering_is_correlation_with_a_mirror_border() -> None:
    """With SciPy's, for a kernel of 5x5 that is symmetric about its centre."""
    kernel = random(5, 5)
    kernel = kernel + kernel.flip(0, 1)
    plane = random(2, 13, 16)
    at = frequencies(13, 16)
    y, x = torch.meshgrid(torch.arange(-2.0, 3), torch.arange(-2.0, 3), indexing="ij")
    transfer = sum(
        kernel[i, j] * (2 * torch.pi * (at.x * x[i, j] + at.y * y[i, j])).cos() for i in range(5) for j in range(5)
    )
    found = filter_mirrored(plane, transfer)
    for one, image in zip(found, plane, strict=True):
        assert np.abs(one.numpy() - ndimage.correlate(image.numpy(), kernel.numpy(), mode="mirror")).max() < 1e-12


@pytest.mark.parametrize("size", [(2, 2), (2, 7), (5, 2), (9, 8)])
def test_a_picture_of_any_size_is_filtered(size: tuple[int, int]) -> None:
    plane = random(*size)
    at = frequencies(*size)
    assert torch.allclose(filter_mirrored(plane, torch.ones_like(at.radius)), plane)
    even = filter_mirrored(torch.full(size, 0.3, dtype=torch.float64), gaussian_mtf(at.radius, number(1.0)))
    assert torch.allclose(even, torch.full_like(even, 0.3))


def test_shadows_beside_a_bright_light_are_not_rounded_away() -> None:
    plane = 0.01 + 0.001 * random(64, 64).float()
    plane[32, 32] = 1e6
    at = frequencies(64, 64)
    rest = filter_mirrored(plane, torch.ones_like(at.radius)) - plane
    rest[32, 32] = 0
    assert rest.abs().max() < 1e-8
