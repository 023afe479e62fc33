"""Which number or colour of a mask is which class: a table beside the masks."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from audit.data.truth import ClassMap
from camsim.errors import CamsimError
from camsim.imageio import MAX_PIXELS

NAMES = ("classes.csv", "class_dict.csv", "classes.txt")
"""Where the table is looked for."""
IGNORED = 255
"""The index that does not count, where no class has it."""
MASK_SUFFIXES = (".png", ".tif", ".tiff", ".bmp")
"""Lossless ones."""
_RED, _GREEN, _BLUE = ("red", "r"), ("green", "g"), ("blue", "b")


@dataclass(frozen=True)
class ClassTable:
    """Classes of masks, in the order of the table."""

    names: tuple[str, ...]
    indices: tuple[int, ...] | None
    """The number of each in a mask; None: each has a colour."""
    colors: tuple[tuple[int, int, int], ...] | None = None
    positive: bool = False
    """Two classes: 0, and whatever is more."""

    def read(self, path: Path) -> ClassMap:
        """Read a mask.

        Raises:
            CamsimError: unreadable, or an index or colour that the table does not have; the message gives the name.
        """
        pixels = _pixels(path)
        if self.positive:
            return ClassMap((pixels.reshape(*pixels.shape[:2], -1).max(axis=2) > 0).astype(np.int32))
        if self.colors is not None:
            return ClassMap(self._by_color(pixels, path))
        if pixels.ndim != 2:
            raise CamsimError(f"{path.name}: holds colours, and the table gives indices; add red,green,blue columns")
        return ClassMap(self._by_index(pixels, path))

    def _by_index(self, pixels: NDArray[np.uint16], path: Path) -> NDArray[np.int32]:
        table = np.full(2**16, -2, dtype=np.int32)
        table[IGNORED] = -1
        for place, index in enumerate(self.indices or ()):
            table[index] = place
        classes: NDArray[np.int32] = table[pixels]
        unknown = classes == -2
        if unknown.any():
            raise CamsimError(
                f"{path.name}: {int(unknown.sum())} pixels hold {int(pixels[unknown][0])}, which the table of classes "
                f"does not have; {IGNORED} is what does not count"
            )
        return classes

    def _by_color(self, pixels: NDArray[np.uint16], path: Path) -> NDArray[np.int32]:
        if pixels.ndim == 2:
            pixels = np.repeat(pixels[..., None], 3, axis=2)
        codes = (pixels[..., 0].astype(np.int64) << 16) | (pixels[..., 1].astype(np.int64) << 8) | pixels[..., 2]
        wanted = np.array([(red << 16) | (green << 8) | blue for red, green, blue in self.colors or ()])
        order = np.argsort(wanted)
        places = np.searchsorted(wanted[order], codes).clip(max=len(wanted) - 1)
        known = wanted[order][places] == codes
        if not known.all():
            color = tuple(int(value) for value in pixels[~known][0])
            raise CamsimError(
                f"{path.name}: {int((~known).sum())} pixels have the colour {color}, which the table of classes does "
                "not have; give what does not count the name 'ignore'"
            )
        classes: NDArray[np.int32] = order[places].astype(np.int32)
        if "ignore" in self.names:
            ignored = self.names.index("ignore")
            classes = np.where(classes == ignored, -1, classes - (classes > ignored)).astype(np.int32)
        return classes

    @property
    def counted(self) -> tuple[str, ...]:
        """The classes that masks are read as indices into."""
        return tuple(name for name in self.names if name != "ignore") if self.colors is not None else self.names


def find_table(folder: Path) -> ClassTable:
    """The table in a folder.

    Raises:
        CamsimError: there is none, or it is no table.
    """
    for name in NAMES:
        if (folder / name).is_file():
            return read_table(folder / name)
    raise CamsimError(
        f"{folder}: masks need a table of their classes: {NAMES[0]} with the columns index,name (or "
        "name,red,green,blue for colours), or classes.txt with one name a line, the first for 0"
    )


def read_table(path: Path) -> ClassTable:
    """``classes.txt``: a name a line; CSV: columns ``name`` and ``index``, or ``name`` and ``red,green,blue``.

    Raises:
        CamsimError: something else; the message names file and line.
    """
    try:
        text = path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise CamsimError(f"{path}: cannot be read: {error}") from error
    if path.suffix == ".txt":
        names = tuple(line.strip() for line in text.splitlines() if line.strip())
        return _checked(ClassTable(names, tuple(range(len(names)))), path)
    rows = list(csv.reader(text.splitlines(), skipinitialspace=True))
    header = [word.strip().lower() for word in rows[0]] if rows else []
    named = [_column(header, ("name", "class", "label"))]
    if named[0] is None:
        raise CamsimError(f"{path}:1: needs the columns index,name or name,red,green,blue, has {', '.join(header)}")
    index = _column(header, ("index", "id"))
    colors = [_column(header, words) for words in (_RED, _GREEN, _BLUE)]
    by_color = all(place is not None for place in colors)
    if index is None and not by_color:
        raise CamsimError(f"{path}:1: needs a column index, or red, green and blue, has {', '.join(header)}")
    wanted = [place for place in (colors if by_color else [index]) if place is not None]
    names_of, numbers = [], []
    for line, row in enumerate(rows[1:], start=2):
        if not any(row):
            continue
        try:
            values = tuple(int(row[place]) for place in wanted)
            names_of.append(row[named[0]].strip())
        except (ValueError, IndexError) as error:
            raise CamsimError(f"{path}:{line}: needs a name and whole numbers, got {','.join(row)!r}") from error
        if any(not 0 <= value < (256 if by_color else 2**16) for value in values):
            raise CamsimError(f"{path}:{line}: out of range: {','.join(row)!r}")
        numbers.append(values)
    if by_color:
        return _checked(ClassTable(tuple(names_of), None, tuple((v[0], v[1], v[2]) for v in numbers)), path)
    return _checked(ClassTable(tuple(names_of), tuple(values[0] for values in numbers)), path)


def _checked(table: ClassTable, path: Path) -> ClassTable:
    keys: tuple[object, ...] = table.colors if table.colors is not None else table.indices or ()
    for what, values in (("name", table.names), ("index or colour", keys)):
        for place, value in enumerate(values):
            if value in values[:place]:
                raise CamsimError(f"{path}: the {what} {value!r} occurs twice")
    if not table.counted:
        raise CamsimError(f"{path}: names no classes")
    return table


def _column(header: list[str], words: tuple[str, ...]) -> int | None:
    return next((header.index(word) for word in words if word in header), None)


def _pixels(path: Path) -> NDArray[np.uint16]:
    """(H, W) of indices or (H, W, 3) of colours."""
    if path.suffix.lower() not in MASK_SUFFIXES:
        raise CamsimError(f"{path.name}: a mask is lossless: {' '.join(MASK_SUFFIXES)}")
    try:
        with Image.open(path, formats=("PNG", "TIFF", "BMP")) as image:
            if image.width * image.height > MAX_PIXELS:
                raise CamsimError(f"{path.name}: is larger than {MAX_PIXELS // 10**6} MPix")
            if image.mode in ("1", "L", "P", "I;16", "I"):
                values = np.asarray(image).astype(np.int64)
                if values.min() < 0 or values.max() >= 2**16:
                    raise CamsimError(f"{path.name}: holds values out of 0..65535")
                return values.astype(np.uint16)
            if image.mode in ("RGB", "RGBA"):
                return np.asarray(image.convert("RGB")).astype(np.uint16)
            raise CamsimError(f"{path.name}: a mask holds indices or RGB colours, got mode {image.mode}")
    except CamsimError:
        raise
    except FileNotFoundError as error:
        raise CamsimError(f"{path.name}: the mask is not there") from error
    except Exception as error:  # a decoder may raise anything on damaged bytes
        raise CamsimError(
            f"{path.name}: the mask cannot be read: {str(error).replace(str(path), path.name)}"
        ) from error
