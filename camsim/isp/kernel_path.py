"""What stages with a kernel of their own share: when it may run, and what it needs to know of a mosaic's cell."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.autograd import forward_ad

from camsim.border import cell_pad
from camsim.cfa import cell

_MOST_ROWS, _LEAST_ROWS = 256, 64
"""Of a tile; of fewer, too much is border."""


def takes_kernel(mosaic: Tensor, *others: Tensor) -> bool:
    """Whether a kernel may make what torch would.

    All are float32 on the CPU, the mosaic is (B, 1, H, W), nobody wants a gradient, and nothing looks on that has to
    see torch's operations, such as an export or a transform of torch.func.
    """
    if torch.compiler.is_compiling() or torch.jit.is_tracing():  # type: ignore[attr-defined, no-untyped-call]
        return False
    return mosaic.dim() == 4 and mosaic.shape[1] == 1 and all(map(_is_plain, (mosaic, *others)))


def _is_plain(tensor: Tensor) -> bool:
    return (
        type(tensor) in (Tensor, nn.Parameter)
        and tensor.dtype == torch.float32
        and tensor.device.type == "cpu"
        and tensor.layout == torch.strided
        and not (torch.is_grad_enabled() and tensor.requires_grad)
        and torch.func.debug_unwrap(tensor) is tensor
        and not has_tangent(tensor)
    )


def has_tangent(tensor: Tensor) -> bool:
    """Whether derivatives go forwards from here, which torch alone can follow."""
    return forward_ad.unpack_dual(tensor).tangent is not None  # type: ignore[no-untyped-call]


@lru_cache(maxsize=64)
def cell_edges(cfa: str, height: int, width: int, radius: int) -> NDArray[np.int64]:
    """(4, radius) int64: the rows that stand for those above and below the frame, then the columns beside it.

    They are those of `camsim.border.cell_pad`; the frame is at least one cell large.
    """
    rows = cell(cfa)
    y, x = (torch.arange(size, device="cpu") for size in (height, width))
    tall, wide = y[:, None].expand(1, 1, height, len(rows)), x.expand(1, 1, len(rows), width)
    down = cell_pad(tall, rows, radius, (radius, radius))[0, 0, :, radius].numpy()
    across = cell_pad(wide, rows, radius, (radius, radius))[0, 0, radius].numpy()
    return np.stack([part for places in (down, across) for part in (places[:radius], places[-radius:])])


def tile_rows(height: int, others: int) -> int:
    """Rows of a tile of a frame: all threads are to have one where there is work for them.

    ``others``: how many tiles there are beside each other, and in other frames.
    """
    bands = -(-height // _MOST_ROWS)
    threads = torch.get_num_threads()
    if others * bands < threads:
        bands = -(-threads // max(others, 1))
    return max(-(-height // bands), min(_LEAST_ROWS, height))
