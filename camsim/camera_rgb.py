"""Camera RGB from mosaics of any sensor that sees red, green and blue, for reading pictures rather than emulating."""

from __future__ import annotations

import torch
from torch import Tensor

from camsim.cfa import BAYER, bayer, phases
from camsim.isp import demosaic_menon2007, demosaic_x_trans, quad_remosaic
from camsim.isp.quad_remosaic import remosaiced
from camsim.spec import Triple


def camera_rgb(mosaic: Tensor, cfa: str, balance: Triple = (1.0, 1.0, 1.0)) -> Tensor:
    """The best demosaic there is: menon2007 for Bayer, after quad_remosaic for quad-Bayer, x_trans for X-Trans.

    Args:
        mosaic: (B, 1, H, W), 1 at white.
        cfa: of the mosaic.
        balance: gains that make a grey scene grey, about; see `demosaic_x_trans`. A Bayer mosaic needs none.

    Returns:
        (B, 3, H, W).

    Raises:
        ValueError: a CFA that does not see red, green and blue, and nothing else.
    """
    gains = torch.tensor(balance).to(mosaic)
    if cfa in BAYER:
        return demosaic_menon2007(mosaic, bayer(cfa))
    if cfa in phases("x-trans"):
        return demosaic_x_trans(mosaic, cfa, gains)
    if cfa in phases("quad-RGGB"):
        return demosaic_menon2007(quad_remosaic(mosaic, cfa, gains), bayer(remosaiced(cfa)))
    raise ValueError(f"a mosaic of {cfa} does not see red, green and blue alone; no scene can be told from it")
