from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from camsim.atomic import atomic_path, write_bytes, write_text
from camsim.errors import CamsimError


def test_a_file_appears_only_when_the_block_has_ended(tmp_path: Path) -> None:
    target = tmp_path / "a.csv"
    with atomic_path(target) as temporary:
        temporary.write_text("done")
        assert temporary.parent == tmp_path
        assert temporary.suffix == ".csv"
        assert not target.exists()
    assert target.read_text() == "done"
    assert list(tmp_path.iterdir()) == [target]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_a_block_that_fails_leaves_the_old_file_and_no_rubbish(tmp_path: Path, error: type[BaseException]) -> None:
    target = tmp_path / "a.txt"
    target.write_text("old")

    def fail() -> None:
        with atomic_path(target) as temporary:
            temporary.write_text("half")
            raise error

    with pytest.raises(error):
        fail()
    assert target.read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]


def test_a_full_disk_is_reported_with_the_path(tmp_path: Path) -> None:
    target = tmp_path / "a.txt"

    def fill() -> None:
        with atomic_path(target):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with pytest.raises(CamsimError, match=r"a\.txt: cannot be written: No space left"):
        fill()
    assert list(tmp_path.iterdir()) == []


def test_text_is_utf8_with_its_line_ends_as_given(tmp_path: Path) -> None:
    write_text(tmp_path / "a", "µ\r\n\n")
    assert (tmp_path / "a").read_bytes() == b"\xc2\xb5\r\n\n"
    write_bytes(tmp_path / "a", b"\x00")
    assert (tmp_path / "a").read_bytes() == b"\x00"


def test_the_file_has_the_permissions_of_an_ordinary_one(tmp_path: Path) -> None:
    write_text(tmp_path / "a", "")
    (tmp_path / "b").write_text("")
    assert (tmp_path / "a").stat().st_mode == (tmp_path / "b").stat().st_mode


def test_places_that_cannot_be_written_are_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    for path, reason in {
        "missing/a": "folder .*missing does not exist",
        "file/a": "is a file, not a folder",
        "folder": "is a folder or a device",
        "pipe": "is a folder or a device",
        "x" * 300: "cannot be written",
    }.items():
        with pytest.raises(CamsimError, match=reason):
            write_text(tmp_path / path, "text")
    assert (tmp_path / "pipe").is_fifo()


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="needs a folder that not even root can write to")
def test_a_folder_without_write_permission_is_refused() -> None:
    with pytest.raises(CamsimError, match=r"/proc/a\.txt: cannot be written"):
        write_text("/proc/a.txt", "text")
