"""Linear filters whose weights depend on the place in a cell of 4x4, by a kernel."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from camsim.isp.kernel_path import cell_edges, tile_rows
from camsim.kernels.memory import empty

_CELL, _RADIUS = 4, 4
_SIDE = 2 * _RADIUS + 1


@dataclass(frozen=True, eq=False)
class CellFilter:
    """Weights as the kernel takes them; see `camsim.kernels.cell_filter`."""

    plan: NDArray[np.int64]
    weights: NDArray[np.float32]


def balanced(
    cell: tuple[str, ...], target: tuple[str, ...], weights: NDArray[np.float64], balance: Sequence[float]
) -> NDArray[np.float64]:
    """Weights (16, 2 r + 1, 2 r + 1) that look at the mosaic of a cell as it is, where the given ones look at it after
    the gains; the result is as it is without those of the ``target``'s colours."""
    gains = dict(zip("RGB", balance, strict=True))
    offset = np.arange(weights.shape[-1]) - weights.shape[-1] // 2
    before = np.array([[gains.get(letter, 1.0) for letter in row] for row in cell])
    after = np.array([[gains[letter] for letter in row] for row in target])
    y, x = np.divmod(np.arange(_CELL * _CELL)[:, None], _CELL)
    down, right = (y + offset) % _CELL, (x + offset) % _CELL
    gain = before[down[:, :, None], right[:, None, :]] / after[y % len(after), x % len(after)][:, :, None]
    result: NDArray[np.float64] = weights * gain
    return result


def packed(weights: NDArray[np.float64]) -> CellFilter:
    """(16, 2 r + 1, 2 r + 1) weights of the samples around each place of the cell, r up to 4."""
    from camsim.kernels.cell_filter import KEPT, NONE, PAIR, PLAN

    room = _RADIUS - weights.shape[-1] // 2
    windows = np.pad(weights, ((0, 0), (room, room), (room, room))).reshape(_CELL, _CELL, _SIDE, _SIDE)
    alone = np.zeros((_SIDE, _SIDE))
    alone[_RADIUS, _RADIUS] = 1
    plan = np.full((_CELL, PLAN), NONE, dtype=np.int64)
    banks: list[NDArray[np.float64]] = []
    for row in range(_CELL):
        kept = (windows[row] == alone).all(axis=(1, 2))
        plan[row, KEPT : KEPT + _CELL] = kept
        for number, (first, second) in enumerate(_pairs(np.flatnonzero(~kept).tolist())):
            apart = second - first
            places = first, second, sum(bank.size for bank in banks)
            plan[row, PAIR * number : PAIR * number + len(places)] = places
            # Both look at the same planes, each from where its own window begins.
            left = np.pad(windows[row, first], ((0, 0), (0, apart)))
            banks.append(np.stack([left, np.pad(windows[row, second], ((0, 0), (apart, 0)))], axis=-1))
    flat = [bank.reshape(-1) for bank in banks]
    numbers = np.concatenate([*flat, np.zeros(1)])
    return CellFilter(plan, numbers.astype(np.float32))


def _pairs(columns: Sequence[int]) -> list[tuple[int, int]]:
    """Each column in one of at most two pairs, which lie as near to each other as they can; one may be with itself."""
    if len(columns) % 2 == 0:
        return list(zip(columns[::2], columns[1::2], strict=True))
    found = [[(one, one), *_pairs([column for column in columns if column != one])] for one in columns]
    return min(found, key=lambda pairs: sum(second - first for first, second in pairs))


def filter_cells(mosaic: Tensor, cfa: str, by: CellFilter) -> Tensor:
    """Apply a filter to (B, 1, H, W) float32 on the CPU, at least 4x4; without a gradient.

    Border: `camsim.border.cell_pad`.
    """
    from camsim.kernels import cell_filter as kernel
    from camsim.kernels.threads import run_tiles

    count, _, height, width = mosaic.shape
    edges = cell_edges(cfa, height, width, _RADIUS)
    columns = count * -(-width // kernel.TILE_WIDTH)
    tall = tile_rows(height, columns)
    source, out = mosaic.contiguous(), empty((count, 1, height, width), torch.float32, mosaic.device)
    tables = (edges.ctypes.data, by.plan.ctypes.data, by.weights.ctypes.data)
    arguments = (source.data_ptr(), height, width, tall, *tables, out.data_ptr())
    run_tiles(lambda first, last: kernel.run(first, last, *arguments), columns * -(-height // tall))
    return out
