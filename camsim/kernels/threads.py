"""Kernels on several cores: as many threads as torch is set to use, each on its own run of tiles."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import torch


def run_tiles(call: Callable[[int, int], None], tiles: int) -> None:
    """Call ``call(first, last)`` so that every tile in [0, tiles) is done once; returns when all are.

    numba's own thread pools are not used: they spin beside onnxruntime's, and break when two threads call them at once.
    """
    threads = min(torch.get_num_threads(), tiles)
    if threads <= 1:
        call(0, tiles)
        return
    cuts = [tiles * part // threads for part in range(threads + 1)]
    with ThreadPoolExecutor(threads - 1, thread_name_prefix="camsim") as pool:
        others = [pool.submit(call, first, last) for first, last in pairwise(cuts[1:])]
        call(0, cuts[1])
        for other in others:
            other.result()
