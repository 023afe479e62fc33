"""Defocus of a lens that is limited by diffraction."""

from __future__ import annotations

import math
from functools import cache

import numpy as np
import torch
from torch import Tensor

MAX_WAVES = 30.0
"""Of defocus, up to which the integral is accurate; a blur disc of 240 λ N, which is hundreds of pixels."""

_NODES = 128
_STEPS = 2048


def defocus_waves(defocus: Tensor, f_number: Tensor, wavelength: Tensor) -> Tensor:
    """Path difference at the edge of the pupil, in wavelengths: W20 / λ = δz / (8 N² λ).

    Args:
        defocus: () δz, from the sensor to the image plane along the axis, um; its sign does not matter.
        f_number: () N.
        wavelength: () λ, um.
    """
    return defocus / (8 * f_number**2 * wavelength)


def defocus_otf(frequency: Tensor, defocus: Tensor, f_number: Tensor, wavelength: Tensor) -> Tensor:
    """OTF of a circular aperture out of focus, diffraction included: the autocorrelation of the pupil.

    OTF(s) = 4/π ∫ √(1 - (x + s/2)²) cos(4π (W20/λ) s x) dx from 0 to 1 - s/2, with s = 2 f λ N. Source: H. H. Hopkins,
    The frequency response of a defocused optical system, Proc. R. Soc. A 231 (1955). In focus it is `diffraction_mtf`,
    far from it the transform of the geometric blur disc of diameter δz / N.

    The integral is taken by Gauss and Legendre at 2049 values of s, and interpolated between them by cubics: within
    1e-6 up to 3 waves, 1e-4 up to `MAX_WAVES`.

    Args:
        frequency: (...) cycles/um, not negative.
        defocus: () δz, um.
        f_number: () N.
        wavelength: () λ, um.

    Returns:
        (...) in [-1, 1]; 0 from the cutoff 1/(λ N) on; negative where contrast is reversed.
    """
    table = _table(defocus_waves(defocus, f_number, wavelength))
    place = frequency * wavelength * f_number * _STEPS
    passes = place < _STEPS
    place = torch.where(passes, place, 0.0)
    left = place.detach().floor().long()
    t = place - left
    a, b, c, d = (table[left + offset] for offset in range(4))  # table[0] lies one step before s = 0
    cubic = b + 0.5 * t * (c - a + t * (2 * a - 5 * b + 4 * c - d + t * (3 * (b - c) + d - a)))
    return torch.where(passes, cubic, 0.0)


def _table(waves: Tensor) -> Tensor:
    """(_STEPS + 3,): the OTF from one step before s = 0 to one after s = 2."""
    weights, phase = (part.to(waves.device) for part in _integrand())
    values = (weights * (waves * phase).cos()).sum(-1)
    values = values / values[0].detach()  # 1 up to rounding
    # Not mirrored at 0: the OTF has a cusp there, as the pupils begin to part.
    before = 3 * values[:1] - 3 * values[1:2] + values[2:3]
    return torch.cat([before, values, torch.zeros_like(before)])


@cache
def _integrand() -> tuple[Tensor, Tensor]:
    """Weights and phases by wave, each (_STEPS + 1, _NODES), with x + s/2 = cos φ, which has no root at the ends."""
    nodes, weights = np.polynomial.legendre.leggauss(_NODES)
    s = np.linspace(0, 2, _STEPS + 1)[:, None]
    half = np.arccos(s / 2) / 2
    angle = half * (nodes + 1)
    weighted = 4 / math.pi * half * weights * np.sin(angle) ** 2
    phase = 4 * math.pi * s * (np.cos(angle) - s / 2)
    with torch.inference_mode(mode=False):  # what is kept from the first call must also serve gradients
        return torch.from_numpy(weighted), torch.from_numpy(phase)
