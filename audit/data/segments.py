"""Outlines and run lengths, COCO's two ways to write a mask, packed into bytes and drawn when asked for."""

from __future__ import annotations

import struct
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pycocotools import mask as coco_mask

from audit.data.truth import Shape
from camsim.errors import CamsimError

FAR = 10.0
"""Outlines that reach further than this many picture sides from the picture are refused: drawing them takes memory
in proportion."""


def pack(segmentation: Any) -> bytes:
    """A COCO segmentation, polygons or run lengths, in few bytes.

    Raises:
        CamsimError: it is neither; the message says what is wrong with it.
    """
    if isinstance(segmentation, dict):
        return _pack_runs(segmentation)
    if not isinstance(segmentation, list) or not segmentation:
        raise CamsimError("its segmentation is neither a list of polygons nor run lengths")
    rings = []
    for ring in segmentation:
        try:
            points = np.asarray(ring, dtype=np.float32)
        except (TypeError, ValueError) as error:
            raise CamsimError("its segmentation holds a polygon of something else than numbers") from error
        if points.ndim != 1 or len(points) < 6 or len(points) % 2 or not np.isfinite(points).all():
            raise CamsimError("its segmentation holds a polygon that is not x, y of at least three points")
        rings.append(points)
    lengths = np.array([len(ring) for ring in rings], dtype=np.uint32)
    return b"P" + struct.pack("<I", len(rings)) + lengths.tobytes() + np.concatenate(rings).tobytes()


def draw(packed: bytes, shape: Shape) -> NDArray[np.bool_]:
    """The mask (H, W).

    Raises:
        CamsimError: it was drawn on another size, or reaches absurdly far out of the picture.
    """
    if packed[:1] == b"R":
        height, width = struct.unpack_from("<II", packed, 1)
        if (height, width) != shape:
            raise CamsimError(f"run lengths of {width}x{height} on a picture of {shape[1]}x{shape[0]}")
        return _expand(np.frombuffer(packed, dtype=np.uint32, offset=9), shape)
    (count,) = struct.unpack_from("<I", packed, 1)
    lengths = np.frombuffer(packed, dtype=np.uint32, count=count, offset=5)
    points = np.frombuffer(packed, dtype=np.float32, offset=5 + 4 * count).astype(np.float64)
    if np.abs(points).max() > FAR * max(shape):
        raise CamsimError(f"an outline reaches {FAR:g} times as far as the picture")
    rings = [ring.tolist() for ring in np.split(points, np.cumsum(lengths)[:-1])]
    runs = coco_mask.merge(coco_mask.frPyObjects(rings, *shape))["counts"]
    return _expand(np.array(decode_counts(runs.decode())), shape)


def _expand(runs: NDArray[np.integer[Any]], shape: Shape) -> NDArray[np.bool_]:
    """Runs of 0s and 1s in turn, down the columns: (H, W)."""
    values = np.arange(len(runs)) % 2 == 1
    return np.repeat(values, runs).reshape(shape[::-1]).T


def _pack_runs(segmentation: dict[str, Any]) -> bytes:
    size, counts = segmentation.get("size"), segmentation.get("counts")
    if not (isinstance(size, list) and len(size) == 2 and all(type(side) is int and 0 < side < 2**20 for side in size)):
        raise CamsimError("its run lengths have no size [height, width]")
    if isinstance(counts, str):
        runs = decode_counts(counts)
    elif isinstance(counts, list) and all(type(run) is int for run in counts):
        runs = counts
    else:
        raise CamsimError("its run lengths are neither numbers nor COCO's compressed text")
    # Checked here, since pycocotools would write past its memory.
    if any(run < 0 for run in runs) or sum(runs) != size[0] * size[1]:
        raise CamsimError(f"its run lengths add up to {sum(runs)}, and the picture has {size[0] * size[1]} pixels")
    return b"R" + struct.pack("<II", *size) + np.array(runs, dtype=np.uint32).tobytes()


def decode_counts(text: str) -> list[int]:
    """COCO's compressed run lengths: 6 bits a character from ``0`` on, the sixth says that more follow; from the fourth
    number on, differences to the one before the last. Source: pycocotools, maskApi.c, rleFrString.

    Raises:
        CamsimError: a character that does not belong there, or the text ends within a number.
    """
    runs: list[int] = []
    value, shift = 0, 0
    for letter in text:
        bits = ord(letter) - 48
        if not 0 <= bits < 64 or shift > 30:
            raise CamsimError("its run lengths are not COCO's compressed text")
        value |= (bits & 0x1F) << shift
        shift += 5
        if bits & 0x20:
            continue
        if bits & 0x10:
            value -= 1 << shift
        runs.append(value + runs[-2] if len(runs) > 2 else value)
        value, shift = 0, 0
    if shift:
        raise CamsimError("its run lengths end within a number")
    return runs
