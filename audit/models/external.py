"""Weights that an ONNX model keeps in files of their own: which files those are, and whether they may be read.

An external file must lie in the model's folder, reached without links: otherwise a model could have any file of the
machine read as weights (CVE-2022-25882, CVE-2024-27318, CVE-2026-34446 hard link, CVE-2026-34447 symbolic link).
"""

from __future__ import annotations

import reprlib
from collections.abc import Iterable
from pathlib import Path

from onnx import TensorProto

from camsim.errors import CamsimError, UnsafeError


def external_files(model: Path, tensors: Iterable[TensorProto], max_bytes: int) -> tuple[Path, ...]:
    """Check the external data of a model's tensors without reading them.

    Args:
        model: the model's file; external data are looked for in its folder.
        tensors: all tensors of the model.
        max_bytes: how long the external files may be together.

    Returns:
        The external files, sorted, each once.

    Raises:
        UnsafeError: a file outside the model's folder, a link, or too many bytes.
        CamsimError: a file that is missing or too short.
    """
    sizes: dict[Path, int] = {}
    for tensor in tensors:
        if tensor.data_location != TensorProto.EXTERNAL and not tensor.external_data:
            continue
        entries = {entry.key: entry.value for entry in tensor.external_data}
        if len(entries) != len(tensor.external_data):
            raise CamsimError(f"{model}: tensor {_shown(tensor.name)} states its external data twice")
        location = entries.get("location", "")
        path = _inside(model, location)
        if path not in sizes:
            sizes[path] = _regular_size(model, path, location)
        offset, length = (_count(model, tensor, key, entries.get(key, "0")) for key in ("offset", "length"))
        if offset + length > sizes[path]:
            raise CamsimError(
                f"{model}: external data {_shown(location)} is cut short: tensor {_shown(tensor.name)} needs "
                f"{offset + length} bytes, the file has {sizes[path]}; copy or download it again"
            )
    if sum(sizes.values()) > max_bytes:
        raise UnsafeError(
            f"{model}: its external data are {sum(sizes.values())} bytes long; at most {max_bytes} are read"
        )
    return tuple(sorted(sizes))


def _inside(model: Path, location: str) -> Path:
    """The path of an external file, for a plain relative location only; no part of it may be a link."""
    parts = location.split("/")
    # Backslash and colon: paths of Windows. Control characters: a NUL ends the path for C++ alone.
    # '*/_ORT_MEM_ADDR_/*' makes onnxruntime take the offset for an address in its own memory.
    odd = any(char in "\\:*" or not char.isprintable() for char in location)
    if odd or len(location) > 1000 or any(part in ("", ".", "..") for part in parts):
        raise UnsafeError(
            f"{model}: external data {_shown(location)} is not a plain path inside the model's folder; "
            f"camsim refused the model"
        )
    path = model.parent
    for part in parts:
        path = path / part
        if path.is_symlink():
            raise UnsafeError(
                f"{model}: external data {_shown(location)} goes through a link ({path}); camsim refused the model. "
                f"If you trust it, put a copy of the data in the link's place"
            )
    return path


def _regular_size(model: Path, path: Path, location: str) -> int:
    if not path.is_file():
        found = "is not a regular file" if path.exists() else "is missing"
        raise CamsimError(f"{model}: external data {_shown(location)} {found}; it belongs at {path}")
    status = path.stat()
    if status.st_nlink > 1:
        raise UnsafeError(
            f"{model}: external data {_shown(location)} is a hard link ({status.st_nlink} names for one file); camsim "
            f"refused the model. If you trust it, put a copy of the data in the link's place"
        )
    return status.st_size


def _count(model: Path, tensor: TensorProto, key: str, text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise CamsimError(f"{model}: tensor {_shown(tensor.name)}: external data {key} {_shown(text)} is not a number")
    return int(text)


def _shown(text: str) -> str:
    return reprlib.repr(text)
