"""Memory for results.

Fresh memory costs a fault for every page when it is first written; with pages of 4 KiB that is several times the work
of a kernel. Systems have larger ones, which Linux as it usually comes gives to those who ask, as numpy does.
"""

from __future__ import annotations

import ctypes
import mmap
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import torch
from torch import Tensor

LARGE = 1 << 22
"""Bytes from which larger pages are asked for, as by numpy: of less, hardly one would be used."""


def empty(shape: Sequence[int], dtype: torch.dtype, device: torch.device | None = None) -> Tensor:
    """`torch.empty`; in main memory, in large pages where the system has them: an ordinary tensor in every respect."""
    tensor = torch.empty(tuple(shape), dtype=dtype, device=device)
    is_real = type(tensor) is Tensor and tensor.device.type == "cpu"  # not one that torch traces with
    if is_real and tensor.nbytes >= LARGE and (advise := _madvise()) is not None:
        start = -(-tensor.data_ptr() // mmap.PAGESIZE) * mmap.PAGESIZE
        # A wish: where it is not granted, the memory is as good as it was.
        advise(start, tensor.data_ptr() + tensor.nbytes - start, mmap.MADV_HUGEPAGE)
    return tensor


@cache
def _madvise() -> Callable[[int, int, int], Any] | None:
    """The system's call; None where there are no such pages to be asked for."""
    if not hasattr(mmap, "MADV_HUGEPAGE"):
        return None
    function = ctypes.CDLL(None).madvise
    function.argtypes = ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int
    return function
