"""Y'CbCr as video and JPEG carry it: fewer samples of colour than of brightness, and whole codes of a few bits."""

from __future__ import annotations

from typing import ClassVar, Literal

import torch
from torch import Tensor

from camsim.border import mirror_pad
from camsim.cfa import RawFormat
from camsim.isp.rounding import round_to_even
from camsim.isp.ycbcr import (
    Levels,
    Matrix,
    Siting,
    Subsampling,
    Upsampling,
    from_codes,
    rgb_to_ycbcr,
    subsample,
    to_codes,
    upsample,
    ycbcr_to_rgb,
)
from camsim.spec import Domain, Form, Stage, StageSpec

_PAD = 4
"""Of mirrored border, px: even, so that the grid of the chroma stays, and enough for both filters."""


def chroma_subsampling(
    rgb: Tensor,
    matrix: Matrix,
    levels: Levels,
    bits: int | None,
    subsampling: Subsampling,
    siting: Siting = "center",
    upsampling: Upsampling = "linear",
    *,
    decoded_matrix: Matrix | None = None,
    decoded_levels: Levels | None = None,
) -> Tensor:
    """To Y'CbCr and back, as what is between the camera and whoever shows its picture does.

    Codes are rounded (half to even; straight-through backward) and limited to what the bits hold once, after the
    subsampling; the limits have their true gradient. Nothing else is clipped or rounded.

    Args:
        rgb: (B, 3, H, W) display-encoded.
        matrix: of the writer.
        levels: of the writer: ``limited`` keeps 16..235 for Y' and 16..240 for Cb and Cr, times 2^(bits - 8).
        bits: of each code; None: neither rounded nor limited.
        subsampling: one sample of Cb and Cr for one pixel, for two beside each other, or for four.
        siting: where it lies: midway in both directions (``center``: JPEG, MPEG-1), on the left of two columns and
            midway between rows (``left``: MPEG-2, H.264), or on the top left pixel (``top_left``: BT.2020).
        upsampling: ``nearest`` or ``linear``.
        decoded_matrix: of the reader; None: the writer's.
        decoded_levels: of the reader; None: the writer's. Limited levels read as full ones are grey and dull.

    Returns:
        (B, 3, H, W). Border: mirror without the edge pixel.
    """
    height, width = rgb.shape[-2:]
    whole = rgb
    if subsampling != "4:4:4":
        # From an even distance, and by one more on the far side, so that the last pair is whole.
        whole = mirror_pad(rgb, _PAD + 1)[..., 1:, 1:]
    codes = to_codes(rgb_to_ycbcr(whole, matrix), levels, bits or 8)
    luma, chroma = codes[..., :1, :, :], subsample(codes[..., 1:, :, :], subsampling, siting)
    if bits is not None:
        luma, chroma = (round_to_even(part).clamp(0, 2**bits - 1) for part in (luma, chroma))
    chroma = upsample(chroma, subsampling, siting, upsampling)
    if subsampling != "4:4:4":
        luma, chroma = (part[..., _PAD : _PAD + height, _PAD : _PAD + width] for part in (luma, chroma))
    ycbcr = from_codes(torch.cat([luma, chroma], dim=-3), decoded_levels or levels, bits or 8)
    return ycbcr_to_rgb(ycbcr, decoded_matrix or matrix)


class ChromaSubsampling(StageSpec):
    """``{kind: chroma_subsampling, subsampling: "4:2:0", matrix: bt709, range: limited}``."""

    takes: ClassVar[frozenset[Domain]] = frozenset({"encoded"})
    gives: ClassVar[Domain | None] = None
    form: ClassVar[Form] = "local"

    kind: Literal["chroma_subsampling"] = "chroma_subsampling"
    subsampling: Subsampling = "4:2:0"
    """One sample of Cb and Cr for one pixel, for two beside each other, or for four."""
    matrix: Matrix = "bt601"
    range: Levels = "full"
    """``limited``: Y' in 16..235, Cb and Cr in 16..240, of 8 bits."""
    bits: Literal[8, 10] | None = 8
    """Of each code; null: not rounded."""
    siting: Siting = "center"
    """Where a sample of Cb and Cr lies among its pixels: ``left`` is that of H.264, ``top_left`` of BT.2020."""
    upsampling: Upsampling = "linear"
    decoded_matrix: Matrix | None = None
    """What whoever shows the picture takes it for; left out: rightly."""
    decoded_range: Levels | None = None

    @property
    def reach(self) -> int:
        return 0 if self.subsampling == "4:4:4" else 2

    def build(self, raw: RawFormat) -> Stage:
        return ChromaSubsamplingStage(self)


class ChromaSubsamplingStage(Stage):
    """See `chroma_subsampling`; no knobs."""

    def __init__(self, spec: ChromaSubsampling) -> None:
        super().__init__(spec)
        self.spec = spec

    def forward(self, image: Tensor) -> Tensor:
        spec = self.spec
        return chroma_subsampling(
            image,
            spec.matrix,
            spec.range,
            spec.bits,
            spec.subsampling,
            spec.siting,
            spec.upsampling,
            decoded_matrix=spec.decoded_matrix,
            decoded_levels=spec.decoded_range,
        )
