"""Published datasets from Zenodo: what a record lists, checked by its checksums, resumed where it stopped."""

from __future__ import annotations

import re
import shutil
import stat
import time
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import pooch
import requests

from audit.data.paths import check_name
from audit.progress import Progress, Silent
from camsim.errors import CamsimError, UnsafeError

ZENODO = "https://zenodo.org/api"
TIMEOUT = 60
"""Seconds without an answer."""
TRIES = 5
WAIT = 1.0
"""Seconds before the second try, doubled each time."""
MIB = 2**20
_CHUNK = MIB
MAX_RATIO = 200
"""Bytes that may come out of one byte of a zip file."""
UNPACKED = ".unpacked"
_MD5 = re.compile(r"md5:[0-9a-f]{32}")


@dataclass(frozen=True)
class Published:
    """A dataset in a record of Zenodo that may hold others too."""

    title: str
    record: int
    own: str
    """Occurs in the names of its files, as a regular expression."""
    others: str
    """In those of the other datasets in the record."""
    licence: str


DATASETS: Mapping[str, Published] = {
    "raw-drone": Published("Raw-Drone", 5235536, "drone", "micro|histo|cell|blood", "CC BY 4.0"),
    "raw-microscopy": Published("Raw-Microscopy", 5235536, "micro|histo|cell|blood", "drone", "CC BY 4.0"),
}
"""Both lie under 10.5281/zenodo.5235536 (Oala, Aversa et al. 2021). Names and checksums are taken from the record."""


@dataclass(frozen=True)
class Remote:
    """A file of a record."""

    name: str
    url: str
    size: int
    checksum: str
    """``md5:`` and 32 digits."""


def list_files(dataset: Published, api: str = ZENODO) -> list[Remote]:
    """The files of a dataset, by name.

    A record's file belongs to the dataset if its name says so, or if it does not say that it is another's.

    Raises:
        CamsimError: no such record, or an answer that is none.
    """
    url = f"{api}/records/{dataset.record}"
    answer = _get(url)
    try:
        found = answer.json()
        files = [_remote(entry, url) for entry in found["files"]]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise CamsimError(f"{url}: is no record of Zenodo: {error!r}") from error
    own = [file for file in files if re.search(dataset.own, file.name, re.IGNORECASE)]
    shared = [file for file in files if file not in own and not re.search(dataset.others, file.name, re.IGNORECASE)]
    if not own and not shared:
        listed = ", ".join(file.name for file in files) or "none"
        raise CamsimError(f"{url}: no file of {dataset.title} among {listed}")
    return sorted([*own, *shared], key=lambda file: file.name)


def fetch(name: str, out: Path, *, api: str = ZENODO, progress: Progress | None = None) -> list[Path]:
    """Download a dataset into a folder and unpack what is packed; what is there already is checked and kept.

    A file appears under its name only when it is whole and its checksum is right. Until then it grows as
    ``NAME.part``, and a later call goes on from there.

    Args:
        name: of `DATASETS`.
        out: the folder; made where it is missing.
        api: address of Zenodo, or of a mirror.
        progress: told in MiB.

    Returns:
        The files.

    Raises:
        CamsimError: no such dataset, no connection, a wrong checksum, no room.
        UnsafeError: a name in the record or in a zip file that leads out of the folder.
    """
    if name not in DATASETS:
        raise CamsimError(f"{name!r} is none of the datasets {', '.join(DATASETS)}")
    files = list_files(DATASETS[name], api)
    show = progress or Silent()
    try:
        out.mkdir(parents=True, exist_ok=True)
        room = shutil.disk_usage(out).free
    except OSError as error:
        raise CamsimError(f"{out}: cannot be made: {error.strerror or error}") from error
    missing = sum(file.size for file in files if not (out / file.name).exists())
    if missing > room:
        raise CamsimError(f"{out}: needs {missing // MIB} MiB, and {room // MIB} MiB are free")
    done = []
    for file in files:
        show.start(f"{file.name}, MiB", -(-file.size // MIB))
        path = _download(file, out, show)
        if zipfile.is_zipfile(path):
            unpack(path, out)
        done.append(path)
    return done


def unpack(path: Path, out: Path) -> None:
    """Unpack a zip file into a folder of its name, whole or not at all; nothing is done where it was done before.

    Raises:
        CamsimError: damaged, or implausibly large.
        UnsafeError: links, or names that lead out.
    """
    target = out / path.stem
    marker = target / UNPACKED
    if marker.exists() and marker.stat().st_mtime >= path.stat().st_mtime:
        return
    temporary = out / f".{path.stem}.unpacking"
    shutil.rmtree(temporary, ignore_errors=True)
    try:
        with zipfile.ZipFile(path) as archive:
            _check_members(path, archive)
            archive.extractall(temporary)  # names were checked
        (temporary / UNPACKED).write_text(path.name)
        shutil.rmtree(target, ignore_errors=True)
        temporary.replace(target)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, OSError) as error:
        raise CamsimError(f"{path}: cannot be unpacked: {error}") from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _check_members(path: Path, archive: zipfile.ZipFile) -> None:
    total = 0
    for entry in archive.infolist():
        check_name(entry.filename, str(path))
        if stat.S_ISLNK(entry.external_attr >> 16):
            raise UnsafeError(f"{path}: {entry.filename!r} is a link")
        total += entry.file_size
    if total > MAX_RATIO * path.stat().st_size:
        raise CamsimError(f"{path}: would unpack to {total // MIB} MiB, more than {MAX_RATIO} times its size")


def _remote(entry: Any, url: str) -> Remote:
    name = check_name(str(entry["key"]), url)
    checksum = str(entry["checksum"])
    if "/" in name or name.startswith("."):
        raise UnsafeError(f"{url}: {name!r} is no plain file name")
    if not _MD5.fullmatch(checksum):
        raise CamsimError(f"{url}: {name}: its checksum {checksum!r} is no md5")
    host = urlsplit(url)
    link = f"{host.scheme}://{host.netloc}{host.path}/files/{quote(name)}/content"  # of this host, whatever it says
    return Remote(name, link, int(entry["size"]), checksum)


def _download(file: Remote, out: Path, show: Progress) -> Path:
    pooch.get_logger().setLevel("WARNING")  # it would write between the progress bars
    try:
        found = pooch.retrieve(
            file.url,
            known_hash=file.checksum,
            fname=file.name,
            path=out,
            downloader=_resuming(file, out / f"{file.name}.part", show),
        )
    except ValueError as error:  # how pooch reports a checksum
        raise CamsimError(
            f"{file.url}: what came is not what the record promises ({file.checksum}); it was thrown away: try again"
        ) from error
    except OSError as error:
        raise CamsimError(f"{out / file.name}: cannot be written: {error.strerror or error}") from error
    return Path(found)


def _resuming(file: Remote, part: Path, show: Progress) -> Callable[[str, str, object], None]:
    """A downloader for pooch, which checks the result and moves it into its place."""

    def download(url: str, output: str, _: object) -> None:
        for attempt in range(TRIES):
            try:
                _append(url, part, file, show)
                break
            except (requests.ConnectionError, requests.Timeout, requests.exceptions.ChunkedEncodingError) as error:
                if attempt == TRIES - 1:
                    have = part.stat().st_size if part.exists() else 0
                    raise CamsimError(
                        f"{url}: the connection broke off {TRIES} times, at {have} of {file.size} bytes; the same "
                        "command goes on from there"
                    ) from error
                time.sleep(WAIT * 2**attempt)
        part.replace(output)

    return download


def _append(url: str, part: Path, file: Remote, show: Progress) -> None:
    """Write what is missing of a file, or all of it where the server cannot begin in the middle."""
    have = part.stat().st_size if part.exists() else 0
    if have > file.size:
        part.unlink()
        have = 0
    if have == file.size and part.exists():
        return
    headers = {"Range": f"bytes={have}-"} if have else {}
    with requests.get(url, headers=headers, stream=True, timeout=TIMEOUT) as answer:
        _refuse(url, answer)
        goes_on = answer.status_code == 206 and answer.headers.get("Content-Range", "").startswith(f"bytes {have}-")
        with part.open("ab" if have and goes_on else "wb") as sink:
            written = have if goes_on else 0
            shown = 0
            for piece in answer.iter_content(_CHUNK):
                sink.write(piece)
                written += len(piece)
                show.advance(written // MIB - shown)
                shown = written // MIB
    if written < file.size:
        raise requests.ConnectionError("it ended early")


def _get(url: str) -> requests.Response:
    for attempt in range(TRIES):
        try:
            answer = requests.get(url, timeout=TIMEOUT, headers={"Accept": "application/json"})
            break
        except requests.RequestException as error:
            passing = isinstance(error, requests.ConnectionError | requests.Timeout)
            if not passing or attempt == TRIES - 1:
                raise CamsimError(f"{url}: cannot be reached: {error}") from error
            time.sleep(WAIT * 2**attempt)
    _refuse(url, answer)
    return answer


def _refuse(url: str, answer: requests.Response) -> None:
    if answer.status_code == 404:
        raise CamsimError(
            f"{url}: is not there (404); the record may have moved: see https://doi.org/10.5281/zenodo.5235536"
        )
    if answer.status_code not in (200, 206):
        raise CamsimError(f"{url}: the server answers {answer.status_code} {answer.reason}")
