"""Files that a profile names: in its folder or below, of a limited size."""

from __future__ import annotations

from pathlib import Path, PurePosixPath


def read_beside(folder: Path, name: str, most: int) -> bytes:
    """The bytes of a file in a folder or below it.

    Args:
        folder: the profile's.
        name: of the file, relative to it, with ``/``.
        most: bytes it may have.

    Raises:
        ValueError: a path or a link that leads elsewhere, or a file that cannot be read or is too large.
    """
    path = folder / name
    relative = PurePosixPath(name)
    if relative.is_absolute() or "\\" in name or ".." in relative.parts:
        raise ValueError(f"file must lie in the profile's folder or below it, got {name!r}")
    try:
        if not path.resolve(strict=True).is_relative_to(folder.resolve()):
            raise ValueError(f"file must lie in the profile's folder or below it, but {name!r} is a link to elsewhere")
        if not path.is_file() or path.stat().st_size > most:
            raise ValueError(f"file {name!r} is no file of at most {most} bytes")
        return path.read_bytes()
    except OSError as error:
        raise ValueError(f"file {name!r} cannot be read: {error.strerror}") from None
