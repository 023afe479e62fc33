"""Noise for scenes that bring noise of their own: only what is missing is added."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from camsim.cfa import mosaic
from camsim.sensor.shot_noise import shot_noise


@dataclass(frozen=True)
class PresentNoise:
    """Noise that a scene has from the sensor that measured it: independent from pixel to pixel, and between the three
    signals that were measured at a pixel."""

    variance: Tensor
    """(B, 3, H, W) of the three signals."""
    to_scene: Tensor
    """(3, 3) from these signals to the scene, linear sRGB."""

    def exposed(self, factor: float) -> PresentNoise:
        """Of the scene multiplied by ``factor``."""
        return PresentNoise(self.variance * factor**2, self.to_scene)

    def electrons(self, response: Tensor, exposure: Tensor, cfa: str) -> Tensor:
        """(B, 1, H, W) e-²: its variance in what another sensor collects, before that adds noise of its own.

        Args:
            response: (N, 3) scene to camera RGB of the other sensor.
            exposure: () e- where camera RGB is 1.0.
            cfa: of the other sensor.
        """
        weights = (response @ self.to_scene.to(response)) ** 2
        seen = torch.einsum("oc,...chw->...ohw", weights, self.variance.to(response))
        return exposure**2 * mosaic(seen, cfa)


def missing_noise(electrons: Tensor, present: Tensor, read_noise: Tensor) -> tuple[Tensor, Tensor]:
    """What a sensor that would have the variance N + r² has still to add to N e- that vary by ``present`` already.

    The missing variance max(N + r² - present, 0) is made up of shot noise as far as it exceeds r², and of read noise
    for the rest. With nothing present both are what they always are.

    Args:
        electrons: (B, 1, H, W) e-, an estimate whose errors are the noise that is present: where a difference of
            variances is not cut at 0, its mean is therefore right.
        present: (B, 1, H, W) e-².
        read_noise: () e- rms.

    Returns:
        Variance of the shot noise to add, e-², and the factor for the read noise, both (B, 1, H, W).

    Where shot noise alone counts and a sensor gets the fraction t of the other's electrons, shot noise of variance
    N (1 - t) is added. That is the variance of binomial thinning, which is the exact answer: each electron of the other
    sensor is kept with probability t. The third moment is N (1 + 2 t - 2 t²) instead of N, since what is drawn depends
    on what is there without being a part of it.
    """
    own = read_noise**2
    missing = (electrons.detach() + own - present).clamp_min(0)
    shot = (missing - own).clamp_min(0)
    share = torch.where(own > 0, (missing - shot) / own.clamp_min(1e-12), 0)
    return shot, share.clamp(0, 1).sqrt()


def add_shot_noise(electrons: Tensor, variance: Tensor, keys: Tensor) -> Tensor:
    """Add Poisson noise of this variance and of mean zero: (B, 1, H, W) e-. The gradient is that of the mean."""
    return electrons + (shot_noise(variance, keys) - variance).detach()
