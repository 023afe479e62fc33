"""Automatic white balance: a Minkowski norm of the picture is taken to be grey."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from torch import Tensor

from camsim.cfa import RawFormat
from camsim.isp.auto_gains import balance
from camsim.spec import Domain, Form, Quantity, Range, Stage, StageSpec

_TINY = 1e-30


def white_balance_shades_of_grey(rgb: Tensor, p: Tensor) -> Tensor:
    """Multiply R and B so that their p-norms over the frame, (mean \\|x\\|^p)^(1/p), equal that of G.

    Between grey world (p = 1) and white patch (p without limit).

    Args:
        rgb: (B, 3, H, W) linear camera RGB; each sample has its own gains.
        p: () at least 1.

    Returns:
        (B, 3, H, W). Gains lie in [1/16, 16]; a black frame stays as it is. Nothing is clipped. Source:
        G. D. Finlayson and E. Trezzi, "Shades of Gray and Colour Constancy", Color Imaging Conference, 2004.
    """
    size = rgb.abs()
    # Relative to the greatest, which changes nothing but that high powers do not vanish; so no gradient is lost.
    scale = size.detach().amax(dim=(-3, -2, -1), keepdim=True).clamp_min(1e-6)
    norm = (size / scale).pow(p).mean(dim=(-2, -1)).clamp_min(_TINY).pow(1 / p)
    return balance(rgb, norm * scale[..., 0, 0])


class ShadesOfGrey(StageSpec):
    """``{kind: white_balance, method: shades_of_grey, p: 6}``."""

    takes: ClassVar[frozenset[Domain]] = frozenset({"linear"})
    gives: ClassVar[Domain | None] = "linear"
    form: ClassVar[Form] = "global"

    kind: Literal["white_balance"] = "white_balance"
    method: Literal["shades_of_grey"] = "shades_of_grey"
    p: Annotated[float, Quantity("1", 1, 32, Range(relative=0.5))] = 6.0
    """The source found 6 to do best."""

    def build(self, raw: RawFormat) -> Stage:
        return ShadesOfGreyStage(self)


class ShadesOfGreyStage(Stage):
    """See `white_balance_shades_of_grey`; knob ``p``."""

    p: Tensor

    def forward(self, image: Tensor) -> Tensor:
        return white_balance_shades_of_grey(image, self.p)
