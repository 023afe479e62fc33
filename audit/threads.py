"""Threads: torch and onnxruntime each keep their workers spinning for the next task, and starve each other."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch


@contextmanager
def one_torch_thread() -> Iterator[None]:
    """Let torch work in the calling thread alone; scenes are too small to be worth more, and the model gets the cores.

    Measured on two busy cores: an audit took nine times as long with two torch threads as with one.
    """
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
