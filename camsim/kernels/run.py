"""Runs a program of row operations: lays out its memory, cuts the frames into tiles, spreads them over threads."""

from __future__ import annotations

import threading
from functools import cache, lru_cache
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from camsim.kernels.memory import empty
from camsim.kernels.program import ADDRESS, CODE, Op, Program
from camsim.kernels.threads import run_tiles

TILE_WIDTH = 256
"""Columns; the rows that a chain works on then stay in the first-level cache."""
TILE_HEIGHT = 256
SMALLEST_TILE = 64
"""Rows; below that, too much of a tile is border."""


def run_program(
    program: Program, coefficients: Tensor, raw: Tensor, *, as_bytes: bool = False, out: Tensor | None = None
) -> list[Tensor]:
    """Run a program over a batch of mosaics.

    Args:
        program: what to do.
        coefficients: (K, n) numbers of its operations, for K settings.
        raw: (B, 1, H, W) float32 or uint16 DN, on the CPU.
        as_bytes: round the images to 8 bits.
        out: contiguous memory for a single image and setting, else made anew.

    Returns:
        Each of the program's images: (K, B, 3, H, W) float32, or uint8.
    """
    source, numbers = raw.detach().contiguous(), _numbers(coefficients)
    if out is None:
        kind = torch.uint8 if as_bytes else torch.float32
        shape = (len(numbers), raw.shape[0], 3, *raw.shape[-2:])
        images = [empty(shape, kind) for _ in range(program.outputs)]
    else:
        images = [out[None]]
    addresses = np.array([image.data_ptr() for image in images], dtype=np.int64)
    tiling = _tiling(source, len(numbers))
    _run(program, tiling, numbers, source, images=addresses, as_bytes=as_bytes)
    return images


def run_adjoint_program(
    program: Program, coefficients: Tensor, raw: Tensor, gradient: Tensor, *, for_raw: bool
) -> tuple[Tensor, Tensor | None]:
    """Run the adjoint of a chain over a batch of mosaics.

    Args:
        program: of the adjoint.
        coefficients: (n,) numbers of the chain's operations.
        raw: (B, 1, H, W) float32 DN, on the CPU.
        gradient: (B, 3, H, W) float32, of the chain's image.
        for_raw: whether the gradient of the mosaics is wanted.

    Returns:
        Sums (n,) float64 as the adjoint operations leave them, and the gradient of the mosaics, (B, 1, H, W).
    """
    source, arriving, numbers = raw.detach().contiguous(), gradient.detach().contiguous(), _numbers(coefficients[None])
    leaving = empty(source.shape, source.dtype) if for_raw else None
    tiling = _tiling(source, 1)
    sums = np.zeros((tiling.tiles, numbers.shape[1], 8), dtype=np.float64)
    addresses = np.array([arriving.data_ptr()], dtype=np.int64)
    _run(program, tiling, numbers, source, gradients=addresses, leaving=leaving, sums=sums)
    return torch.from_numpy(sums.sum(axis=(0, 2))), leaving


class _Tiling(NamedTuple):
    height: int
    tiles: int


def _tiling(raw: Tensor, settings: int) -> _Tiling:
    """Tiles so tall that every thread has one where there is work for it; pixels do not depend on it."""
    height, width = raw.shape[-2:]
    columns = settings * raw.shape[0] * -(-width // TILE_WIDTH)
    bands = -(-height // TILE_HEIGHT)
    threads = torch.get_num_threads()
    if columns * bands < threads:
        bands = -(-threads // columns)
    tall = max(-(-height // bands), min(SMALLEST_TILE, height))
    return _Tiling(tall, columns * -(-height // tall))


def _numbers(coefficients: Tensor) -> NDArray[np.float32]:
    return np.ascontiguousarray(coefficients.detach().to(torch.float32).numpy())


def _run(
    program: Program,
    tiling: _Tiling,
    numbers: NDArray[np.float32],
    raw: Tensor,
    *,
    images: NDArray[np.int64] | None = None,
    as_bytes: bool = False,
    gradients: NDArray[np.int64] | None = None,
    leaving: Tensor | None = None,
    sums: NDArray[np.float64] | None = None,
) -> None:
    from camsim.kernels import frame as at
    from camsim.kernels.machine import run

    table = _table(program)
    frames: dict[int, NDArray[np.int64]] = {}

    def fill() -> NDArray[np.int64]:
        frame = np.zeros(at.SIZE, dtype=np.int64)
        memory = _memory(program)
        frame[at.PLANES], frame[at.ROWS] = memory.planes.ctypes.data, memory.rows.ctypes.data
        frame[at.VECTORS], frame[at.SPARE], frame[at.WEIGHTS] = memory.vectors, memory.spare, memory.weights
        frame[at.PAD], frame[at.TILE_WIDTH], frame[at.TILE_HEIGHT] = memory.pad, TILE_WIDTH, tiling.height
        frame[at.RAW], frame[at.RAW_IS_UINT16] = raw.data_ptr(), raw.dtype == torch.uint16
        frame[at.IMAGES], frame[at.AS_BYTES] = 0 if images is None else images.ctypes.data, as_bytes
        frame[at.GRADIENTS] = 0 if gradients is None else gradients.ctypes.data
        frame[at.RAW_GRADIENT] = 0 if leaving is None else leaving.data_ptr()
        frame[at.ALL_SUMS] = 0 if sums is None else sums.ctypes.data
        frame[at.ALL_NUMBERS], frame[at.NUMBERS] = numbers.ctypes.data, numbers.shape[1]
        frame[at.ROW_BYTES] = memory.row_bytes
        frame[at.MOSAICS], frame[at.HEIGHT], frame[at.WIDTH] = raw.shape[0], *raw.shape[-2:]
        frame[at.DOWN], frame[at.STEPS] = program.down, program.steps
        return frame

    def call(first: int, last: int) -> None:
        thread = threading.get_ident()  # each fills a frame once: that takes longer than to call the kernel
        frame = frames.get(thread)
        if frame is None:
            frame = frames[thread] = fill()
        run(table.ctypes.data, len(table), frame.ctypes.data, first, last)

    run_tiles(call, tiling.tiles)


@lru_cache(maxsize=64)
def _table(program: Program) -> NDArray[np.int64]:
    """The program's table with the addresses of its operations' machine code, which is made or loaded now."""
    table = program.table.copy()
    table[:, ADDRESS] = [_address(Op(code)) for code in table[:, CODE]]
    return table


@cache
def _address(op: Op) -> int:
    from camsim.kernels.index import OPERATIONS

    return OPERATIONS[op].address


_kept = threading.local()
_MOST_KEPT = 4
_MORE_ROWS = 5
"""Three spare ones and two of weights."""


def _memory(program: Program) -> _Memory:
    """This thread's rows for a program: those of the last few programs are kept, as making them costs half a patch."""
    known: dict[Program, _Memory] = _kept.__dict__.setdefault("memories", {})
    found = known.pop(program, None) or _Memory(program)
    known[program] = found  # the latest last
    if len(known) > _MOST_KEPT:
        del known[next(iter(known))]
    return found


class _Memory:
    """Rows that one thread works in, aligned to cache lines."""

    def __init__(self, program: Program) -> None:
        self.pad = 16 * (-(-program.across // 16) + -(-program.radius // 16) + 1)
        stride = TILE_WIDTH + 2 * self.pad
        self.row_bytes = 4 * stride
        total = int(program.depths.sum())
        self._floats = np.zeros((total + _MORE_ROWS) * stride + 16 * 25 + 16, dtype=np.float32)
        start = (self._floats.ctypes.data + 63) // 64 * 64
        first = np.concatenate([[0], np.cumsum(program.depths)])
        self.planes = np.empty((len(program.depths), 3), dtype=np.int64)
        self.planes[:, 0] = start + 4 * (first[:-1] * stride + self.pad)
        self.planes[:, 1] = program.depths - 1
        self.planes[:, 2] = self.row_bytes
        self.spare = start + 4 * (total * stride + self.pad)
        self.weights = self.spare + 3 * self.row_bytes
        self.vectors = start + (total + _MORE_ROWS) * self.row_bytes
        self.rows = np.empty(4 * program.radius + 2, dtype=np.int64)
