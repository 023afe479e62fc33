"""Kernels on several cores: as many threads as torch is set to use, each on its own run of tiles."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from functools import lru_cache
from itertools import pairwise

import torch

_FINEST = 16
"""The shortest run of tiles is this part of a thread's share: shorter ones would cost more to call than they save."""


def run_tiles(call: Callable[[int, int], None], tiles: int) -> None:
    """Call ``call(first, last)`` so that every tile in [0, tiles) is done once; returns when all are.

    numba's own thread pools are not used: they spin beside onnxruntime's, and break when two threads call them at once.
    """
    threads = min(torch.get_num_threads(), tiles)
    if threads <= 1:
        call(0, tiles)
        return
    # Each takes the next run when it is done with one: cores are seldom equally free.
    waiting = iter(list(pairwise(cuts(tiles, threads))))

    def work() -> None:
        for first, last in waiting:
            call(first, last)

    run_on_threads(work, threads)


def run_on_threads(work: Callable[[], None], threads: int) -> None:
    """Call ``work()`` once on each of so many threads, this one among them; returns when all have returned.

    So it does where one of them raises or the user interrupts: kernels have memory by its address, which nothing else
    keeps.
    """
    if threads <= 1:
        work()
        return
    pool, others = _pool(os.getpid(), max(threads, torch.get_num_threads()) - 1), list[Future[None]]()
    try:
        others += (pool.submit(work) for _ in range(threads - 1))
        work()
    finally:
        try:
            for other in others:
                other.exception()
        except KeyboardInterrupt:
            wait(others)
            raise
    for other in others:
        other.result()


def cuts(tiles: int, threads: int) -> list[int]:
    """Where runs of tiles begin, and where the last one ends: long runs first, short ones last.

    What a thread waits for another in the end is one run at most, and what it costs to call them depends on how many
    there are. Each run is half a thread's share of what is left, as in C. Polychronopoulos and D. Kuck, "Guided
    self-scheduling", IEEE Transactions on Computers C-36(12), 1987.
    """
    finest = max(1, tiles // (_FINEST * threads))
    found = [0]
    while found[-1] < tiles:
        left = tiles - found[-1]
        found.append(found[-1] + min(left, max(finest, left // (2 * threads))))
    return found


@lru_cache(maxsize=1)
def _pool(process: int, threads: int) -> ThreadPoolExecutor:
    """Threads that wait, without spinning, for the next call; a forked process has none of its parent's."""
    return ThreadPoolExecutor(threads, thread_name_prefix="camsim")
