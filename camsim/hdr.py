"""Scenes in Radiance files (.hdr, .pic): four bytes a pixel, with one exponent for R, G and B."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from camsim.errors import CamsimError
from camsim.exr import is_srgb

MAGIC = (b"#?RADIANCE", b"#?RGBE")
MAX_HEADER = 65536
"""Bytes; the header is text and ends with an empty line."""
_SIZE = re.compile(rb"^([-+])Y ([0-9]{1,9}) ([-+])X ([0-9]{1,9})$")
_RLE_WIDTHS = range(8, 32768)
"""Where the run-length coding of separate components is defined."""


def read_hdr(path: Path, *, max_pixels: int, min_side: int) -> NDArray[np.float32]:
    """Read a Radiance RGBE picture: (H, W, 3) linear light, as it lies in the file.

    A component is (m + 1/2) 2^(e - 136), 0 where e = 0, as Radiance's own library reads it. Flat pixels and both kinds
    of run-length coding. ``EXPOSURE`` and ``COLORCORR`` are not undone: units are arbitrary. ``PRIMARIES``, where
    stated, must be those of sRGB.

    Raises:
        CamsimError: not such a file, damaged or cut short, XYZE, other primaries, too large or small.

    Source: G. Ward, "Real Pixels", Graphics Gems II, 1991; Radiance, src/common/color.c.
    """
    try:
        content = path.read_bytes() if path.stat().st_size <= 5 * max_pixels + MAX_HEADER else None
    except OSError as error:
        raise CamsimError(f"{path}: cannot be read: {error.strerror or error}") from error
    if content is None:
        raise CamsimError(f"{path}: is larger than {max_pixels // 10**6} MPix could be")
    height, width, flips, start = _header(path, content)
    if height * width > max_pixels:
        raise CamsimError(f"{path}: {width}x{height} is more than {max_pixels // 10**6} MPix")
    if min(height, width) < min_side:
        raise CamsimError(f"{path}: {width}x{height} is smaller than {min_side}x{min_side}")
    pixels = _pixels(path, np.frombuffer(content, np.uint8, offset=start), height, width)[:: flips[0], :: flips[1]]
    exponents = pixels[..., 3].astype(np.int32)
    scale = np.where(exponents > 0, np.ldexp(np.float64(1), exponents - 136), 0)
    light: NDArray[np.float32] = ((pixels[..., :3] + 0.5) * scale[..., None]).astype(np.float32)
    if not np.isfinite(light).all():
        raise CamsimError(f"{path}: holds values beyond what float32 holds")
    return light


def hdr_size(path: Path) -> tuple[int, int]:
    """Height and width, from the header alone.

    Raises:
        CamsimError: not such a file.
    """
    try:
        with path.open("rb") as file:
            return _header(path, file.read(MAX_HEADER + 128))[:2]
    except OSError as error:
        raise CamsimError(f"{path}: cannot be read: {error.strerror or error}") from error


def _header(path: Path, content: bytes) -> tuple[int, int, tuple[int, int], int]:
    """Height, width, the steps that put rows and columns in order, and where pixels begin."""
    if not content.startswith(MAGIC):
        raise CamsimError(f"{path}: not a Radiance picture: it starts with the bytes {content[:10]!r}")
    end = content.find(b"\n\n", 0, MAX_HEADER)
    after = content.find(b"\n", end + 2, end + 2 + 64) if end >= 0 else -1
    if end < 0 or after < 0:
        raise CamsimError(f"{path}: damaged or cut short: its header has no end")
    for line in content[:end].split(b"\n"):
        key, _, value = line.partition(b"=")
        if key == b"FORMAT" and value.strip() != b"32-bit_rle_rgbe":
            raise CamsimError(f"{path}: its FORMAT is {value.strip()[:40]!r}; only 32-bit_rle_rgbe is read")
        if key == b"PRIMARIES" and not _primaries_fit(value):
            raise CamsimError(f"{path}: its primaries are not those of sRGB (Rec. 709); convert it to linear sRGB")
    size = _SIZE.match(content[end + 2 : after])
    if size is None:
        shown = content[end + 2 : after][:40]
        raise CamsimError(f"{path}: rows must come one after the other (-Y H +X W), its size is {shown!r}")
    flips = (1 if size[1] == b"-" else -1, 1 if size[3] == b"+" else -1)
    return int(size[2]), int(size[4]), flips, after + 1


def _primaries_fit(value: bytes) -> bool:
    try:
        numbers = np.array([float(part) for part in value.split()])
    except ValueError:
        return False
    return numbers.shape == (8,) and is_srgb(numbers.reshape(4, 2))


def _pixels(path: Path, data: NDArray[np.uint8], height: int, width: int) -> NDArray[np.uint8]:
    """(H, W, 4) R, G, B, exponent."""
    out = np.empty((height, width, 4), dtype=np.uint8)
    place = 0
    try:
        for row in out:
            marker = data[place : place + 4]
            coded = len(marker) == 4 and marker[0] == 2 and marker[1] == 2 and marker[2] < 128
            if coded and width in _RLE_WIDTHS:
                if int(marker[2]) << 8 | int(marker[3]) != width:
                    raise IndexError("a row of another width")
                place = _components(data, place + 4, row)
            else:
                place = _old_row(data, place, row)
    except (IndexError, ValueError) as error:
        raise CamsimError(f"{path}: damaged or cut short: {error}") from None
    return out


def _components(data: NDArray[np.uint8], place: int, row: NDArray[np.uint8]) -> int:
    """One row, component by component; returns where the next begins."""
    for component in range(4):
        values, filled = row[:, component], 0
        while filled < len(values):
            count = int(data[place])
            run = count > 128
            count = count - 128 if run else count
            if count == 0 or filled + count > len(values):
                raise IndexError("a run beyond the end of its row")
            values[filled : filled + count] = data[place + 1] if run else data[place + 1 : place + 1 + count]
            filled += count
            place += 2 if run else 1 + count
    return place


def _old_row(data: NDArray[np.uint8], place: int, row: NDArray[np.uint8]) -> int:
    """One row pixel by pixel, where 1, 1, 1, n repeats the pixel before; returns where the next begins."""
    flat = data[place : place + 4 * len(row)].reshape(-1, 4)
    if len(flat) == len(row) and not (flat[:, :3] == 1).all(axis=1).any():
        row[:] = flat
        return place + 4 * len(row)
    filled, shift = 0, 0
    while filled < len(row):
        pixel = data[place : place + 4]
        if len(pixel) < 4:
            raise IndexError("pixels are missing")
        place += 4
        if (pixel[:3] == 1).all():
            count = int(pixel[3]) << shift
            if filled == 0 or filled + count > len(row):
                raise IndexError("a run beyond its row")
            row[filled : filled + count] = row[filled - 1]
            filled, shift = filled + count, shift + 8
            if shift > 24:
                raise IndexError("a run without end")
        else:
            row[filled] = pixel
            filled, shift = filled + 1, 0
    return place
