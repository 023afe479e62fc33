"""JSON files of any length, read piece by piece, within limits."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import ijson
import numpy as np

from camsim.errors import CamsimError

MAX_BYTES = 2 * 2**30
MAX_DEPTH = 40
MAX_STRING = 2**26
"""Longest string, in bytes: the run lengths of one mask."""
_CHUNK = 2**19
_STRING = re.compile(rb'"(?:[^"\\]|\\.)*"', re.DOTALL)
_NOT_JSON = re.compile(rb'"(?:[^"\\]|\\.)*"|NaN|-?Infinity', re.DOTALL)
_LINES_UP_TO = 2**28
"""Files up to this size are read once more where they are no JSON, to say in which line."""


class JsonFile:
    """A file whose size and depth were checked; its parts are read on demand."""

    def __init__(self, path: Path) -> None:
        """Check the file.

        Raises:
            CamsimError: it cannot be read, is too large or too deep.
        """
        self.path = path
        try:
            if path.stat().st_size > MAX_BYTES:
                raise CamsimError(f"{path}: is larger than {MAX_BYTES >> 30} GiB; split it")
            with path.open("rb") as file:
                self._odd_numbers = _scan(path, file)
        except OSError as error:
            raise CamsimError(f"{path}: cannot be read: {error.strerror or error}") from error

    def items(self, prefix: str) -> Iterator[Any]:
        """What stands at a place, such as ``images.item``, one after the other; NaN and infinity read as None.

        Raises:
            CamsimError: it is no JSON.
        """
        try:
            with self.path.open("rb") as file:
                yield from ijson.items(_Mended(file) if self._odd_numbers else file, prefix, use_float=True)
        except ijson.JSONError as error:
            raise CamsimError(f"{self._where()}: is no JSON: {str(error).splitlines()[0].strip()}") from error
        except UnicodeDecodeError as error:
            raise CamsimError(f"{self.path}: is not UTF-8: {error}") from error
        except OSError as error:
            raise CamsimError(f"{self.path}: cannot be read: {error.strerror or error}") from error

    def keys(self) -> tuple[str, ...]:
        """Of the object that the file is; empty where it is something else."""
        found: list[str] = []
        try:
            with self.path.open("rb") as file:
                events = ijson.basic_parse(_Mended(file) if self._odd_numbers else file, use_float=True)
                depth = 0
                for event, value in events:
                    if event == "map_key" and depth == 1:
                        found.append(str(value))
                    depth += event in ("start_map", "start_array")
                    depth -= event in ("end_map", "end_array")
                    if depth == 0:
                        break
        except (ijson.JSONError, UnicodeDecodeError):
            return tuple(found)
        return tuple(found)

    def _where(self) -> str:
        if self.path.stat().st_size > _LINES_UP_TO:
            return str(self.path)
        try:
            json.loads(self.path.read_bytes())
        except json.JSONDecodeError as error:
            return f"{self.path}:{error.lineno}"
        except (ValueError, RecursionError):
            return str(self.path)
        return str(self.path)


def _scan(path: Path, file: IO[bytes]) -> bool:
    """Check the nesting before a parser recurses into it; whether it holds NaN or infinity, which JSON knows not."""
    depth, rest, odd = 0, b"", False
    line = 1
    while piece := file.read(_CHUNK):
        text, rest = _whole_strings(rest + piece)
        if len(rest) > MAX_STRING:
            raise CamsimError(f"{path}:{line}: a string is longer than {MAX_STRING >> 20} MiB")
        bare = _STRING.sub(b"", text)
        odd = odd or b"NaN" in bare or b"Infinity" in bare
        codes = np.frombuffer(bare, dtype=np.uint8)
        steps = ((codes == 0x5B) | (codes == 0x7B)).astype(np.int8) - ((codes == 0x5D) | (codes == 0x7D))
        if len(steps):
            levels = depth + np.cumsum(steps, dtype=np.int32)
            if levels.max() > MAX_DEPTH:
                raise CamsimError(f"{path}:{line}: is nested deeper than {MAX_DEPTH} levels")
            depth = int(levels[-1])
        line += text.count(b"\n")
    return odd


def _whole_strings(text: bytes) -> tuple[bytes, bytes]:
    """The text up to where a string begins that does not end in it, and the rest; words are not torn either."""
    bare = _STRING.sub(lambda found: b" " * len(found[0]), text)
    open_at = bare.find(b'"')
    if open_at >= 0:
        return text[:open_at], text[open_at:]
    end = max(bare.rfind(mark) for mark in (b" ", b",", b"]", b"}", b":", b"\n", b"[", b"{")) + 1
    return text[:end], text[end:]


class _Mended:
    """A JSON text with null in the place of NaN and infinity."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._rest = b""
        self._ready = b""

    def read(self, size: int = -1) -> bytes:
        while not self._ready or size < 0:
            piece = self._file.read(_CHUNK)
            text, self._rest = _whole_strings(self._rest + piece) if piece else (self._rest, b"")
            self._ready += _NOT_JSON.sub(lambda found: found[0] if found[0][:1] == b'"' else b"null", text)
            if not piece:
                break
        given, self._ready = (self._ready, b"") if size < 0 else (self._ready[:size], self._ready[size:])
        return given
