"""Runs a program of row operations: lays out its memory, cuts the frames into tiles, spreads them over threads."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from camsim.kernels.program import Program
from camsim.kernels.threads import run_tiles

TILE_WIDTH = 256
"""Columns; the rows that a chain works on then stay in the first-level cache."""
TILE_HEIGHT = 256
SMALLEST_TILE = 64
"""Rows; below that, too much of a tile is border."""


_PLAIN_LOAD = np.array([1] * 4 + [0] * 4 + [-3e38, 3e38], dtype=np.float32)
"""Numbers of a load that leaves DN as they are."""


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
    from camsim.kernels.machine import run

    source = raw.detach().contiguous()
    numbers = np.ascontiguousarray(coefficients.detach().to(torch.float32).numpy())
    settings, mosaics, height, width = numbers.shape[0], raw.shape[0], raw.shape[-2], raw.shape[-1]
    if out is None:
        kind = torch.uint8 if as_bytes else torch.float32
        images = [torch.empty((settings, mosaics, 3, height, width), dtype=kind) for _ in range(program.outputs)]
    else:
        images = [out[None]]
    addresses = np.array([image.data_ptr() for image in images], dtype=np.int64)
    columns = -(-width // TILE_WIDTH)
    tile_height = _tile_height(settings * mosaics * columns, height)
    frame = [mosaics, height, width, tile_height, TILE_WIDTH, program.reach, program.steps]

    def call(first: int, last: int) -> None:
        memory = Memory(program)
        geometry = np.array([*frame, memory.spare, memory.rows, memory.vectors], dtype=np.int64)
        run(
            program.table.ctypes.data,
            len(program.table),
            memory.planes.ctypes.data,
            geometry.ctypes.data,
            numbers.ctypes.data,
            numbers.shape[1],
            source.data_ptr(),
            source.dtype == torch.uint16,
            addresses.ctypes.data,
            as_bytes,
            first,
            last,
        )

    run_tiles(call, settings * mosaics * columns * -(-height // tile_height))
    return images


class Memory:
    """Rows that one thread works in, aligned to cache lines."""

    def __init__(self, program: Program) -> None:
        pad = 16 * (-(-program.reach // 16) + -(-program.radius // 16) + 1)
        stride = TILE_WIDTH + 2 * pad
        total = int(program.depths.sum())
        vectors = 16 * 25
        self._floats = np.zeros((total + 2) * stride + vectors + 16, dtype=np.float32)
        start = (self._floats.ctypes.data + 63) // 64 * 64
        first = np.concatenate([[0], np.cumsum(program.depths)])
        self.planes = np.empty((len(program.depths), 3), dtype=np.int64)
        self.planes[:, 0] = start + 4 * (first[:-1] * stride + pad)
        self.planes[:, 1] = program.depths - 1
        self.planes[:, 2] = 4 * stride
        self.spare = start + 4 * (total * stride + pad)
        self.weights = self.spare + 4 * stride
        self.pad = pad
        self.vectors = start + 4 * (total + 2) * stride
        self._rows = np.empty(4 * program.radius + 2, dtype=np.int64)
        self.rows = self._rows.ctypes.data


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
    from camsim.kernels.adjoint.machine import run_adjoint

    source, arriving = raw.detach().contiguous(), gradient.detach().contiguous()
    numbers = np.ascontiguousarray(coefficients.detach().to(torch.float32).numpy())
    mosaics, height, width = raw.shape[0], raw.shape[-2], raw.shape[-1]
    columns = -(-width // TILE_WIDTH)
    tile_height = _tile_height(mosaics * columns, height)
    tiles = mosaics * columns * -(-height // tile_height)
    frame = [mosaics, height, width, tile_height, TILE_WIDTH, program.reach, program.steps]
    leaving = torch.empty_like(source) if for_raw else None
    addresses = np.array([arriving.data_ptr()], dtype=np.int64)
    sums = np.zeros((tiles, numbers.size), dtype=np.float64)

    def call(first: int, last: int) -> None:
        memory = Memory(program)
        places = [memory.spare, memory.rows, memory.vectors, memory.weights, memory.pad]
        geometry = np.array([*frame, *places], dtype=np.int64)
        run_adjoint(
            program.table.ctypes.data,
            len(program.table),
            memory.planes.ctypes.data,
            geometry.ctypes.data,
            numbers.ctypes.data,
            numbers.size,
            _PLAIN_LOAD.ctypes.data,
            source.data_ptr(),
            addresses.ctypes.data,
            0 if leaving is None else leaving.data_ptr(),
            sums.ctypes.data,
            first,
            last,
        )

    run_tiles(call, tiles)
    return torch.from_numpy(sums.sum(axis=0)), leaving


def _tile_height(columns: int, height: int) -> int:
    """So tall that every thread has a tile where there is work for it; results do not depend on it."""
    wanted = torch.get_num_threads()
    bands = -(-height // TILE_HEIGHT)
    if columns * bands < wanted:
        bands = -(-wanted // columns)
    return max(-(-height // bands), min(SMALLEST_TILE, height))
