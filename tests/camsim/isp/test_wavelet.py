"""Wavelet shrinkage, against PyWavelets' undecimated transform."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import pywt
import torch

from camsim.isp import WaveletDenoise, denoise_wavelet
from camsim.isp.denoise.wavelet import LOW_PASS

WAVELETS = pytest.mark.parametrize("wavelet", ["haar", "db2"])


def denoised(plane: np.ndarray, threshold: float, wavelet: Any, levels: int) -> np.ndarray:
    image = torch.from_numpy(plane)[None, None].expand(1, 3, -1, -1)
    out = denoise_wavelet(
        image, torch.tensor(threshold, dtype=image.dtype), wavelet=wavelet, levels=levels, channels="rgb"
    )
    return out[0, 0].numpy()


@WAVELETS
def test_the_filters_are_orthonormal_and_pywavelets(wavelet: Any) -> None:
    low = np.array(LOW_PASS[wavelet])
    np.testing.assert_allclose(np.sort(np.abs(low)), np.sort(np.abs(pywt.Wavelet(wavelet).dec_lo)), rtol=0, atol=1e-12)
    assert low.sum() == pytest.approx(np.sqrt(2))
    assert (low**2).sum() == pytest.approx(1)


@WAVELETS
@pytest.mark.parametrize("levels", [1, 2, 3])
@pytest.mark.parametrize(("height", "width"), [(30, 34), (17, 21)])
def test_equals_pywavelets(wavelet: Any, levels: int, height: int, width: int) -> None:
    plane, pad, step = np.random.default_rng(1).random((height, width)), 24, 2**levels
    extended = np.pad(plane, pad, mode="reflect")
    more = [(0, -size % step) for size in extended.shape]  # it takes multiples of 2^levels only, and is periodic
    coefficients = pywt.swt2(np.pad(extended, more), wavelet, levels)
    shrunk = [
        (rest, tuple(pywt.threshold(detail, 0.2, "soft") for detail in details)) for rest, details in coefficients
    ]
    theirs = pywt.iswt2(shrunk, wavelet)[pad : pad + height, pad : pad + width]
    ours = denoised(plane, 0.2, wavelet, levels)
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-13)
    assert abs(ours - plane).max() > 0.1


@WAVELETS
def test_no_threshold_changes_nothing(wavelet: Any) -> None:
    plane = np.random.default_rng(1).random((19, 22))
    np.testing.assert_allclose(denoised(plane, 0.0, wavelet, 4), plane, rtol=0, atol=1e-13)


@WAVELETS
def test_a_moved_picture_gives_the_moved_result(wavelet: Any) -> None:
    plane = np.random.default_rng(1).random((40, 44))
    for top, left in ((1, 0), (3, 5)):
        moved = denoised(plane[top:, left:], 0.2, wavelet, 2)
        inner = (slice(12, -12), slice(12, -12))
        np.testing.assert_allclose(
            moved[inner], denoised(plane, 0.2, wavelet, 2)[top:, left:][inner], rtol=0, atol=1e-13
        )


def test_noise_has_the_same_deviation_in_each_band() -> None:
    """Three standard deviations remove nearly all of it, but for the coarsest band."""
    noise = 0.1 * np.random.default_rng(1).standard_normal((128, 128))
    assert denoised(noise, 0.3, "haar", 3).std() < 0.15 * noise.std()


def test_bounds() -> None:
    with pytest.raises(ValueError, match=r"must lie in \[0, 10\], got -1"):
        WaveletDenoise(threshold=-1.0)
    with pytest.raises(ValueError, match="levels"):
        WaveletDenoise(threshold=0.1, levels=5)
    with pytest.raises(ValueError, match="wavelet"):
        WaveletDenoise(threshold=0.1, wavelet="sym4")
