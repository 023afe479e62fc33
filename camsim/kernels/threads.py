"""Kernels on several cores: as many threads as torch is set to use, each on its own run of tiles."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from itertools import pairwise

import torch

_RUNS = 4
"""Runs of tiles for each thread."""


def run_tiles(call: Callable[[int, int], None], tiles: int) -> None:
    """Call ``call(first, last)`` so that every tile in [0, tiles) is done once; returns when all are.

    numba's own thread pools are not used: they spin beside onnxruntime's, and break when two threads call them at once.
    """
    threads = min(torch.get_num_threads(), tiles)
    if threads <= 1:
        call(0, tiles)
        return
    # Each takes the next run when it is done with one: cores are seldom equally free.
    runs = min(tiles, threads * _RUNS)
    cuts = [tiles * part // runs for part in range(runs + 1)]
    waiting = iter(list(pairwise(cuts)))

    def work() -> None:
        for first, last in waiting:
            call(first, last)

    others = [_pool(os.getpid(), threads - 1).submit(work) for _ in range(threads - 1)]
    try:
        work()
    finally:
        for other in others:
            other.result()


@lru_cache(maxsize=1)
def _pool(process: int, threads: int) -> ThreadPoolExecutor:
    """Threads that wait, without spinning, for the next call; a forked process has none of its parent's."""
    return ThreadPoolExecutor(threads, thread_name_prefix="camsim")
