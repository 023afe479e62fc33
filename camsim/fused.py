"""The fused path: an ISP chain, or several over the same mosaic, in one pass over rows on the CPU."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from camsim.kernels.program import Program
from camsim.kernels.threads import run_tiles

TILE_WIDTH = 256
"""Rows of a tile stay in the first-level cache."""
TILE_HEIGHT = 256
SMALLEST_TILE = 64
"""Rows; below that, too much of a tile is border."""


def run_program(program: Program, coefficients: Tensor, raw: Tensor, *, as_bytes: bool = False) -> list[Tensor]:
    """Run a program over a batch of mosaics.

    Args:
        program: what to do.
        coefficients: (K, n) numbers of its operations, for K settings.
        raw: (B, 1, H, W) float32 or uint16 DN, on the CPU.
        as_bytes: round the images to 8 bits.

    Returns:
        Each of the program's images: (K, B, 3, H, W) float32, or uint8.
    """
    from camsim.kernels.machine import run

    source = raw.detach().contiguous()
    numbers = np.ascontiguousarray(coefficients.detach().to(torch.float32).numpy())
    settings, mosaics, height, width = numbers.shape[0], raw.shape[0], raw.shape[-2], raw.shape[-1]
    kind = torch.uint8 if as_bytes else torch.float32
    images = [torch.empty((settings, mosaics, 3, height, width), dtype=kind) for _ in range(program.outputs)]
    addresses = np.array([image.data_ptr() for image in images], dtype=np.int64)
    tile_height = _tile_height(settings * mosaics * -(-width // TILE_WIDTH), height)
    geometry = np.array(
        [mosaics, height, width, tile_height, TILE_WIDTH, program.reach, program.radius, program.steps], dtype=np.int64
    )
    tiles = settings * mosaics * -(-height // tile_height) * -(-width // TILE_WIDTH)

    def call(first: int, last: int) -> None:
        run(
            program.table,
            program.depths,
            geometry,
            numbers,
            source.data_ptr(),
            source.dtype == torch.uint16,
            addresses,
            as_bytes,
            first,
            last,
        )

    run_tiles(call, tiles)
    return images


def _tile_height(columns: int, height: int) -> int:
    """So tall that every thread has a tile; results do not depend on it."""
    wanted = torch.get_num_threads()
    bands = -(-height // TILE_HEIGHT)
    if columns * bands < wanted:
        bands = -(-wanted // columns)
    return max(-(-height // bands), min(SMALLEST_TILE, height))


def stack_coefficients(parts: Sequence[Tensor]) -> Tensor:
    """The numbers of all operations, one after the other: (n,) float64."""
    return torch.cat([part.reshape(-1) for part in parts])
