"""MTF50 of a slanted edge, measured as a laboratory would, against diffraction times pixel aperture."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from scipy import optimize, special

import camsim
from camsim import Optics, Profile
from camsim.optics import PointSpread, defocus_otf, diffraction_mtf, pixel_aperture_mtf
from camsim.optics.frequency import filter_mirrored, frequencies

from .conftest import Measure

Golden = Callable[[str], dict[str, NDArray[Any]]]
HEIGHT, WIDTH, ANGLE = 120, 192, np.radians(5.0)


def diffraction_times_pixel(f: float, pitch: float, f_number: float, wavelength: float) -> float:
    """Closed form, across an edge at 5 degrees; f in cycles/pixel, the rest in um."""
    v = min(f / pitch * wavelength * f_number, 1)
    diffraction = 2 / np.pi * (np.arccos(v) - v * np.sqrt(1 - v * v))
    return float(diffraction * np.sinc(f * np.cos(ANGLE)) * np.sinc(f * np.sin(ANGLE)))


def expected(*lens: float) -> float:
    found: float = optimize.brentq(lambda f: diffraction_times_pixel(f, *lens) - 0.5, 0.01, 0.95)
    return found


def distance(height: int, width: int) -> NDArray[np.float64]:
    """From the edge, px."""
    y, x = np.mgrid[:height, :width]
    along: NDArray[np.float64] = (x - (width - 1) / 2) * np.cos(ANGLE) + (y - (height - 1) / 2) * np.sin(ANGLE)
    return along


def band_limited_edge() -> NDArray[np.float64]:
    """A perfect edge without the frequencies above half a cycle a pixel, which a scene's pixels cannot hold."""
    limit = 0.5 / np.cos(ANGLE)
    integral = special.sici(2 * np.pi * limit * distance(HEIGHT, WIDTH))[0]
    edge: NDArray[np.float64] = 0.2 + 0.6 * (0.5 + integral / np.pi)
    return edge


def lens_camera(base: Profile, optics: Optics) -> Profile:
    """A camera whose mosaic is a monochrome picture of the light on the sensor, fine enough to measure."""
    sensor = base.sensor.replace(
        {
            "bit_depth": 16,
            "white_level": 65535,
            "system_gain": 6.0,
            "full_well": 1e6,
            "response": {"kind": "matrix", "matrix": np.eye(3).tolist()},
        }
    )
    return base.model_copy(update={"optics": optics, "sensor": sensor, "search": None})


def test_the_measurement_finds_the_mtf50_of_an_edge_whose_mtf_is_known(golden: Golden, measure_mtf50: Measure) -> None:
    optics = golden("optics")
    assert abs(measure_mtf50(optics["edge_image"]) / float(optics["edge_mtf50"]) - 1) < 0.005


@pytest.mark.parametrize(("pitch", "f_number"), [(2.4, 8.0), (1.4, 4.0), (3.45, 16.0), (1.12, 2.8)])
def test_a_camera_has_the_mtf50_of_diffraction_times_pixel(
    pitch: float, f_number: float, every_stage: Profile, measure_mtf50: Measure
) -> None:
    wavelength = 0.55
    psf = PointSpread(fill_factor=1.0, wavelengths=(550.0, 550.0, 550.0))
    profile = lens_camera(every_stage, Optics(pixel_pitch=pitch, f_number=f_number, psf=psf))
    scene = torch.from_numpy(band_limited_edge()).float().expand(1, 3, -1, -1)
    raw = camsim.compile(profile).capture(scene, seed=None)[0, 0].detach().double().numpy()
    assert abs(measure_mtf50(raw) / expected(pitch, f_number, wavelength) - 1) < 0.02


@pytest.mark.parametrize(("pitch", "f_number"), [(2.4, 2.8), (2.4, 8.0), (5.5, 4.0)])
def test_so_has_a_perfect_edge_that_is_rendered_eight_times_finer(
    pitch: float, f_number: float, measure_mtf50: Measure
) -> None:
    """Also where the MTF50 lies beyond half a cycle a pixel, and the sensor aliases."""
    fine, wavelength = 8, 0.55
    edge = np.clip(distance(fine * HEIGHT, fine * WIDTH) + 0.5, 0, 1)
    at = frequencies(*edge.shape)
    x, y, radius = (f * fine / pitch for f in (at.x, at.y, at.radius))
    numbers = (torch.tensor(value, dtype=torch.float64) for value in (f_number, wavelength, pitch))
    n, colour, side = numbers
    light = filter_mirrored(torch.from_numpy(edge), diffraction_mtf(radius, n, colour) * pixel_aperture_mtf(x, y, side))
    sampled = light[fine // 2 :: fine, fine // 2 :: fine].numpy()
    assert abs(measure_mtf50(sampled) / expected(pitch, f_number, wavelength) - 1) < 0.02


def test_defocus_lowers_it_as_hopkins_says(every_stage: Profile, measure_mtf50: Measure) -> None:
    pitch, f_number, defocus = 2.4, 5.6, 40.0
    psf = PointSpread(fill_factor=1.0, defocus=defocus, wavelengths=(550.0, 550.0, 550.0))
    profile = lens_camera(every_stage, Optics(pixel_pitch=pitch, f_number=f_number, psf=psf))
    scene = torch.from_numpy(band_limited_edge()).float().expand(1, 3, -1, -1)
    raw = camsim.compile(profile).capture(scene, seed=None)[0, 0].detach().double().numpy()

    def mtf(f: float) -> float:
        values = (torch.tensor(v, dtype=torch.float64) for v in (f / pitch, defocus, f_number, 0.55))
        return float(defocus_otf(*values)) * float(np.sinc(f * np.cos(ANGLE)) * np.sinc(f * np.sin(ANGLE)))

    wanted = optimize.brentq(lambda f: mtf(f) - 0.5, 0.01, 0.5)
    assert wanted < 0.8 * expected(pitch, f_number, 0.55)
    assert abs(measure_mtf50(raw) / wanted - 1) < 0.02
