"""What is done to files: less contrast, stretching, fewer pixels, JPEG."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from PIL import Image
from scipy.ndimage import map_coordinates
from skimage.filters import gaussian

from audit.corruptions.corruption import Picture, shown
from audit.jpeg import through_jpeg

CONTRAST = (0.4, 0.3, 0.2, 0.1, 0.05)
"""Share of the contrast that is left."""
ELASTIC = (12.5, 16.25, 21.25, 25.0, 30.0)
"""What smoothed moves are multiplied by."""
PIXELATE = (0.6, 0.5, 0.4, 0.3, 0.25)
"""Share of the rows and columns that is left."""
JPEG = (25, 18, 15, 10, 7)
"""Quality on libjpeg's scale."""


def contrast(picture: Picture, severity: int, random: Generator) -> NDArray[Any]:
    """Closer to each channel's mean."""
    image = picture / 255
    mean = image.mean(axis=(0, 1), keepdims=True)
    return shown((image - mean) * CONTRAST[severity - 1] + mean)


def elastic_transform(picture: Picture, severity: int, random: Generator) -> NDArray[Any]:
    """Small parts pushed about: moves up to 0.5 % of the height, smoothed over 1 % of the picture, times a factor."""
    height, width = picture.shape[:2]
    right, down = (
        gaussian(  # type: ignore[no-untyped-call]
            random.uniform(-0.005 * height, 0.005 * height, size=(height, width)),
            sigma=(0.01 * height, 0.01 * width),
            mode="reflect",
            truncate=3,
        )
        * ELASTIC[severity - 1]
        for _ in range(2)
    )
    rows, columns = np.mgrid[:height, :width]
    places = [rows + down.astype(np.float32), columns + right.astype(np.float32)]
    image = picture.astype(np.float32) / 255
    moved = [map_coordinates(image[..., channel], places, order=1, mode="reflect") for channel in range(3)]
    return shown(np.stack(moved, axis=-1))


def pixelate(picture: Picture, severity: int, random: Generator) -> NDArray[Any]:
    """Fewer pixels, shown as blocks."""
    image = Image.fromarray(np.ascontiguousarray(picture))
    width, height = image.size
    share = PIXELATE[severity - 1]
    small = image.resize((int(width * share), int(height * share)), Image.Resampling.BOX)
    return np.asarray(small.resize((width, height), Image.Resampling.NEAREST))


def jpeg_compression(picture: Picture, severity: int, random: Generator) -> NDArray[Any]:
    """Through libjpeg, chroma at half resolution."""
    return through_jpeg(picture, JPEG[severity - 1])
