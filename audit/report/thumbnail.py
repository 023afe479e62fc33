"""Small pictures for the contact sheet, inlined into the page."""

from __future__ import annotations

import base64
import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image


def thumbnail(rgb: NDArray[np.uint8], side: int = 160) -> NDArray[np.uint8]:
    """Shrink (H, W, 3) uint8 so that its longer side is at most ``side`` pixels; a small image stays as it is.

    Raises ValueError where ``rgb`` is no uint8 RGB image or ``side`` is not positive.
    """
    if rgb.dtype != np.uint8 or rgb.ndim != 3 or rgb.shape[2] != 3 or 0 in rgb.shape:
        raise ValueError(f"a thumbnail needs a uint8 image (H, W, 3), got {rgb.dtype} {rgb.shape}")
    if side < 1:
        raise ValueError(f"side must be at least 1 pixel, got {side}")
    height, width = rgb.shape[:2]
    scale = side / max(height, width)
    if scale >= 1:
        return rgb
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    small = Image.fromarray(np.ascontiguousarray(rgb)).resize(size, Image.Resampling.LANCZOS)
    return np.asarray(small, dtype=np.uint8)


def data_uri(rgb: NDArray[np.uint8]) -> str:
    """``data:image/jpeg;base64,...`` of (H, W, 3) uint8.

    Full chroma resolution: the colour shifts and the noise that tell two cameras apart must survive.
    """
    buffer = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(rgb)).save(buffer, "JPEG", quality=88, subsampling=0, optimize=True)
    return "data:image/jpeg;base64," + base64.b64encode(buffer.getvalue()).decode("ascii")


def veil_uri(rgba: NDArray[np.uint8], side: int) -> str:
    """``data:image/png;base64,...`` of what lies over a picture, (H, W, 4) uint8, its longer side at most ``side``.

    Of flat colours, which stay as they are: no pixel is mixed from two.
    """
    height, width = rgba.shape[:2]
    scale = min(1.0, side / max(height, width))
    small = Image.fromarray(np.ascontiguousarray(rgba)).resize(
        (max(1, round(width * scale)), max(1, round(height * scale))), Image.Resampling.NEAREST
    )
    buffer = io.BytesIO()
    small.save(buffer, "PNG", optimize=True)
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode("ascii")
