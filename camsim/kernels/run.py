"""Runs a program of row operations: lays out its memory, cuts the frames into tiles, spreads them over threads."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import cache, lru_cache
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from camsim.kernels.memory import empty
from camsim.kernels.program import ADDRESS, CODE, Op, Program
from camsim.kernels.threads import run_on_threads

TILE_WIDTH = 256
"""Columns; the rows that a chain works on then stay in the first-level cache."""
TILE_HEIGHT = 256
SMALLEST_TILE = 64
"""Rows; below that, too much of a tile is border."""
ALONE = 2**20
"""Pixels times operations up to which one thread does all: waking another takes longer than it would save."""
MOST_SUMS = 2**21
"""Numbers times tiles whose sums, 64 bytes each, are in memory at a time: an additive layer has many numbers."""
NOTED_FROM = 16
"""Columns of a mosaic from which its smallest and largest DN are noted as it is loaded."""
_MOST = 2**31 - 1

Check = Callable[[tuple[float, float] | None], None]


def run_program(
    program: Program,
    coefficients: Tensor,
    raw: Tensor,
    *,
    as_bytes: bool = False,
    out: Tensor | None = None,
    check: Check | None = None,
) -> list[Tensor]:
    """Run a program over a batch of mosaics.

    Args:
        program: what to do.
        coefficients: (K, n) numbers of its operations, for K settings.
        raw: (B, 1, H, W) DN, on the CPU; float32 and uint16 are read as they are, other kinds become float32 first.
        as_bytes: round the images to 8 bits.
        out: contiguous memory for a single image and setting, else made anew.
        check: is given the smallest and largest DN, or None where it has to look for them itself, and raises where
            they cannot be.

    Returns:
        Each of the program's images: (K, B, 3, H, W) float32, or uint8; of a program that ends with a mosaic
        (K, B, 1, H, W) float32.

    Raises:
        what ``check`` raises; ``out`` may then hold what came of such a mosaic.
    """
    is_read_as_it_is = raw.dtype in (torch.float32, torch.uint16)
    # What is no mosaic is refused for what it is, not for what would become of it.
    is_noted = is_read_as_it_is and raw.shape[-1] >= NOTED_FROM
    if check is not None and not is_noted:
        check(None)
    source = (raw.detach() if is_read_as_it_is else raw.detach().to(torch.float32)).contiguous()
    numbers = _numbers(coefficients)
    if out is None:
        kind = torch.uint8 if as_bytes else torch.float32
        shape = (len(numbers), raw.shape[0], program.planes, *raw.shape[-2:])
        images = [empty(shape, kind) for _ in range(program.outputs)]
    else:
        images = [out[None]]
    addresses = np.array([image.data_ptr() for image in images], dtype=np.int64)
    tiling = _tiling(program, source, len(numbers))
    found = _run(program, tiling, numbers, source, images=addresses, as_bytes=as_bytes)
    if check is not None and is_noted:
        check(found)
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
    tiling = _tiling(program, source, 1)
    addresses = np.array([arriving.data_ptr()], dtype=np.int64)
    total = np.zeros(numbers.shape[1], dtype=np.float64)
    # Each tile has sums of its own, so that threads do not decide in which order they are added up.
    step = max(tiling.threads, MOST_SUMS // max(numbers.shape[1], 1))
    for first in range(0, tiling.tiles, step):
        some = range(first, min(first + step, tiling.tiles))
        sums = np.zeros((len(some), numbers.shape[1], 8), dtype=np.float64)
        _run(program, tiling, numbers, source, gradients=addresses, leaving=leaving, sums=sums, tiles=some)
        total += sums.sum(axis=(0, 2))
    return torch.from_numpy(total), leaving


class _Tiling(NamedTuple):
    height: int
    tiles: int
    threads: int


def _tiling(program: Program, raw: Tensor, settings: int) -> _Tiling:
    """Tiles so tall that every thread has one where there is work for it; pixels do not depend on it."""
    height, width = raw.shape[-2:]
    columns = settings * raw.shape[0] * -(-width // TILE_WIDTH)
    bands = -(-height // TILE_HEIGHT)
    is_small = settings * raw.numel() * len(program.table) <= ALONE
    threads = 1 if is_small else torch.get_num_threads()
    if columns * bands < threads:
        bands = -(-threads // columns)
    tall = max(-(-height // bands), min(SMALLEST_TILE, height))
    tiles = columns * -(-height // tall)
    return _Tiling(tall, tiles, min(threads, tiles))


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
    tiles: range | None = None,
) -> tuple[float, float] | None:
    """Smallest and largest DN of a mosaic of `NOTED_FROM` columns or more; None where a DN is negative or -0.

    Nothing of the kind where the program loads no mosaic.
    """
    from camsim.kernels import frame as at
    from camsim.kernels.machine import run

    table = _table(program)
    frames: list[NDArray[np.int64]] = []
    tiles = range(tiling.tiles) if tiles is None else tiles
    next_tile = np.array([tiles.start], dtype=np.int64)

    common = np.zeros(at.SIZE, dtype=np.int64)
    common[at.TILE_WIDTH], common[at.TILE_HEIGHT] = TILE_WIDTH, tiling.height
    common[at.RAW], common[at.RAW_IS_UINT16] = raw.data_ptr(), raw.dtype == torch.uint16
    common[at.IMAGES], common[at.AS_BYTES] = 0 if images is None else images.ctypes.data, as_bytes
    common[at.GRADIENTS] = 0 if gradients is None else gradients.ctypes.data
    common[at.RAW_GRADIENT] = 0 if leaving is None else leaving.data_ptr()
    common[at.ALL_SUMS] = 0 if sums is None else sums.ctypes.data - tiles.start * sums[0].nbytes
    common[at.ALL_NUMBERS], common[at.NUMBERS] = numbers.ctypes.data, numbers.shape[1]
    common[at.MOSAICS], common[at.HEIGHT], common[at.WIDTH] = raw.shape[0], *raw.shape[-2:]
    common[at.DOWN], common[at.STEPS] = program.down, program.steps
    common[at.LOWEST : at.HIGHEST].view(np.int32)[:] = _MOST

    def work() -> None:
        frame, memory = common.copy(), _memory(program)
        if sums is not None:
            memory.forget()
        frame[at.PLANES : at.PAD + 1] = memory.entries
        frame[at.ROW_BYTES] = memory.row_bytes
        frames.append(frame)
        run(table.ctypes.data, len(table), frame.ctypes.data, next_tile.ctypes.data, tiles.stop)

    run_on_threads(work, tiling.threads)
    noted = np.stack(frames)
    low = noted[:, at.LOWEST : at.HIGHEST].view(np.int32).min()
    high = noted[:, at.HIGHEST : at.HIGHEST + 8].view(np.int32).max()
    return None if low < 0 else (float(low.view(np.float32)), float(high.view(np.float32)))


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
        spare = start + 4 * (total * stride + self.pad)
        weights = spare + 3 * self.row_bytes
        vectors = start + (total + _MORE_ROWS) * self.row_bytes
        self.rows = np.empty(4 * program.radius + 2, dtype=np.int64)
        self.entries = (self.planes.ctypes.data, self.rows.ctypes.data, vectors, spare, weights, self.pad)
        """Of the frame, from its planes to its padding."""

    def forget(self) -> None:
        """Leave no NaN or infinity of an earlier call: sums take in, 0 times, what lies beyond the columns made."""
        self._floats.fill(0)
