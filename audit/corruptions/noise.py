"""Noise: Gaussian, photon-like, and pixels that are black or white."""

from __future__ import annotations

from typing import Any

from numpy.random import Generator
from numpy.typing import NDArray
from skimage.util import random_noise

from audit.corruptions.corruption import Picture, shown

GAUSSIAN = (0.08, 0.12, 0.18, 0.26, 0.38)
"""Standard deviation, of 1."""
SHOT = (60.0, 25.0, 12.0, 5.0, 3.0)
"""Photons at 1."""
IMPULSE = (0.03, 0.06, 0.09, 0.17, 0.27)
"""Share of the values that are replaced."""


def gaussian_noise(picture: Picture, severity: int, random: Generator) -> NDArray[Any]:
    """Independent in every channel, in display-encoded values: not what a sensor does."""
    return shown(picture / 255 + random.normal(scale=GAUSSIAN[severity - 1], size=picture.shape))


def shot_noise(picture: Picture, severity: int, random: Generator) -> NDArray[Any]:
    """Poisson, as if display-encoded values were light."""
    photons = SHOT[severity - 1]
    return shown(random.poisson(picture / 255 * photons) / photons)


def impulse_noise(picture: Picture, severity: int, random: Generator) -> NDArray[Any]:
    """Values of single channels at 0 or 1, half of them each."""
    share = IMPULSE[severity - 1]
    noisy: NDArray[Any] = random_noise(picture / 255, mode="s&p", rng=random, amount=share)  # type: ignore[no-untyped-call]
    return shown(noisy)
