"""Weather: snow, fog and a bright day; frost.py has the frost."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from audit.corruptions.corruption import Picture, shown
from audit.corruptions.plasma import plasma
from audit.corruptions.streak import streaked
from audit.corruptions.zoom import zoomed

SNOW = (
    (0.1, 0.3, 3.0, 0.5, 10, 4.0, 0.8),
    (0.2, 0.3, 2.0, 0.5, 12, 4.0, 0.7),
    (0.55, 0.3, 4.0, 0.9, 12, 8.0, 0.7),
    (0.55, 0.3, 4.5, 0.85, 12, 8.0, 0.65),
    (0.55, 0.3, 2.5, 0.85, 12, 12.0, 0.55),
)
"""Mean and deviation of the flakes, their size, the level above which there is one, radius and sigma of their fall, how
much of the picture is left."""
FOG = ((1.5, 2.0), (2.0, 2.0), (2.5, 1.7), (2.5, 1.5), (3.0, 1.4))
"""Thickness; decay of the clouds, see `plasma`."""
BRIGHTNESS = (0.1, 0.2, 0.3, 0.4, 0.5)
"""Added to the value of HSV."""
LUMA = np.array([0.299, 0.587, 0.114], dtype=np.float32)
"""ITU-R BT.601."""


def snow(picture: Picture, severity: int, random: Generator) -> NDArray[Any]:
    """A paler picture and streaks of white, falling to both sides."""
    mean, deviation, size, level, radius, sigma, kept = SNOW[severity - 1]
    flakes = zoomed(random.normal(loc=mean, scale=deviation, size=picture.shape[:2])[..., None], size)[..., 0]
    flakes = np.clip(np.where(flakes < level, 0, flakes), 0, 1)
    fallen = streaked(flakes, radius, sigma, random.uniform(-135, -45))
    layer = (np.round(fallen * 255).astype(np.uint8) / 255)[..., None]
    image = picture.astype(np.float32) / 255
    pale = np.maximum(image, (image @ LUMA)[..., None] * 1.5 + 0.5)
    return shown(kept * image + (1 - kept) * pale + layer + np.rot90(layer, k=2))


def fog(picture: Picture, severity: int, random: Generator) -> NDArray[Any]:
    """Clouds over the picture, then as much darker as they are bright."""
    thickness, decay = FOG[severity - 1]
    height, width = picture.shape[:2]
    clouds = plasma(1 << (max(height, width) - 1).bit_length(), decay, random)[:height, :width, None]
    image = picture / 255
    brightest = image.max()
    return shown((image + thickness * clouds) * brightest / (brightest + thickness))


def brightness(picture: Picture, severity: int, random: Generator) -> NDArray[Any]:
    """More of the value of HSV, which is the largest channel."""
    image = picture / 255
    value = image.max(axis=-1, keepdims=True)
    more = np.minimum(value + BRIGHTNESS[severity - 1], 1)
    # At the same hue and saturation, how far a channel lies below the value is proportional to the value.
    return shown(more - (value - image) * np.divide(more, value, out=np.zeros_like(value), where=value > 0))
