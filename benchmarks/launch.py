"""Measuring: each subject in a process of its own, one at a time, round after round.

Processes keep the subjects from sharing an allocator, a thread pool or a peak of memory; taking them in turn lets
whatever else the machine does fall on all of them alike.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from benchmarks.report import Skip
from benchmarks.stats import Spread

ROOT = Path(__file__).parents[1]

THREAD_VARIABLES = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS")


@dataclass(frozen=True)
class Launch:
    """A piece of work to be measured: ``target(**arguments)`` in a fresh process gives the `Work`."""

    name: str
    target: str
    """``module:function``."""
    arguments: Mapping[str, Any] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)
    threads: int = 1


@dataclass(frozen=True)
class Timing:
    """What was measured of one `Launch`, in seconds for one call."""

    cpu: Spread
    wall: Spread
    amount: float
    """Work done by one call, in the suite's unit: pixels, pictures ..."""
    details: Mapping[str, float]
    """Whatever else the work reports of itself, once."""


class Worker:
    """A process that does one piece of work each time it is asked to."""

    def __init__(self, launch: Launch) -> None:
        self.launch = launch
        threads = dict.fromkeys(THREAD_VARIABLES, str(launch.threads))
        self._process = subprocess.Popen(  # noqa: S603 (this interpreter, on this package)
            [sys.executable, "-m", "benchmarks.worker", launch.target, json.dumps(dict(launch.arguments))],
            cwd=ROOT,
            env=os.environ | threads | dict(launch.environment),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def answer(self) -> dict[str, Any]:
        """The next line that the worker writes.

        Raises:
            RuntimeError: the worker died; its traceback is on stderr.
        """
        line = _pipe(self._process.stdout).readline()
        if not line:
            code = self._process.wait()
            raise RuntimeError(f"benchmark {self.launch.name!r} ({self.launch.target}) ended with exit code {code}")
        result: dict[str, Any] = json.loads(line)
        return result

    def round(self) -> dict[str, Any]:
        """Do the work once more."""
        pipe = _pipe(self._process.stdin)
        pipe.write("\n")
        pipe.flush()
        return self.answer()

    def close(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.communicate()


def _pipe(pipe: IO[str] | None) -> IO[str]:
    assert pipe is not None  # both are pipes
    return pipe


def interleave(launches: Sequence[Launch], rounds: int) -> tuple[dict[str, Timing], list[Skip]]:
    """Measure pieces of work round-robin.

    Args:
        launches: with distinct names.
        rounds: how often each is measured, after one call to warm up.

    Returns:
        Timings by name, and those that cannot be measured here.
    """
    skips: list[Skip] = []
    with ExitStack() as stack:
        workers: list[tuple[Worker, dict[str, Any]]] = []
        for launch in launches:  # one after the other, so that none warms up while another does
            worker = Worker(launch)
            stack.callback(worker.close)
            first = worker.answer()
            if "skipped" in first:
                skips.append(Skip(launch.name, first["skipped"]))
            else:
                workers.append((worker, first))
        measured: list[list[dict[str, Any]]] = [[] for _ in workers]
        for _ in range(rounds):
            for (worker, _), done in zip(workers, measured, strict=True):
                done.append(worker.round())
    timings = {
        worker.launch.name: Timing(
            Spread.of([turn["cpu"] for turn in done]),
            Spread.of([turn["wall"] for turn in done]),
            first["amount"],
            first["details"],
        )
        for (worker, first), done in zip(workers, measured, strict=True)
    }
    return timings, skips
