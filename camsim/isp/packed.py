"""Many numbers as text that a profile holds, so that it needs no other file."""

from __future__ import annotations

import base64
import binascii
import zlib

import numpy as np
from numpy.typing import NDArray


def pack_numbers(numbers: NDArray[np.float32]) -> str:
    """As text: float32, little-endian, bytes of the same place together, zlib, base64."""
    planes = np.ascontiguousarray(numbers.astype("<f4")).reshape(-1).view(np.uint8).reshape(-1, 4).T
    return base64.b64encode(zlib.compress(planes.tobytes(), 9)).decode("ascii")


def unpack_numbers(text: str, count: int, name: str, expected: str) -> NDArray[np.float32]:
    """The numbers of a text that `pack_numbers` made: (count,).

    Args:
        text: what a profile holds.
        count: how many there have to be.
        name: of the profile's field, for the error.
        expected: what there should be, for the error.

    Raises:
        ValueError: it is not such a text, or of another size, or not finite.
    """
    try:
        reader = zlib.decompressobj()
        data = reader.decompress(base64.b64decode(text, validate=True), count * 4 + 1)
    except (binascii.Error, zlib.error, ValueError):
        raise ValueError(f"{name} is not what camsim packed; give the file instead") from None
    if len(data) != count * 4 or not reader.eof:
        raise ValueError(f"{name} does not hold {expected}; give the file instead")
    planes = np.frombuffer(data, dtype=np.uint8).reshape(4, count)
    numbers = np.ascontiguousarray(planes.T).view("<f4").astype(np.float32).reshape(-1)
    if not np.isfinite(numbers).all():
        raise ValueError(f"{name} has NaN or infinite numbers")
    return numbers
