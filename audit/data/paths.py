"""Files that annotations name: inside the dataset's folder, or refused."""

from __future__ import annotations

import hashlib
from pathlib import Path, PurePosixPath

from camsim.errors import CamsimError, UnsafeError


def check_name(name: str, where: str) -> str:
    """A file name in an annotation, relative to the folder, in posix form.

    Raises:
        UnsafeError: absolute, or upwards out of the folder.
        CamsimError: empty, or not to be stored as a name.
    """
    text = name.replace("\\", "/")
    if not text.strip() or "\0" in text:
        raise CamsimError(f"{where}: {name!r} is no file name")
    path = PurePosixPath(text)
    if path.is_absolute() or ".." in path.parts or (len(text) > 1 and text[1] == ":"):
        raise UnsafeError(
            f"{where}: {name!r} leads out of the folder; write file names relative to it, and put the files into it"
        )
    return path.as_posix()


def stay_inside(path: Path, real_root: Path) -> None:
    """Refuse a file that lies, by way of links, outside a folder.

    Raises:
        UnsafeError: it does, or its links cannot be followed.
    """
    try:
        target = path.resolve()
    except (OSError, RuntimeError) as error:
        raise UnsafeError(f"{path}: the link cannot be followed: {error}; remove it") from error
    if not target.is_relative_to(real_root):
        raise UnsafeError(f"{path}: the link leads out of the folder to {target}; put a copy of the file there instead")


def content_sha256(path: Path) -> str:
    """Of a file's content, read piece by piece; says why where it cannot be read."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        return f"unreadable: {error.strerror or error}"
