"""Memory for results: ordinary tensors, with fewer page faults where the system allows."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest
import torch
from torch._subclasses.fake_tensor import FakeTensorMode

from camsim.kernels.memory import LARGE, empty


@pytest.mark.parametrize("dtype", [torch.float32, torch.uint8])
@pytest.mark.parametrize("shape", [(0, 3, 4, 4), (2, 3, 5, 7), (1, 3, 1500, 2001)])
def test_a_result_is_an_ordinary_tensor(shape: tuple[int, ...], dtype: torch.dtype) -> None:
    made = empty(shape, dtype)
    assert made.shape == shape
    assert made.dtype == dtype
    assert made.is_contiguous()
    assert made.data_ptr() % 64 == 0
    made.zero_()
    assert torch.equal(pickle.loads(pickle.dumps(made)), torch.zeros(shape, dtype=dtype))
    made.resize_(*shape[:-1], shape[-1] + 1)
    assert made.shape[-1] == shape[-1] + 1


def test_large_results_are_given_large_pages() -> None:
    choice = Path("/sys/kernel/mm/transparent_hugepage/enabled")
    if not choice.exists() or "[never]" in choice.read_text():
        pytest.skip("this system has no large pages to give")
    made = empty((64 * LARGE,), torch.uint8)
    made.zero_()
    assert _in_large_pages(made.data_ptr() + made.nbytes // 2) > 0


def test_tensors_without_memory_are_left_alone() -> None:
    with FakeTensorMode():
        assert empty((1, 3, 2000, 2000), torch.float32).shape == (1, 3, 2000, 2000)
    assert empty((1, 3, 2000, 2000), torch.float32, torch.device("meta")).is_meta


def _in_large_pages(address: int) -> int:
    """KiB in large pages of the mapping that holds this address."""
    found = False
    for line in Path("/proc/self/smaps").read_text().splitlines():
        first = line.split()[0]
        if "-" in first and not first.endswith(":"):
            start, stop = (int(end, 16) for end in first.split("-"))
            found = start <= address < stop
        elif found and first == "AnonHugePages:":
            return int(line.split()[1])
    raise AssertionError(f"no mapping holds {address:#x}")
