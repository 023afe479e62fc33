"""Runs of tiles over threads: each tile once, short runs last, errors of any thread come out."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from itertools import pairwise

import pytest
import torch

from camsim.kernels.threads import cuts, run_on_threads, run_tiles


@pytest.fixture(params=[1, 2, 3])
def threads(request: pytest.FixtureRequest) -> Iterator[int]:
    before = torch.get_num_threads()
    torch.set_num_threads(request.param)
    yield request.param
    torch.set_num_threads(before)


@pytest.mark.parametrize("tiles", [1, 2, 5, 32, 1024, 100_000])
def test_every_tile_is_done_once(threads: int, tiles: int) -> None:
    done: list[int] = []
    run_tiles(lambda first, last: done.extend(range(first, last)), tiles)
    assert sorted(done) == list(range(tiles))


@pytest.mark.parametrize("tiles", [2, 3, 8, 31, 32, 1024, 100_000])
@pytest.mark.parametrize("threads_used", [2, 3, 8])
def test_runs_grow_shorter_and_are_few(tiles: int, threads_used: int) -> None:
    found = cuts(tiles, threads_used)
    assert found[0] == 0
    assert found[-1] == tiles
    runs = [last - first for first, last in pairwise(found)]
    assert min(runs) >= 1
    assert runs == sorted(runs, reverse=True)
    assert runs[0] <= max(1, tiles / (2 * threads_used))  # nobody gets more than half of its share at once
    assert runs[-1] <= max(1, tiles / (16 * threads_used))
    assert len(runs) <= 16 * threads_used


def test_an_error_of_another_thread_comes_out() -> None:
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    main, elsewhere = threading.get_ident(), threading.Event()

    def call(first: int, last: int) -> None:
        if threading.get_ident() != main:
            elsewhere.set()
            raise ValueError("no such tile")
        assert elsewhere.wait(30)

    try:
        with pytest.raises(ValueError, match="no such tile"):
            run_tiles(call, 8)
    finally:
        torch.set_num_threads(before)


def test_nobody_is_left_at_work_when_an_error_comes_out() -> None:
    main, failed, done = threading.get_ident(), threading.Event(), threading.Event()
    turns = iter(range(2))

    def work() -> None:
        if threading.get_ident() == main:
            return
        if next(turns) == 0:
            failed.set()
            raise ValueError("no such tile")
        assert failed.wait(30)
        time.sleep(0.2)
        done.set()

    with pytest.raises(ValueError, match="no such tile"):
        run_on_threads(work, 3)
    assert done.is_set()
