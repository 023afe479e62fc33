"""Tables of colours from ``.cube`` files, and as text that a profile holds."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from camsim.beside import read_beside
from camsim.isp.packed import pack_numbers, unpack_numbers

Color = tuple[float, float, float]

MAX_SIZE = 65
"""Entries along a side: a profile holds the table itself."""
MAX_TEXT = 1_500_000
"""Characters of a packed table, of the 2 000 000 that a profile may have."""
_MAX_BYTES = 32 * 2**20
_MAX_VALUE = 1e30
_MAX_LINE = 250  # as the specification has it


@dataclass(frozen=True)
class Cube:
    """A table of colours."""

    table: NDArray[np.float32]
    """(N, N, N, 3): by blue, green and red of what comes in, as in the file, where red changes fastest."""
    low: Color
    """Where the table begins, for R, G and B."""
    high: Color


def read_cube(folder: Path, name: str) -> tuple[Cube, str]:
    """A ``.cube`` file in a folder or below it, and its sha256.

    Raises:
        ValueError: a path that leads elsewhere, a file that cannot be read, or anything in it that is not understood.
    """
    data = read_beside(folder, name, _MAX_BYTES)
    try:
        return parse_cube(data.decode("utf-8-sig")), hashlib.sha256(data).hexdigest()
    except UnicodeDecodeError:
        raise ValueError(f"file {name!r} is not UTF-8 text") from None
    except ValueError as error:
        raise ValueError(f"file {name!r}, {error}") from None


def parse_cube(text: str) -> Cube:
    """Read the text of a ``.cube`` file with a three-dimensional table.

    Source: Adobe, "Cube LUT Specification 1.0", 2013.

    Raises:
        ValueError: the line and what is wrong there.
    """
    size = 0
    limits: dict[str, Color] = {"DOMAIN_MIN": (0.0, 0.0, 0.0), "DOMAIN_MAX": (1.0, 1.0, 1.0)}
    rows: list[Color] = []
    for number, line in enumerate(text.splitlines(), start=1):
        where = f"line {number}"
        if len(line) > _MAX_LINE:
            raise ValueError(f"{where}: is longer than {_MAX_LINE} characters")
        words = line.split()
        if not words or words[0].startswith("#") or words[0] == "TITLE":
            continue
        if words[0] == "LUT_3D_SIZE" and not size:
            size = _size(words[1:], where)
        elif words[0] in limits and not rows:
            limits[words[0]] = _three(words[1:], where)
        elif words[0][0].isalpha() or not size:
            raise ValueError(
                f"{where}: expected TITLE, LUT_3D_SIZE once, DOMAIN_MIN or DOMAIN_MAX before the numbers, got {line!r}"
            )
        elif len(rows) == size**3:
            raise ValueError(f"{where}: more than the {size**3} rows of a table of size {size}")
        else:
            rows.append(_three(words, where))
    if not size or len(rows) != size**3:
        raise ValueError(f"has {len(rows)} rows, LUT_3D_SIZE {size or 'missing'} asks for {size**3}")
    low, high = limits.values()
    check_limits(low, high)
    return Cube(np.array(rows, dtype=np.float32).reshape(size, size, size, 3), low, high)


def check_limits(low: Color, high: Color) -> None:
    """Refuse a table that does not begin before it ends.

    Raises:
        ValueError: so it is, in one of the channels.
    """
    if any(last <= first for first, last in zip(low, high, strict=True)):
        raise ValueError(f"the domain must begin before it ends in each channel, got {list(low)} to {list(high)}")


def _size(words: list[str], where: str) -> int:
    size = int(words[0]) if len(words) == 1 and words[0].isdecimal() and len(words[0]) < 6 else 0
    if not 2 <= size <= MAX_SIZE:
        raise ValueError(f"{where}: LUT_3D_SIZE must be one whole number in [2, {MAX_SIZE}], got {' '.join(words)!r}")
    return size


def _three(words: list[str], where: str) -> Color:
    try:
        red, green, blue = (float(word) for word in words)
    except ValueError:
        raise ValueError(f"{where}: needs three numbers, got {' '.join(words)!r}") from None
    if not all(abs(value) < _MAX_VALUE for value in (red, green, blue)):
        raise ValueError(f"{where}: must be finite, below {_MAX_VALUE:g}, got {' '.join(words)!r}")
    return red, green, blue


def pack(table: NDArray[np.float32]) -> str:
    """A table as text; see `camsim.isp.packed`.

    Raises:
        ValueError: it does not fit into a profile.
    """
    text = pack_numbers(table)
    if len(text) > MAX_TEXT:
        raise ValueError(f"the table takes {len(text)} characters, a profile holds {MAX_TEXT}; resample it, to 33 say")
    return text


def unpack(text: str, size: int) -> NDArray[np.float32]:
    """The (N, N, N, 3) table of a text that `pack` made.

    Raises:
        ValueError: it is not such a text, or of another size, or not finite.
    """
    count = size**3 * 3
    numbers = unpack_numbers(text, count, "table", f"the {count} numbers of size {size}")
    return numbers.reshape(size, size, size, 3)
