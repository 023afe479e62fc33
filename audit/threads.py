"""Threads: the model gets the cores; the pictures it is shown next are made in one more thread."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

import torch

T = TypeVar("T")


@contextmanager
def one_torch_thread() -> Iterator[None]:
    """Let torch work in the calling thread alone; scenes are too small to be worth more, and the model gets the cores.

    torch and onnxruntime each keep their workers spinning for the next task, and starve each other: measured on two
    busy cores, an audit took nine times as long with two torch threads as with one.
    """
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def ahead(items: Iterable[T]) -> Generator[T]:
    """The same items in the same order, each made in another thread while the one before it is in use.

    No more than one item waits. What making an item raises is raised where that item would have come. Closing the
    generator waits for the item that is being made, and makes no more.
    """
    source, end = iter(items), object()
    with ThreadPoolExecutor(1, thread_name_prefix="audit") as pool:
        coming = pool.submit(next, source, end)
        while (item := coming.result()) is not end:
            coming = pool.submit(next, source, end)
            yield item  # type: ignore[misc]
