"""Denoising by leaving out high spatial frequencies, as the seed system offered it."""

from __future__ import annotations

import math
from typing import Annotated, ClassVar, Literal

import torch
from pydantic import Field
from torch import Tensor

from camsim.cfa import RawFormat
from camsim.isp.luma import DenoiseChannels, filter_channels
from camsim.spec import Domain, Form, Stage, StageSpec

Directions = Literal["both", "horizontal", "vertical"]
FftBorder = Literal["mirror", "wrap"]


def denoise_fft(
    rgb: Tensor,
    keep: float,
    *,
    direction: Directions = "both",
    border: FftBorder = "mirror",
    channels: DenoiseChannels = "luma",
) -> Tensor:
    """Keep the frequencies below ``keep`` · N of the discrete Fourier transform of each row and column of N pixels.

    Of N coefficients, those from int(keep · N) to int((1 - keep) · N) become 0, and of the result the real part is
    taken. Source: the SciPy lecture notes' "Image denoising by FFT".

    Args:
        rgb: (B, 3, H, W).
        keep: in (0, 0.5], as a fraction of the sampling frequency; 0.5 keeps all. A step of whole frequencies, and so
            no knob.
        direction: ``horizontal`` leaves out columns of the spectrum alone, as the seed system did.
        border: ``wrap``: what leaves at one side comes in at the other, as in the seed system; ``mirror``: the picture
            is continued by its mirror image.
        channels: on the luma, the chroma (U and V), or each of R, G, B.

    Returns:
        (B, 3, H, W). Linear; each pixel depends on the whole of its row and column. An exported graph does the same by
        products of matrices.
    """

    def spatial(planes: Tensor) -> Tensor:
        if direction != "vertical":
            planes = _low_pass(planes, keep, border)
        if direction != "horizontal":
            planes = _low_pass(planes.mT, keep, border).mT
        return planes

    return filter_channels(rgb, channels, spatial)


def _low_pass(planes: Tensor, keep: float, border: FftBorder) -> Tensor:
    """Along the last dimension."""
    width = planes.shape[-1]
    if border == "mirror":
        planes = torch.cat([planes, planes[..., 1:-1].flip(-1)], dim=-1)
    size = planes.shape[-1]
    if torch.compiler.is_exporting():
        return (planes @ _matrix(planes, size, keep))[..., :width]
    spectrum = torch.fft.rfft(planes, dim=-1)
    number = torch.arange(spectrum.shape[-1], device=planes.device)
    kept: Tensor = torch.fft.irfft(spectrum * _share(number, size, keep, planes.dtype), n=size, dim=-1)
    return kept[..., :width]


def _share(number: Tensor, size: int, keep: float, dtype: torch.dtype) -> Tensor:
    """What is kept of a frequency: half where it falls on one side of the cut, and its mirror image on the other."""
    low, high = _cut(size, keep), _cut(size, 1 - keep)
    kept = [(at < low) | (at >= high) for at in (number, torch.remainder(size - number, _tensor(size, number)))]
    return (kept[0].to(dtype) + kept[1].to(dtype)) / 2


def _tensor(size: int, like: Tensor) -> Tensor:
    # ONNX has no remainder by a size that is not known yet.
    return torch.full((1,), size, dtype=like.dtype, device=like.device)


def _cut(size: int, share: float) -> int:
    return math.floor(size * share)


def _matrix(planes: Tensor, size: int, keep: float) -> Tensor:
    """(size, size): the filter, from the cosines of all the frequencies."""
    number = torch.arange(size, device=planes.device)
    turns = torch.remainder(number[:, None] * number, _tensor(size, number)).to(planes.dtype) * (2 * math.pi / size)
    share = _share(number, size, keep, planes.dtype)
    return ((turns.cos() * share) @ turns.cos() + (turns.sin() * share) @ turns.sin()) / size


class FftDenoise(StageSpec):
    """``{kind: denoise, method: fft, keep: 0.3}``."""

    takes: ClassVar[frozenset[Domain]] = frozenset({"linear", "encoded"})
    gives: ClassVar[Domain | None] = None
    form: ClassVar[Form] = "global"

    kind: Literal["denoise"] = "denoise"
    method: Literal["fft"] = "fft"
    keep: Annotated[float, Field(gt=0, le=0.5)]
    """The frequencies that stay, as a fraction of the sampling frequency: 0.5 are all."""
    direction: Directions = "both"
    """``horizontal`` leaves out columns of the spectrum alone, as the seed system did."""
    border: FftBorder = "mirror"
    """How the picture goes on beyond its border; ``wrap``, as in the seed system: with its other side."""
    channels: DenoiseChannels = "luma"

    def build(self, raw: RawFormat) -> Stage:
        return FftDenoiseStage(self)


class FftDenoiseStage(Stage):
    """See `denoise_fft`; no knobs."""

    def __init__(self, spec: FftDenoise) -> None:
        super().__init__(spec)
        self.keep = spec.keep
        self.direction: Directions = spec.direction
        self.border: FftBorder = spec.border
        self.channels: DenoiseChannels = spec.channels

    def forward(self, image: Tensor) -> Tensor:
        return denoise_fft(image, self.keep, direction=self.direction, border=self.border, channels=self.channels)
