"""Filters given by their transfer function, on pictures that the mirror border continues without end."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Frequencies:
    """Where the transfer function of a frame of (H, W) is needed: the spectrum of its mirrored extension."""

    x: Tensor
    """(1, W) cycles a pixel, from 0 to 0.5."""
    y: Tensor
    """(2H - 2, 1) cycles a pixel, in the order of torch.fft."""

    @property
    def radius(self) -> Tensor:
        """(2H - 2, W) cycles a pixel."""
        return torch.hypot(self.x, self.y)


def frequencies(height: int, width: int, device: torch.device | None = None) -> Frequencies:
    """The frequencies at which `filter_mirrored` takes a transfer function, float64."""
    x = torch.fft.rfftfreq(2 * width - 2, dtype=torch.float64, device=device)
    y = torch.fft.fftfreq(2 * height - 2, dtype=torch.float64, device=device)
    return Frequencies(x[None], y[:, None])


def filter_mirrored(plane: Tensor, transfer: Tensor) -> Tensor:
    """Filter a plane by a transfer function, with a mirror border that does not repeat the edge pixel.

    The mirrored extension has the period 2H - 2 by 2W - 2, so that a discrete Fourier transform of that size is exact
    for a kernel of any width. It is taken in float64: rounding errors of a transform spread over the whole frame, and
    those of a bright light in float32 would show in the shadows.

    Args:
        plane: (..., H, W), at least 2x2.
        transfer: (2H - 2, W) at `frequencies`, real for a symmetric kernel, else complex; its value at 0 is the gain
            of an even picture.

    Returns:
        (..., H, W) in the plane's dtype.
    """
    height, width = plane.shape[-2:]
    wide = torch.cat([plane, plane[..., 1:-1].flip(-1)], dim=-1)
    whole = torch.cat([wide, wide[..., 1:-1, :].flip(-2)], dim=-2)
    spectrum = torch.fft.rfft2(whole.double()) * transfer
    filtered: Tensor = torch.fft.irfft2(spectrum, s=(2 * height - 2, 2 * width - 2))
    return filtered[..., :height, :width].to(plane.dtype)
