"""JPEG: what is left of a picture once a device has stored it, with a gradient."""

from __future__ import annotations

import math
from typing import Annotated, ClassVar, Literal

import torch
from torch import Tensor

from camsim.cfa import RawFormat
from camsim.isp.quantization import CHROMA_TABLE, LUMA_TABLE, quantization_table
from camsim.isp.rounding import Rounding, round_down, round_to_even, with_gradient_of
from camsim.spec import Domain, Form, Quantity, Range, Stage, StageSpec

Subsampling = Literal["4:4:4", "4:2:2", "4:2:0"]

_SHARES = 65536
_TO_YCBCR = ((19595, 38470, 7471), (-11058, -21710, 32768), (32768, -27439, -5329))
"""BT.601 in 65536ths, as libjpeg computes (jccolor.c); its inverse (jdcolor.c) below."""
_RED_OF_CR, _BLUE_OF_CB, _GREEN_OF_CB, _GREEN_OF_CR = 91881, 116130, -22554, -46802

_ISLOW = (
    (8192, 8192, 8192, 8192, 8192, 8192, 8192, 8192),
    (11363, 9633, 6437, 2260, -2260, -6437, -9633, -11363),
    (10703, 4433, -4433, -10703, -10703, -4433, 4433, 10703),
    (9633, -2259, -11362, -6436, 6436, 11362, 2259, -9633),
    (8192, -8192, -8192, 8192, 8192, -8192, -8192, 8192),
    (6437, -11362, 2261, 9633, -9633, -2261, 11362, -6437),
    (4433, -10704, 10704, -4433, -4433, 10704, -10704, 4433),
    (2260, -6436, 9633, -11363, 11363, -9633, 6436, -2260),
)
"""sqrt(8) times the orthonormal DCT, in 8192ths, as the integers of libjpeg's ``islow`` add up (Loeffler, Ligtenberg,
Moschytz 1989); its inverse is the transpose."""


def jpeg(
    rgb: Tensor, quality: Tensor, subsampling: Subsampling = "4:2:0", rounding: Rounding = "straight_through"
) -> Tensor:
    """Baseline JPEG and back, as libjpeg does it: 8-bit levels, Y'CbCr, 8x8 blocks, decoded with its smooth upsampling.

    Levels, samples, coefficients and steps are rounded as in the codec, with its integer transforms (``islow``),
    whatever the dtype. Backward, the transforms are the exact DCT, limits have their true gradient, and rounding passes
    it straight through, but for that of the coefficients: see ``rounding``.

    Args:
        rgb: (B, 3, H, W) display-encoded; cut to [0, 1], since 8 bits hold no more.
        quality: () in [1, 100], libjpeg's scale; between whole numbers the steps are between theirs.
        subsampling: samples of colour for one, two or four pixels.
        rounding: how the picture's gradient goes back through a coefficient's rounding; ``smooth`` is that of
            `camsim.isp.rounding.round_to_even`. The quality's goes straight through in any case: by the cubic it would
            point the wrong way.

    Returns:
        (B, 3, H, W), whole levels of 255. The grid of 8x8 or 16x16 pixels begins at the top left; blocks that the frame
        does not fill are filled by repeating its last row and column, as libjpeg does, not by a mirror.

    Source: ITU-T T.81; the Independent JPEG Group's libjpeg 6b (jcparam.c, jcsample.c, jcprepct.c, jdsample.c).
    """
    height, width = rgb.shape[-2:]
    levels = round_to_even(255 * rgb.clamp(0, 1))
    planes = _of_channels(levels, _TO_YCBCR, (0.0, 128 - 1 / _SHARES, 128 - 1 / _SHARES))
    luma, chroma = planes[..., :1, :, :], planes[..., 1:, :, :]
    shape = _shape(height, width, subsampling)
    steps = [quantization_table(table, quality).to(rgb) for table in (LUMA_TABLE, CHROMA_TABLE)]
    luma = _coded(_extended(luma, _whole(height, 8), _whole(width, 8)), steps[0], rounding)[..., :height, :width]
    chroma = _coded(_halved(chroma, subsampling), steps[1], rounding)[..., : shape[0], : shape[1]]
    cb, cr = (_doubled(chroma, subsampling)[..., :height, :width] - 128).unbind(-3)
    y = luma.squeeze(-3)
    back = [
        y + round_down(_RED_OF_CR / _SHARES * cr + 0.5),
        y + round_down(_GREEN_OF_CB / _SHARES * cb + _GREEN_OF_CR / _SHARES * cr + 0.5),
        y + round_down(_BLUE_OF_CB / _SHARES * cb + 0.5),
    ]
    return torch.stack(back, dim=-3).clamp(0, 255) / 255


def _of_channels(image: Tensor, shares: tuple[tuple[int, ...], ...], offsets: tuple[float, ...]) -> Tensor:
    """A matrix in 65536ths over the channels, rounded; exact in float32 for whole levels."""
    weights = torch.tensor(shares, dtype=image.dtype, device=image.device) / _SHARES
    added = torch.tensor(offsets, dtype=image.dtype, device=image.device) + 0.5
    mixed = (weights[..., None, None] * image.unsqueeze(-4)).sum(dim=-3)
    return round_down(mixed + added[..., None, None])


def _whole(side: int, block: int) -> int:
    """The least multiple of ``block`` that holds ``side``."""
    return (side + block - 1) // block * block


def _shape(height: int, width: int, subsampling: Subsampling) -> tuple[int, int]:
    """Of the planes of Cb and Cr."""
    rows = (height + 1) // 2 if subsampling == "4:2:0" else height
    return rows, width if subsampling == "4:4:4" else (width + 1) // 2


def _extended(image: Tensor, height: int, width: int) -> Tensor:
    """Last row and column repeated."""
    rows = torch.arange(height, device=image.device).clamp_max(image.shape[-2] - 1)
    columns = torch.arange(width, device=image.device).clamp_max(image.shape[-1] - 1)
    return image.index_select(-2, rows).index_select(-1, columns)


def _halved(chroma: Tensor, subsampling: Subsampling) -> Tensor:
    """Planes of Cb and Cr in whole blocks. Means are rounded down and up by turns along a row (jcsample.c)."""
    height, width = chroma.shape[-2:]
    if subsampling == "4:4:4":
        return _extended(chroma, _whole(height, 8), _whole(width, 8))
    if subsampling == "4:2:2":
        full = _extended(chroma, height, _whole(width, 16))
        sums, count, bias = full[..., 0::2] + full[..., 1::2], 2, 0
    else:
        full = _extended(chroma, _whole(height, 2), _whole(width, 16))
        pairs = full[..., 0::2, :] + full[..., 1::2, :]
        sums, count, bias = pairs[..., 0::2] + pairs[..., 1::2], 4, 1
    turns = bias + torch.arange(sums.shape[-1], dtype=sums.dtype, device=sums.device) % 2
    means = round_down((sums + turns) / count)
    return _extended(means, _whole(means.shape[-2], 8), means.shape[-1])


def _coded(plane: Tensor, steps: Tensor, rounding: Rounding) -> Tensor:
    """A plane of whole blocks through the transform, the steps and back: whole samples in [0, 255]."""
    centred = plane - 128
    everywhere = steps.repeat(plane.shape[-2] // 8, plane.shape[-1] // 8)
    kept, samples = _islow(centred.detach().double(), everywhere.detach().double())
    samples = samples.to(plane)
    if torch.is_grad_enabled():
        dct, kept = _dct(plane), kept.to(plane)
        coefficients = _down(_across(centred, dct), dct)
        stand_in = coefficients / everywhere
        if rounding == "smooth":
            stand_in = (coefficients / everywhere.detach() - kept) ** 3 + coefficients.detach() / everywhere
        kept = with_gradient_of(kept, stand_in)
        samples = with_gradient_of(samples, _down(_across(kept * everywhere, dct.T), dct.T))
    return (samples + 128).clamp(0, 255)


def _islow(plane: Tensor, steps: Tensor) -> tuple[Tensor, Tensor]:
    """Coefficients in whole steps, and the whole samples made of them: (..., H, W) each, block beside block, in
    float64, which holds all of libjpeg's integers (jfdctint.c, jcdctmgr.c, jidctint.c)."""
    forward = torch.tensor(_ISLOW, dtype=plane.dtype, device=plane.device)
    eighths = _shifted(_down(_shifted(_across(plane, forward), 11), forward), 15)
    kept = eighths.sign() * ((eighths.abs() + 4 * steps) / (8 * steps)).floor()
    return kept, _shifted(_across(_shifted(_down(kept * steps, forward.T), 11), forward.T), 18)


def _across(plane: Tensor, matrix: Tensor) -> Tensor:
    """An 8x8 matrix applied to each eight pixels of a row."""
    eights: Tensor = plane.unflatten(-1, (plane.shape[-1] // 8, 8))  # type: ignore[no-untyped-call]
    return (eights @ matrix.T).flatten(-2, -1)


def _down(plane: Tensor, matrix: Tensor) -> Tensor:
    """An 8x8 matrix applied to each eight pixels of a column."""
    eights: Tensor = plane.unflatten(-2, (plane.shape[-2] // 8, 8))  # type: ignore[no-untyped-call]
    return (matrix @ eights).flatten(-3, -2)


def _shifted(x: Tensor, bits: int) -> Tensor:
    """Divided by 2^bits and rounded, halves up."""
    return (x / float(2**bits) + 0.5).floor()


def _dct(like: Tensor) -> Tensor:
    """(8, 8) orthonormal DCT-II: rows are frequencies."""
    n = torch.arange(8, dtype=torch.float64)
    basis = torch.cos(math.pi / 8 * (n + 0.5) * n[:, None]) / 2
    basis[0] /= math.sqrt(2)
    return basis.to(like)


def _doubled(chroma: Tensor, subsampling: Subsampling) -> Tensor:
    """Back to one sample a pixel: 3/4 of the nearest and 1/4 of the next one, in each direction (jdsample.c)."""
    if subsampling == "4:4:4":
        return chroma
    # As libjpeg has it. A program for every size must not branch on it; frames of four columns are not worth it.
    if chroma.shape[-1] <= 2 and not torch.compiler.is_exporting():
        rows = 2 if subsampling == "4:2:0" else 1
        return chroma.repeat_interleave(rows, dim=-2).repeat_interleave(2, dim=-1)
    if subsampling == "4:2:2":
        above, below = _neighbours(chroma, -1)
        return _interleaved(round_down((3 * chroma + above + 1) / 4), round_down((3 * chroma + below + 2) / 4), -1)
    above, below = _neighbours(chroma, -2)
    sums = _interleaved(3 * chroma + above, 3 * chroma + below, -2)
    before, after = _neighbours(sums, -1)
    return _interleaved(round_down((3 * sums + before + 8) / 16), round_down((3 * sums + after + 7) / 16), -1)


def _neighbours(image: Tensor, dim: int) -> tuple[Tensor, Tensor]:
    """The samples before and after; at the ends the sample itself."""
    last = image.shape[dim] - 1
    places = torch.arange(image.shape[dim], device=image.device)
    return image.index_select(dim, (places - 1).clamp_min(0)), image.index_select(dim, (places + 1).clamp_max(last))


def _interleaved(first: Tensor, second: Tensor, dim: int) -> Tensor:
    return torch.stack([first, second], dim=dim).flatten(dim - 1, dim)


class Jpeg(StageSpec):
    """``{kind: jpeg, quality: 90}``; put it last, since what it gives is what is stored."""

    takes: ClassVar[frozenset[Domain]] = frozenset({"encoded"})
    gives: ClassVar[Domain | None] = None
    form: ClassVar[Form] = "local"
    depends_on_place: ClassVar[bool] = True

    kind: Literal["jpeg"] = "jpeg"
    quality: Annotated[float, Quantity("1", 1, 100, Range(absolute=10))]
    subsampling: Subsampling = "4:2:0"
    """One sample of Cb and Cr for one pixel, for two beside each other, or for four."""
    rounding: Rounding = "straight_through"
    """How the gradient of a coefficient goes back; what comes out is the same."""

    @property
    def reach(self) -> int:
        return 7 if self.subsampling == "4:4:4" else 16

    def build(self, raw: RawFormat) -> Stage:
        return JpegStage(self)


class JpegStage(Stage):
    """See `jpeg`; knob ``quality``."""

    quality: Tensor

    def __init__(self, spec: Jpeg) -> None:
        super().__init__(spec)
        self.subsampling, self.rounding = spec.subsampling, spec.rounding

    def forward(self, image: Tensor) -> Tensor:
        return jpeg(image, self.quality, self.subsampling, self.rounding)
