"""Downloads from a local server that speaks like Zenodo, and misbehaves when told."""

from __future__ import annotations

import hashlib
import io
import json
import re
import threading
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

import audit.data.fetch as fetching
from audit.data.fetch import DATASETS, fetch, list_files, unpack
from camsim.errors import CamsimError, UnsafeError


@dataclass
class Zenodo:
    """What the server holds, and how it behaves."""

    url: str = ""
    files: dict[str, bytes] = field(default_factory=dict)
    cut_after: list[int] = field(default_factory=list)
    """The next answers break off after so many bytes."""
    knows_ranges: bool = True
    promised: dict[str, str] = field(default_factory=dict)
    """Checksums that are not the files' own."""
    asked: list[str] = field(default_factory=list)
    """Range of each request for a file."""


@pytest.fixture
def zenodo() -> Iterator[Zenodo]:
    state = Zenodo()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:  # the name that the base class looks for
            if self.path == "/api/records/5235536":
                self._answer(
                    200, json.dumps({"id": 5235536, "files": [entry(*item) for item in state.files.items()]}).encode()
                )
                return
            match = re.fullmatch(r"/api/records/5235536/files/(.+)/content", self.path)
            if match is None or match[1] not in state.files:
                self._answer(404, b"")
                return
            content = state.files[match[1]]
            wanted = self.headers.get("Range")
            state.asked.append(wanted or "")
            start = int(wanted.removeprefix("bytes=").removesuffix("-")) if wanted and state.knows_ranges else 0
            headers = {"Content-Range": f"bytes {start}-{len(content) - 1}/{len(content)}"} if start else {}
            self._answer(
                206 if start else 200, content[start:], headers, state.cut_after.pop(0) if state.cut_after else None
            )

        def _answer(
            self, code: int, body: bytes, headers: dict[str, str] | None = None, cut: int | None = None
        ) -> None:
            self.send_response(code)
            for name, value in {"Content-Length": str(len(body)), **(headers or {})}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body if cut is None else body[:cut])

        def log_message(self, *_: object) -> None: ...

    def entry(name: str, content: bytes) -> dict[str, object]:
        checksum = state.promised.get(name, f"md5:{hashlib.md5(content).hexdigest()}")
        return {"key": name, "size": len(content), "checksum": checksum, "links": {"self": "http://evil.example/x"}}

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    state.url = f"http://127.0.0.1:{server.server_port}/api"
    yield state
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetching, "WAIT", 0.0)
    monkeypatch.setattr(fetching, "_CHUNK", 1000)


def packed(members: dict[str, bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return file.getvalue()


def test_a_dataset_is_fetched_checked_and_unpacked(zenodo: Zenodo, tmp_path: Path) -> None:
    archive = packed({"images/raw_scale100/a.tif": b"x" * 5000})
    zenodo.files = {"Raw-Drone.zip": archive, "microscopy.zip": packed({"b": b""}), "README.md": b"read me"}
    out = tmp_path / "new" / "raw-drone"
    files = fetch("raw-drone", out, api=zenodo.url)
    assert [file.name for file in files] == ["README.md", "Raw-Drone.zip"]
    assert (out / "Raw-Drone.zip").read_bytes() == archive
    assert (out / "Raw-Drone" / "images" / "raw_scale100" / "a.tif").read_bytes() == b"x" * 5000
    asked = len(zenodo.asked)
    assert fetch("raw-drone", out, api=zenodo.url) == files
    assert len(zenodo.asked) == asked, "what is there and right is not fetched again"
    assert sorted(path.name for path in out.iterdir()) == ["README.md", "Raw-Drone", "Raw-Drone.zip"]


def test_an_interrupted_download_goes_on(zenodo: Zenodo, tmp_path: Path) -> None:
    content = bytes(range(256)) * 100
    zenodo.files = {"drone.tar": content}
    zenodo.cut_after = [7000, 3000]
    fetch("raw-drone", tmp_path, api=zenodo.url)
    assert (tmp_path / "drone.tar").read_bytes() == content
    assert zenodo.asked == ["", "bytes=7000-", "bytes=10000-"]


def test_after_giving_up_the_next_call_goes_on(zenodo: Zenodo, tmp_path: Path) -> None:
    content = bytes(range(256)) * 100
    zenodo.files = {"drone.tar": content}
    zenodo.cut_after = [5000, 0, 0, 0, 0]
    with pytest.raises(
        CamsimError, match=r"broke off 5 times, at 5000 of 25600 bytes; the same command goes on from there"
    ):
        fetch("raw-drone", tmp_path, api=zenodo.url)
    assert [path.name for path in tmp_path.iterdir()] == ["drone.tar.part"]
    zenodo.asked.clear()
    fetch("raw-drone", tmp_path, api=zenodo.url)
    assert zenodo.asked == ["bytes=5000-"]
    assert [path.name for path in tmp_path.iterdir()] == ["drone.tar"]
    assert (tmp_path / "drone.tar").read_bytes() == content


def test_a_server_without_ranges_begins_again(zenodo: Zenodo, tmp_path: Path) -> None:
    content = bytes(range(256)) * 100
    zenodo.files, zenodo.knows_ranges, zenodo.cut_after = {"drone.tar": content}, False, [7000]
    fetch("raw-drone", tmp_path, api=zenodo.url)
    assert (tmp_path / "drone.tar").read_bytes() == content


def test_a_wrong_checksum_leaves_nothing(zenodo: Zenodo, tmp_path: Path) -> None:
    zenodo.files = {"drone.tar": b"abc" * 1000}
    zenodo.promised = {"drone.tar": "md5:" + "0" * 32}
    with pytest.raises(CamsimError, match=r"what came is not what the record promises \(md5:0+\); it was thrown away"):
        fetch("raw-drone", tmp_path, api=zenodo.url)
    assert list(tmp_path.iterdir()) == []
    zenodo.promised = {"drone.tar": "sha1:00"}
    with pytest.raises(CamsimError, match=r"drone\.tar: its checksum 'sha1:00' is no md5"):
        fetch("raw-drone", tmp_path, api=zenodo.url)


def test_what_is_not_there(zenodo: Zenodo, tmp_path: Path) -> None:
    with pytest.raises(CamsimError, match=r"no file of Raw-Drone among none"):
        fetch("raw-drone", tmp_path, api=zenodo.url)
    with pytest.raises(CamsimError, match=r"is not there \(404\); the record may have moved"):
        fetch("raw-drone", tmp_path, api=zenodo.url + "/old")
    with pytest.raises(CamsimError, match="cannot be reached"):
        fetch("raw-drone", tmp_path, api="http://127.0.0.1:9/api")
    with pytest.raises(CamsimError, match="'raw-cat' is none of the datasets raw-drone, raw-microscopy"):
        fetch("raw-cat", tmp_path, api=zenodo.url)


def test_files_are_chosen_by_name_and_fetched_from_the_same_host(zenodo: Zenodo) -> None:
    zenodo.files = {"all.zip": b"1", "microscopy images.zip": b"2", "drone.zip": b"3"}
    remote = list_files(DATASETS["raw-microscopy"], zenodo.url)
    assert [file.name for file in remote] == ["all.zip", "microscopy images.zip"]
    assert remote[1].url == f"{zenodo.url}/records/5235536/files/microscopy%20images.zip/content"
    for name in ("../drone.zip", "a/drone.zip", ".drone"):
        zenodo.files = {name: b""}
        with pytest.raises(UnsafeError):
            list_files(DATASETS["raw-drone"], zenodo.url)


def test_hostile_archives_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    for name in ("../x", "/x"):
        path.write_bytes(packed({name: b""}))
        with pytest.raises(UnsafeError, match="leads out of the folder"):
            unpack(path, tmp_path)
    entry = zipfile.ZipInfo("link")
    entry.external_attr = 0o120777 << 16
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(entry, "/etc/passwd")
    with pytest.raises(UnsafeError, match="'link' is a link"):
        unpack(path, tmp_path)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("bomb", bytes(10**7))
    with pytest.raises(CamsimError, match="more than 200 times its size"):
        unpack(path, tmp_path)
    path.write_bytes(packed({"a": b"x" * 1000})[:500])
    with pytest.raises(CamsimError, match="cannot be unpacked"):
        unpack(path, tmp_path)
    assert [found.name for found in tmp_path.iterdir()] == ["a.zip"]
