"""The process that one piece of work is measured in: ``python -m benchmarks.worker MODULE:FUNCTION ARGUMENTS``.

It warms up, says so in a line of JSON, and then answers every line it reads with the time that one call took.
"""

from __future__ import annotations

import gc
import importlib
import json
import math
import os
import sys
import time
from collections.abc import Callable
from typing import Any

from benchmarks.work import UnavailableError, Work

LEAST_SECONDS = 0.1
"""Calls shorter than this are repeated within a round, and their mean is taken."""
WARM_SECONDS = 0.3
"""For so long, calls that are shorter are made at the beginning of a round without being timed: from a process that has
slept through the turns of others, systems take memory and cores, and give them back only as it asks for them."""


def measure(run: Callable[[], object], repeats: int, warming: int = 0) -> dict[str, float]:
    """Seconds of CPU and wall time for one call, the freeing of its result included; ``warming`` calls go before."""
    gc.collect()
    for _ in range(warming):
        run()
    wall, cpu = time.perf_counter(), time.process_time()
    for _ in range(repeats):
        run()
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    return {"cpu": cpu / repeats, "wall": wall / repeats}


def main() -> None:
    """See the module."""
    target, arguments = sys.argv[1:]
    # Libraries that print must not be read as answers.
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)

    def say(**answer: Any) -> None:
        answers.write(json.dumps(answer) + "\n")

    module, function = target.split(":")
    try:
        work: Work = getattr(importlib.import_module(module), function)(**json.loads(arguments))
    except UnavailableError as error:
        say(skipped=str(error))
        return
    work.run()
    again = measure(work.run, 1)["wall"]
    repeats = max(1, math.ceil(LEAST_SECONDS / again))
    warming = math.ceil(WARM_SECONDS / again) if again < WARM_SECONDS else 0
    say(amount=work.amount, details=dict(work.details))
    for _ in sys.stdin:
        say(**measure(work.run, repeats, warming))


if __name__ == "__main__":
    main()
