"""Wavelet shrinkage: small coefficients are noise, and go; the larger lose as much."""

from __future__ import annotations

import math
from typing import Annotated, ClassVar, Literal

from pydantic import Field
from torch import Tensor

from camsim.border import inside, mirror_pad
from camsim.cfa import RawFormat
from camsim.isp.coring import soft_threshold
from camsim.isp.luma import DenoiseChannels, filter_channels
from camsim.spec import Domain, Form, Quantity, Range, Stage, StageSpec

Wavelet = Literal["haar", "db2"]

_ROOT3, _ROOT2 = math.sqrt(3), math.sqrt(2)
LOW_PASS: dict[Wavelet, tuple[float, ...]] = {
    "haar": (1 / _ROOT2, 1 / _ROOT2),
    "db2": tuple(tap / (4 * _ROOT2) for tap in (1 + _ROOT3, 3 + _ROOT3, 3 - _ROOT3, 1 - _ROOT3)),
}
"""Orthonormal low-pass filters: Haar's, and the one with two vanishing moments of I. Daubechies, "Orthonormal bases of
compactly supported wavelets", 1988."""


def denoise_wavelet(
    rgb: Tensor, threshold: Tensor, *, wavelet: Wavelet, levels: int, channels: DenoiseChannels = "luma"
) -> Tensor:
    """Soft-threshold the coefficients of a wavelet transform that is not decimated.

    It is the mean of what the decimated transforms of all shifts would give, so that it treats a picture alike wherever
    it lies in the frame, and takes any size. Coefficients are those of an orthonormal transform: white noise has the
    same standard deviation in them as in the picture. Source: R. R. Coifman, D. L. Donoho, "Translation-invariant
    de-noising", 1995; D. L. Donoho, "De-noising by soft-thresholding", 1995.

    Args:
        rgb: (B, 3, H, W).
        threshold: () in units of the image, the same at all levels.
        wavelet: ``haar`` or ``db2``.
        levels: 1 removes noise of the finest scale only; each further one is twice as coarse.
        channels: on the luma, the chroma (U and V), or each of R, G, B.

    Returns:
        (B, 3, H, W). Same as pywt.swt2, soft threshold, pywt.iswt2, away from the border. Differentiable, but where a
        coefficient is as large as the threshold.
    """
    low = LOW_PASS[wavelet]
    reach = _window_reach(wavelet, levels)

    def spatial(planes: Tensor) -> Tensor:
        return _shrink(mirror_pad(planes, reach), threshold, low, levels, 1)

    return filter_channels(rgb, channels, spatial)


def _window_reach(wavelet: Wavelet, levels: int) -> int:
    """Pixels that an output looks to each side."""
    return (len(LOW_PASS[wavelet]) - 1) * ((1 << levels) - 1)


def _shrink(planes: Tensor, threshold: Tensor, low: tuple[float, ...], levels: int, step: int) -> Tensor:
    """The planes without their small coefficients; smaller by `_window_reach` on each side."""
    if levels == 0:
        return planes
    high = tuple((-1) ** place * tap for place, tap in enumerate(reversed(low)))
    smooth, across = (_taps(planes, -1, taps, step) for taps in (low, high))
    kept = [
        _taps(planes, -2, taps, step) for planes, taps in ((smooth, low), (smooth, high), (across, low), (across, high))
    ]
    rest = _shrink(kept[0], threshold, low, levels - 1, 2 * step)
    cut = (kept[0].shape[-1] - rest.shape[-1]) // 2
    shrunk = [soft_threshold(inside(coefficients, cut), threshold) for coefficients in kept[1:]]
    columns = [
        _taps(first, -2, low[::-1], step) + _taps(second, -2, high[::-1], step)
        for first, second in ((rest, shrunk[0]), (shrunk[1], shrunk[2]))
    ]
    return (_taps(columns[0], -1, low[::-1], step) + _taps(columns[1], -1, high[::-1], step)) / 4


def _taps(planes: Tensor, dim: int, taps: tuple[float, ...], step: int) -> Tensor:
    """Correlation with taps that lie ``step`` apart; shorter by their whole length."""
    size = planes.shape[dim] - (len(taps) - 1) * step
    total = taps[0] * planes.narrow(dim, 0, size)
    for place, tap in enumerate(taps[1:], start=1):
        total = total + tap * planes.narrow(dim, place * step, size)
    return total


class WaveletDenoise(StageSpec):
    """``{kind: denoise, method: wavelet, threshold: 0.02}``."""

    takes: ClassVar[frozenset[Domain]] = frozenset({"linear", "encoded"})
    gives: ClassVar[Domain | None] = None
    form: ClassVar[Form] = "local"

    kind: Literal["denoise"] = "denoise"
    method: Literal["wavelet"] = "wavelet"
    threshold: Annotated[float, Quantity("1", 0, 10, Range(relative=0.5))]
    """What each coefficient loses; once to three times the noise's standard deviation."""
    wavelet: Wavelet = "haar"
    levels: Annotated[int, Field(ge=1, le=4)] = 2
    """Scales that are denoised, each twice as coarse as the one before."""
    channels: DenoiseChannels = "luma"

    @property
    def reach(self) -> int:
        return _window_reach(self.wavelet, self.levels)

    def build(self, raw: RawFormat) -> Stage:
        return WaveletDenoiseStage(self)


class WaveletDenoiseStage(Stage):
    """See `denoise_wavelet`; knob ``threshold``."""

    threshold: Tensor

    def __init__(self, spec: WaveletDenoise) -> None:
        super().__init__(spec)
        self.wavelet: Wavelet = spec.wavelet
        self.levels = spec.levels
        self.channels: DenoiseChannels = spec.channels

    def forward(self, image: Tensor) -> Tensor:
        return denoise_wavelet(image, self.threshold, wavelet=self.wavelet, levels=self.levels, channels=self.channels)
