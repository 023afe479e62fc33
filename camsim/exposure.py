"""How bright a scene is taken to be: scene files have light in units of their own."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from camsim.isp.tone.reinhard import LUMINANCE

MID_GREY = 0.18
"""What the log-average luminance becomes: the reflectance of a grey card, 2.5 stops below diffuse white."""


def auto_ev(scene: Tensor) -> float:
    """The exposure that makes the log-average luminance of a scene 0.18.

    Args:
        scene: (3, H, W) or (1, 3, H, W) linear light. Pixels without light do not count.

    Returns:
        EV: the scene times 2^EV is to be captured. Source: E. Reinhard, M. Stark, P. Shirley, J. Ferwerda,
        "Photographic tone reproduction for digital images", 2002, section 3, with the key value 0.18.

    Raises:
        ValueError: there is no light at all.
    """
    weights = torch.tensor(LUMINANCE, dtype=torch.float64)
    luminance = torch.einsum("c,...chw->...hw", weights, scene.double().cpu())
    lit = luminance[luminance > 0]
    if not lit.numel():
        raise ValueError("has no light from which an exposure could be told; give --ev a number")
    return math.log2(MID_GREY) - float(lit.log2().mean())


def expose(scene: Tensor, ev: float) -> Tensor:
    """The scene 2^ev times as bright."""
    return scene * math.exp2(ev)
