"""Workers: each piece of work in a process of its own, in turns."""

from __future__ import annotations

import os

import pytest

from benchmarks.launch import Launch, interleave
from benchmarks.report import Skip
from benchmarks.work import UnavailableError, Work

HERE = "tests.benchmarks.test_launch"


def noisy(amount: float) -> Work:
    """What a worker measures in these tests; it prints, as libraries do."""
    print("not an answer")
    return Work(lambda: None, amount, {"threads": float(os.environ["OMP_NUM_THREADS"]), "of its own": amount})


def absent() -> Work:
    raise UnavailableError("no such library")


def broken() -> Work:
    raise ValueError("broken")


def test_work_is_measured_and_what_is_absent_is_told() -> None:
    launches = [Launch("here", f"{HERE}:noisy", {"amount": 3.0}, threads=2), Launch("absent", f"{HERE}:absent")]
    timings, skips = interleave(launches, 2)
    assert skips == [Skip("absent", "no such library")]
    assert timings.keys() == {"here"}
    assert timings["here"].amount == 3.0
    assert timings["here"].details == {"threads": 2.0, "of its own": 3.0}


def test_a_worker_that_fails_stops_the_run(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(RuntimeError, match=r"benchmark 'broken' .* exit code 1"):
        interleave([Launch("broken", f"{HERE}:broken")], 1)
    assert "ValueError: broken" in capfd.readouterr().err
