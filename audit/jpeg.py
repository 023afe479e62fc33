"""What the JPEG of a device makes of a picture."""

from __future__ import annotations

import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from camsim.errors import CamsimError


def through_jpeg(picture: NDArray[np.uint8], quality: int) -> NDArray[np.uint8]:
    """(H, W, 3) uint8 RGB through libjpeg and back: baseline, chroma at half resolution (4:2:0), as devices write it.

    ``quality``: libjpeg's scale, 1..95.
    """
    check_quality(quality)
    buffer = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(picture)).save(buffer, "JPEG", quality=quality, subsampling="4:2:0")
    with Image.open(buffer) as image:
        return np.array(image.convert("RGB"))


def check_quality(quality: int) -> None:
    """Raises CamsimError outside 1..95."""
    if not 1 <= quality <= 95:
        raise CamsimError(f"jpeg: the quality must lie in 1..95 (90 is a usual one), got {quality}")
