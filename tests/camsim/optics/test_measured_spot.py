"""Point spread functions as measured."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from scipy.ndimage import convolve

from camsim.optics import Optics, OpticsModule
from camsim.optics.frequency import frequencies
from camsim.optics.gaussian import gaussian_mtf
from camsim.optics.measured_spot import MAX_SIDE, MeasuredSpot, spot_otf

RNG = np.random.default_rng(5)
COMA: Any = (RNG.random((5, 7)) ** 3 + np.arange(7) / 20).tolist()
"""An uneven spot, so that a flip would show."""
ONE = torch.tensor(1.0, dtype=torch.float64)


def through(psf: dict[str, Any], scene: torch.Tensor, pixel_pitch: float = 2.0) -> torch.Tensor:
    optics = Optics.model_validate({"pixel_pitch": pixel_pitch, "psf": psf})
    with torch.no_grad():
        return OpticsModule(optics)(scene)


@pytest.mark.parametrize(("height", "width"), [(12, 15), (9, 8)])
def test_a_spot_sampled_pixel_by_pixel_is_a_convolution(height: int, width: int) -> None:
    scene = torch.rand(2, 3, height, width, dtype=torch.float64, generator=torch.Generator().manual_seed(2))
    found = through({"measured": {"pitch": 2.0, "samples": COMA}}, scene)
    kernel = np.array(COMA) / np.sum(COMA)
    for plane, blurred in zip(scene.flatten(0, 1), found.flatten(0, 1), strict=True):
        assert np.abs(convolve(plane.numpy(), kernel, mode="mirror") - blurred.numpy()).max() < 1e-12


def test_a_sampled_gaussian_is_the_gaussian() -> None:
    places = (torch.arange(65, dtype=torch.float64) - 32) * 0.25
    spot = torch.exp(-(places[:, None] ** 2 + places**2) / (2 * 1.3**2))
    at = frequencies(20, 31)
    found = spot_otf(at.x / 2, at.y / 2, spot, 0.25, ONE)
    expected = gaussian_mtf(at.radius / 2, 1.3 * ONE)
    assert (found - expected).abs().max() < 1e-8
    assert (found.imag).abs().max() < 1e-12
    wider = spot_otf(at.x / 2, at.y / 2, spot, 0.25, 1.5 * ONE)
    assert (wider - gaussian_mtf(at.radius / 2, 1.95 * ONE)).abs().max() < 1e-8


def test_beyond_what_the_samples_know_nothing_comes_through() -> None:
    at = frequencies(16, 16)
    found = spot_otf(at.x, at.y, torch.tensor(COMA, dtype=torch.float64), 1.0, 2 * ONE)
    known = (at.x <= 0.25) & (at.y.abs() <= 0.25)
    assert (found[~known] == 0).all()
    assert (found[known].abs() > 0).all()
    assert found[0, 0] == pytest.approx(1)


def test_each_colour_has_its_own() -> None:
    scene = torch.zeros(1, 3, 9, 9, dtype=torch.float64)
    scene[..., 4, 4] = 1
    spots = {"red": [[1.0]], "green": [[0.0, 1.0, 1.0]], "blue": [[0.0], [0.0], [1.0]]}
    red, green, blue = through({"measured": {"pitch": 2.0, **spots}}, scene)[0]
    assert red[4, 4] == pytest.approx(1)
    assert [green[4, 4].item(), green[4, 5].item()] == pytest.approx([0.5, 0.5])
    assert blue[5, 4] == pytest.approx(1)  # downwards


def test_gradient_of_the_scale() -> None:
    at = frequencies(6, 7)
    spot = torch.tensor(COMA, dtype=torch.float64)

    def energy(scale: torch.Tensor) -> torch.Tensor:
        return torch.view_as_real(spot_otf(at.x, at.y, spot, 0.9, scale))

    assert torch.autograd.gradcheck(energy, (torch.tensor(0.8, dtype=torch.float64, requires_grad=True),))


def test_the_scale_is_a_knob() -> None:
    optics = Optics.model_validate(
        {
            "pixel_pitch": 2.0,
            "psf": {"measured": {"pitch": 1.0, "samples": COMA}, "spot_scale": 1.2, "fill_factor": 0.8},
        }
    )
    assert "spot_scale" in optics.parts()["optics.psf"].knobs()
    assert isinstance(optics.psf.measured if optics.psf else None, MeasuredSpot)


@pytest.mark.parametrize(
    ("psf", "message"),
    [
        ({"measured": {"pitch": 2.5, "samples": COMA}}, r"pitch is 2\.5 um; at most pixel_pitch, 2 um"),
        ({"measured": {"pitch": 1.0}}, "needs either samples, or red, green and blue"),
        ({"measured": {"pitch": 1.0, "samples": COMA, "red": COMA}}, "needs either samples, or red, green and blue"),
        ({"measured": {"pitch": 1.0, "red": COMA}}, "needs all of red, green and blue"),
        ({"measured": {"pitch": 1.0, "samples": [[1.0, 2.0], [1.0]]}}, "samples must be rows of equal length"),
        ({"measured": {"pitch": 1.0, "samples": [[1.0] * (MAX_SIDE + 1)]}}, "samples must be rows of equal length"),
        ({"measured": {"pitch": 1.0, "samples": [[0.0, 0.0]]}}, "samples is dark everywhere"),
        ({"measured": {"pitch": 1.0, "samples": [[-1.0, 2.0]]}}, "greater than or equal to 0"),
        ({"sigma": 1.0, "spot_scale": 1.1}, "spot_scale has an effect on a measured spot alone"),
    ],
)
def test_what_is_refused(psf: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Optics.model_validate({"pixel_pitch": 2.0, "psf": psf})


def test_its_diffraction_is_in_it() -> None:
    with pytest.raises(ValueError, match="has its diffraction in it"):
        Optics.model_validate(
            {"pixel_pitch": 2.0, "f_number": 2.0, "psf": {"measured": {"pitch": 1.0, "samples": COMA}}}
        )
