"""Files that are there whole or not at all: written beside their place, then moved into it."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from camsim.errors import CamsimError


@contextmanager
def atomic_path(path: Path | str) -> Iterator[Path]:
    """A temporary path in the folder of ``path`` and with its suffix; it takes the place of ``path`` when the
    block ends.

    If the block raises, the temporary file is removed and ``path`` stays as it was. The block should do
    nothing but write that file: an OSError from it is reported as a failure to write ``path``.

    Raises:
        CamsimError: the folder is missing or cannot be written to, ``path`` is not an ordinary file, the disk
            is full.
    """
    path = Path(path)
    _check_place(path)
    temporary = path.with_name(f".camsim-{secrets.token_hex(8)}.tmp{path.suffix}")
    try:
        # Made here rather than by tempfile, whose files only their owner can read.
        os.close(os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))
        yield temporary
        with temporary.open("rb+") as file:
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError as error:
        raise CamsimError(f"{path}: cannot be written: {error.strerror or error}") from error
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


def write_bytes(path: Path | str, data: bytes) -> None:
    """Write a file atomically; see ``atomic_path`` for what it raises."""
    with atomic_path(path) as temporary:
        temporary.write_bytes(data)


def write_text(path: Path | str, text: str) -> None:
    """Write text as UTF-8, line ends as they are, atomically; see ``atomic_path`` for what it raises."""
    write_bytes(path, text.encode("utf-8"))


def _check_place(path: Path) -> None:
    folder = path.parent
    try:
        if not folder.exists():
            raise CamsimError(f"{path}: cannot be written: the folder {folder} does not exist; make it first")
        if not folder.is_dir():
            raise CamsimError(f"{path}: cannot be written: {folder} is a file, not a folder")
        # Moving over a device such as /dev/null would replace the device itself.
        if path.is_dir() or (path.exists() and not path.is_file()):
            raise CamsimError(f"{path}: cannot be written: it is a folder or a device; give the name of a file")
    except OSError as error:
        raise CamsimError(f"{path}: cannot be written: {error.strerror or error}") from error
