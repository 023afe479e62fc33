"""Denoising in the Fourier domain, against NumPy's transform as the seed system used it."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.fft
import torch

import camsim
from camsim.isp import FftDenoise, denoise_fft
from camsim.isp.denoise import fft

SIZES = pytest.mark.parametrize(("height", "width"), [(24, 28), (17, 21), (10, 11)])


def denoised(plane: np.ndarray, keep: float, direction: str, border: str) -> np.ndarray:
    image = torch.from_numpy(plane)[None, None].repeat(1, 3, 1, 1)
    return denoise_fft(image, keep, direction=direction, border=border, channels="rgb")[0, 0].numpy()


@SIZES
@pytest.mark.parametrize("keep", [0.1, 0.3, 0.37, 0.5])
def test_equals_the_seed_systems_cut_of_columns(height: int, width: int, keep: float) -> None:
    plane = np.random.default_rng(1).random((height, width))
    spectrum = np.fft.fft2(plane)
    spectrum[:, int(width * keep) : int(width * (1 - keep))] = 0
    expected = np.fft.ifft2(spectrum).real
    np.testing.assert_allclose(denoised(plane, keep, "horizontal", "wrap"), expected, rtol=0, atol=1e-14)


@SIZES
def test_both_ways_and_down_the_columns(height: int, width: int) -> None:
    plane = np.random.default_rng(1).random((height, width))
    across = denoised(plane, 0.3, "horizontal", "mirror")
    np.testing.assert_allclose(
        denoised(across.T, 0.3, "horizontal", "mirror").T, denoised(plane, 0.3, "both", "mirror")
    )
    np.testing.assert_allclose(
        denoised(plane.T, 0.3, "horizontal", "mirror").T, denoised(plane, 0.3, "vertical", "mirror")
    )


def test_with_a_mirror_it_cuts_the_cosine_transform() -> None:
    plane = np.random.default_rng(1).random((9, 22))
    cosines = scipy.fft.dct(plane, type=1, axis=1)
    size = 2 * (22 - 1)
    low, high = int(size * 0.3), int(size * 0.7)
    number = np.arange(22)
    kept = [(at < low) | (at >= high) for at in (number, -number % size)]
    expected = scipy.fft.idct(cosines * (kept[0] * 0.5 + kept[1] * 0.5), type=1, axis=1)
    np.testing.assert_allclose(denoised(plane, 0.3, "horizontal", "mirror"), expected, rtol=0, atol=1e-14)


@pytest.mark.parametrize("border", ["wrap", "mirror"])
def test_the_matrix_of_an_exported_graph_is_the_same_filter(border: str, monkeypatch: pytest.MonkeyPatch) -> None:
    plane = np.random.default_rng(1).random((14, 19))
    expected = denoised(plane, 0.3, "both", border)
    monkeypatch.setattr(fft.torch.compiler, "is_exporting", lambda: True)
    np.testing.assert_allclose(denoised(plane, 0.3, "both", border), expected, rtol=0, atol=1e-13)


def test_what_is_below_the_cut_stays_and_what_is_above_goes() -> None:
    x = np.arange(64)
    slow, quick = (np.cos(2 * np.pi * cycles * x / 64)[None].repeat(8, 0) for cycles in (5, 30))
    np.testing.assert_allclose(denoised(slow + quick, 0.3, "horizontal", "wrap"), slow, rtol=0, atol=1e-12)


def test_bounds() -> None:
    for keep in (0.0, 0.6):
        with pytest.raises(ValueError, match="keep"):
            FftDenoise(keep=keep)


def test_a_chain_with_it_is_not_cut_into_tiles() -> None:
    shipped = camsim.load("still/nikon-d5000")
    chain = (*shipped.isp[:-1], FftDenoise(keep=0.3), shipped.isp[-1])
    profile = shipped.model_copy(update={"isp": chain, "search": None})
    camera = camsim.compile(profile, fused=False)
    raw = 1000 + 2000 * torch.rand(1, 1, 700, 800, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        whole = camera.isp(raw)
        assert torch.equal(camera.develop(raw), whole)
        torch.testing.assert_close(camsim.compile(profile).develop(raw), whole, rtol=0, atol=1e-5)  # fused around it
