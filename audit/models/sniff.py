"""What kind of file is this? By its magic bytes and structure, never by its suffix; nothing is loaded or run."""

from __future__ import annotations

import itertools
import re
import struct
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import BinaryIO, NoReturn

from camsim.errors import CamsimError, UnsafeError, did_you_mean

_HEAD = 65_536
_TAIL = 1 << 20
_MAX_FIELDS = 100_000
"""Top-level fields of a protobuf that are walked; a model has some dozens, plus one for each of its functions."""


@dataclass(frozen=True)
class _Kind:
    title: str
    runs_code: bool = False
    advice: str = "camsim audits ONNX models"


_EXPORT = "Export the model to ONNX: torch.onnx.export(model, example_input, 'model.onnx')"
_CONVERT = "convert it to ONNX with tf2onnx"


class FileKind(Enum):
    """What a file or folder looks like."""

    ONNX = _Kind("an ONNX model")
    ONNX_CUT = _Kind("an ONNX model that is cut short", advice="copy or download it again")
    ORT = _Kind("an onnxruntime (.ort) model", advice="give the ONNX model that it was made from")
    TORCH = _Kind("a PyTorch archive", True, _EXPORT)
    TORCHSCRIPT = _Kind("a TorchScript archive", True, _EXPORT)
    PT2 = _Kind("a torch.export archive (.pt2)", True, _EXPORT)
    PICKLE = _Kind("a Python pickle", True, _EXPORT)
    ZIP = _Kind("a zip archive", advice="unpack it and give the ONNX model inside")
    GZIP = _Kind("a gzip file", advice="unpack it and give the ONNX model inside")
    TAR = _Kind("a tar archive", advice="unpack it and give the ONNX model inside")
    SAFETENSORS = _Kind(
        "a safetensors file",
        advice="it holds weights without a network: name what makes it with --factory MODULE:FUNCTION or "
        "--factory timm:NAME, or export the model to ONNX",
    )
    TFLITE = _Kind("a TensorFlow Lite model", advice=_CONVERT)
    HDF5 = _Kind("an HDF5 (Keras) file", advice=_CONVERT)
    KERAS = _Kind("a Keras archive", advice=_CONVERT)
    SAVED_MODEL = _Kind("a TensorFlow SavedModel folder", advice=_CONVERT)
    GGUF = _Kind("a GGUF file")
    NUMPY = _Kind("a NumPy array")
    IMAGE = _Kind("an image", advice="the model comes first, then --data with the images")
    LFS_POINTER = _Kind("a Git LFS pointer, not the model itself", advice="fetch it with: git lfs pull")
    HTML = _Kind("a web page", advice="the download gave a page instead of the file; download it again")
    TEXT = _Kind("text")
    EMPTY = _Kind("empty", advice="copy or download it again")
    FOLDER = _Kind("a folder", advice="give the ONNX file in it")
    SPECIAL = _Kind("not a regular file")
    UNKNOWN = _Kind("of no kind that camsim knows")


_MAGIC: tuple[tuple[int, bytes, FileKind], ...] = (
    (4, b"ORTM", FileKind.ORT),
    (4, b"TFL3", FileKind.TFLITE),
    (0, b"\x89HDF\r\n\x1a\n", FileKind.HDF5),
    (0, b"\x93NUMPY", FileKind.NUMPY),
    (0, b"GGUF", FileKind.GGUF),
    (0, b"\x1f\x8b", FileKind.GZIP),
    (257, b"ustar", FileKind.TAR),
    (0, b"\x89PNG\r\n\x1a\n", FileKind.IMAGE),
    (0, b"\xff\xd8\xff", FileKind.IMAGE),
    (0, b"version https://git-lfs.github.com/spec/", FileKind.LFS_POINTER),
)

_PICKLE = re.compile(rb"\x80[\x02-\x05]")
_OLD_TORCH = re.compile(rb"\x80[\x02-\x05]\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19")
"""The magic number 0x1950a86a20f9469cfc6c that torch.save wrote first, before it wrote zip archives."""
_ASCII_PICKLE = re.compile(rb"\(*(?:[ci][\w.]+\n[\w.]+\n|[dl]p\d+\n|[\]})]q.|[VI][^\n]*\n[p0t])")
"""How pickles of protocol 0 and 1 begin: a global or instance, a dict, a list, a tuple, a memoised value."""


def sniff(path: Path) -> FileKind:
    """Look at a file's first and last bytes.

    Raises:
        CamsimError: there is no such file (names near it are given), or it cannot be read.
    """
    try:
        if path.is_dir():
            return FileKind.SAVED_MODEL if (path / "saved_model.pb").is_file() else FileKind.FOLDER
        if not path.exists():
            raise _missing(path)
        if not path.is_file():
            return FileKind.SPECIAL
        with path.open("rb") as file:
            return _sniff_open(file, path.stat().st_size)
    except (OSError, ValueError) as error:
        raise CamsimError(f"{path}: cannot be read: {getattr(error, 'strerror', None) or error}") from None


def refuse(path: Path, kind: FileKind) -> NoReturn:
    """Say why a file of this kind is not audited.

    Raises:
        UnsafeError: loading it would run code.
        CamsimError: it is something else than a model that camsim audits.
    """
    about = kind.value
    if about.runs_code:
        raise UnsafeError(
            f"{path.name} is {about.title}, which runs code when it is loaded; camsim refused it. {about.advice}"
        )
    raise CamsimError(f"{path}: is {about.title}; {about.advice}")


def _missing(path: Path) -> CamsimError:
    folder = path.parent
    if not folder.is_dir():
        return CamsimError(f"{path}: no such file; there is no folder {folder} either")
    names = sorted(entry.name for entry in itertools.islice(folder.iterdir(), 10_000))
    return CamsimError(f"{path}: no such file{did_you_mean(path.name, names)}")


def _sniff_open(file: BinaryIO, size: int) -> FileKind:
    head = file.read(_HEAD)
    if not head:
        return FileKind.EMPTY
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return _zip_kind(_zip_names(file, head, size))
    for offset, magic, kind in _MAGIC:
        if head.startswith(magic, offset):
            return kind
    if _OLD_TORCH.match(head):
        return FileKind.TORCH
    if _PICKLE.match(head):
        return FileKind.PICKLE
    onnx = _onnx_kind(file, size)
    if onnx is not None:
        return onnx
    if size > 9 and head[8:9] == b"{" and struct.unpack("<Q", head[:8])[0] <= size - 8:
        return FileKind.SAFETENSORS
    if _ASCII_PICKLE.match(head) and _last_byte(file) == b".":
        return FileKind.PICKLE
    if head.lstrip()[:15].lower().startswith((b"<!doctype html", b"<html")):
        return FileKind.HTML
    return FileKind.TEXT if _is_text(head) else FileKind.UNKNOWN


def _last_byte(file: BinaryIO) -> bytes:
    file.seek(-1, 2)
    return file.read(1)


def _is_text(head: bytes) -> bool:
    try:
        text = head.decode()
    except UnicodeDecodeError as error:
        # The head may end inside a character of several bytes.
        if error.start < len(head) - 3 or len(head) < _HEAD:
            return False
        text = head[: error.start].decode()
    return all(char.isprintable() or char in "\t\r\n\f" for char in text)


def _zip_names(file: BinaryIO, head: bytes, size: int) -> list[str]:
    """Names of the first entry and of those at the end of the central directory (it may be huge: not all of it)."""
    names = [head[30 : 30 + struct.unpack("<H", head[26:28])[0]]] if len(head) >= 30 else []
    file.seek(max(0, size - _TAIL))
    tail = file.read(_TAIL)
    at = tail.find(b"PK\x01\x02")
    while 0 <= at <= len(tail) - 46:
        end = at + 46 + struct.unpack("<H", tail[at + 28 : at + 30])[0]
        names.append(tail[at + 46 : end])
        at = tail.find(b"PK\x01\x02", end)
    return [name.decode("utf-8", "replace") for name in names]


def _zip_kind(names: list[str]) -> FileKind:
    last = {name.rsplit("/", 1)[-1] for name in names}
    if last & {"archive_format", "serialized_exported_program.json"}:
        return FileKind.PT2
    if "constants.pkl" in last or any("/code/" in name for name in names):
        return FileKind.TORCHSCRIPT
    if any(name.endswith(".pkl") for name in last) or "serialization_id" in last:
        return FileKind.TORCH
    return FileKind.KERAS if "model.weights.h5" in last else FileKind.ZIP


def _onnx_kind(file: BinaryIO, size: int) -> FileKind | None:
    """Walk the top-level fields of an ONNX ModelProto: ir_version (1) is a number and the graph (7) is a message."""
    file.seek(0)
    seen: set[tuple[int, int]] = set()
    for _ in range(_MAX_FIELDS):
        if file.tell() == size:
            if (1, 0) not in seen:
                return None
            return FileKind.ONNX if (7, 2) in seen else FileKind.ONNX_CUT
        tag = _varint(file)
        value = None if tag is None else _varint(file)
        number, wire = (0, 0) if tag is None else (tag >> 3, tag & 7)
        known = (number, wire) in _MODEL_PROTO
        if not known and tag is not None:
            return None
        if value is None or (wire == 2 and file.tell() + value > size):
            return FileKind.ONNX_CUT if (1, 0) in seen else None
        if wire == 2:
            file.seek(value, 1)
        elif number == 1 and not 1 <= value <= 1000:
            return None
        seen.add((number, wire))
    return None


_MODEL_PROTO = frozenset({(1, 0), (5, 0), *((number, 2) for number in (2, 3, 4, 6, 7, 8, 14, 20, 25, 26))})
"""(field number, wire type) of onnx.ModelProto; wire type 0 is a number, 2 has a length."""


def _varint(file: BinaryIO) -> int | None:
    """The next protobuf varint; None at the end of the file or for one that is too long."""
    value = 0
    for shift in range(0, 70, 7):
        byte = file.read(1)
        if not byte:
            return None
        value |= (byte[0] & 0x7F) << shift
        if byte[0] < 0x80:
            return value
    return None
