"""Where the members of tar shards lie: found in one pass, in order, in which they are hashed too."""

from __future__ import annotations

import hashlib
import tarfile
from array import array
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import BinaryIO

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from audit.data.paths import check_name
from audit.data.reader import SUFFIXES
from audit.data.table import packed
from camsim.errors import CamsimError, UnsafeError

MAX_MEMBER = 2**30
SIDES = ("cls", "txt", "json")
"""Members that say what is in the picture."""
_COMPRESSED = {b"\x1f\x8b": "gzip", b"BZ": "bzip2", b"\xfd7": "xz", b"\x28\xb5": "zstd"}
_CHUNK = 2**20


@dataclass(frozen=True)
class Members:
    """Of N samples."""

    ids: pa.Array
    suffixes: tuple[str, ...]
    suffix: NDArray[np.int8]
    """(N,) into `suffixes`: that of the picture."""
    shard: NDArray[np.int32]
    places: NDArray[np.int64]
    """(N, 4, 2): offset and size of the picture and of each of `SIDES`; size -1: there is none."""
    digests: NDArray[np.uint8]
    """(N, 32): SHA-256 of what they hold."""

    def has(self, side: str) -> NDArray[np.bool_]:
        """(N,)."""
        return self.places[:, 1 + SIDES.index(side), 1] >= 0


@dataclass
class _Sample:
    key: str
    suffix: str = ""
    places: list[tuple[int, int]] = field(default_factory=lambda: [(0, -1)] * (1 + len(SIDES)))
    parts: list[str] = field(default_factory=list)
    """Name and digest of each member."""


class Index:
    """Grows shard by shard; `done` gives it."""

    def __init__(self, shards: list[Path]) -> None:
        """For these shards."""
        self._several = len(shards) > 1
        self._ids: list[pa.Array] = []
        self._suffixes: list[str] = []
        self._suffix, self._shard = array("b"), array("i")
        self._places = array("q")
        self._digests = bytearray()
        self.without_picture = 0
        self.first_without = ""

    def add(self, number: int, shard: Path) -> None:
        """Read a shard from its beginning to its end.

        Raises:
            CamsimError: compressed, damaged, or several pictures for one sample.
            UnsafeError: a member that is no plain file, or leads out of the folder.
        """
        ids: list[str] = []
        prefix = f"{shard.stem}/" if self._several else ""
        try:
            with shard.open("rb") as file:
                _refuse_compressed(shard, file)
                with tarfile.open(fileobj=file, mode="r:") as tar, shard.open("rb") as content:
                    current: _Sample | None = None
                    while (member := tar.next()) is not None:
                        tar.members = []  # type: ignore[attr-defined]  # it would keep them all
                        found = _key_and_extension(shard, member)
                        if found is None:
                            continue
                        key, extension = found
                        if current is None or key != current.key:
                            self._finish(current, number, ids, prefix)
                            current = _Sample(key)
                        _take(shard, current, extension, member, content)
                    self._finish(current, number, ids, prefix)
        except (tarfile.TarError, EOFError, ValueError) as error:
            raise CamsimError(f"{shard}: is damaged or no tar file: {error}") from error
        except OSError as error:
            raise CamsimError(f"{shard}: cannot be read: {error.strerror or error}") from error
        self._ids.append(packed(ids))

    def done(self) -> Members:
        """What was found."""
        return Members(
            ids=pa.concat_arrays(self._ids),
            suffixes=tuple(self._suffixes),
            suffix=np.array(self._suffix, dtype=np.int8),
            shard=np.array(self._shard, dtype=np.int32),
            places=np.array(self._places, dtype=np.int64).reshape(-1, 1 + len(SIDES), 2),
            digests=np.frombuffer(bytes(self._digests), dtype=np.uint8).reshape(-1, 32),
        )

    def _finish(self, sample: _Sample | None, shard: int, ids: list[str], prefix: str) -> None:
        if sample is None:
            return
        if not sample.suffix:
            self.without_picture += 1
            self.first_without = self.first_without or prefix + sample.key
            return
        if sample.suffix not in self._suffixes:
            self._suffixes.append(sample.suffix)
        ids.append(prefix + sample.key)
        self._suffix.append(self._suffixes.index(sample.suffix))
        self._shard.append(shard)
        for place in sample.places:
            self._places.extend(place)
        self._digests += hashlib.sha256("\n".join(sorted(sample.parts)).encode()).digest()


def _key_and_extension(shard: Path, member: tarfile.TarInfo) -> tuple[str, str] | None:
    """Name up to the first dot, and what follows it; None: a folder or a hidden file."""
    where = f"{shard}: {member.name!r}"
    if member.isdir():
        return None
    if not member.isreg():
        raise UnsafeError(f"{where}: is a link or a device; a shard holds plain files alone")
    path = PurePosixPath(check_name(member.name, str(shard)))
    if path.name.startswith("."):
        return None
    stem, _, extension = path.name.partition(".")
    return str(path.with_name(stem)), extension.lower()


def _take(shard: Path, sample: _Sample, extension: str, member: tarfile.TarInfo, content: BinaryIO) -> None:
    is_picture = f".{extension}" in SUFFIXES
    if not is_picture and extension not in SIDES:
        return
    if member.size > MAX_MEMBER:
        raise CamsimError(f"{shard}: {member.name!r}: is larger than {MAX_MEMBER >> 30} GiB")
    place = 0 if is_picture else 1 + SIDES.index(extension)
    if sample.places[place][1] >= 0:
        what = "pictures" if is_picture else f"members .{extension}"
        raise CamsimError(f"{shard}: {sample.key!r} has two {what}; the name before the first dot tells samples apart")
    sample.places[place] = (member.offset_data, member.size)
    if is_picture:
        sample.suffix = f".{extension}"
    digest = hashlib.sha256()
    content.seek(member.offset_data)
    left = member.size
    while left:
        piece = content.read(min(left, _CHUNK))
        if not piece:
            raise CamsimError(f"{shard}: ends within {member.name!r}")
        digest.update(piece)
        left -= len(piece)
    sample.parts.append(f"{extension} {digest.hexdigest()}")


def _refuse_compressed(shard: Path, file: BinaryIO) -> None:
    start = file.read(2)
    file.seek(0)
    if start in _COMPRESSED:
        raise CamsimError(
            f"{shard}: is compressed ({_COMPRESSED[start]}), so that its members cannot be read one by one; unpack it "
            "to a plain .tar"
        )
