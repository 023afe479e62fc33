"""What a user waits for once: imports, help, and kernels compiled or loaded."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass

from benchmarks.launch import ROOT, THREAD_VARIABLES
from benchmarks.report import Check, Row, Table
from benchmarks.stats import Spread
from benchmarks.suites.common import rounds

_TIMED = """
import json, sys, time
{before}
wall, cpu = time.perf_counter(), time.process_time()
{timed}
cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
print(json.dumps([cpu, wall]))
"""

_NUMBA = "from numba import njit; njit(lambda x: x)(1)"
"""What any use of numba costs once, whatever is compiled."""

_CAMERA = f"""
import torch, camsim
{_NUMBA}
camera = camsim.compile("seed/drone/bi-s-ga")
raw, scene = torch.full((1, 1, 64, 64), 9000.0), torch.full((1, 3, 64, 64), 0.5)
"""


@dataclass(frozen=True)
class FirstCall:
    """Python to be timed in a process of its own."""

    name: str
    timed: str
    before: str = ""
    limit: float | None = None
    """Target, seconds of CPU time."""


IMPORTS = (
    FirstCall("import torch", "import torch"),
    FirstCall("import camsim and reach compile, beside torch", "import camsim; camsim.compile", "import torch", 1.0),
    FirstCall("numba's own start, beside torch", _NUMBA, "import torch"),
    FirstCall("camsim --help", "from camsim.cli import main\ntry: main()\nexcept SystemExit: pass", "", 0.5),
)
KERNELS = (
    FirstCall("first develop", "with torch.inference_mode(): camera.develop(raw)", _CAMERA),
    FirstCall("first develop and backward", "camera.develop(raw).sum().backward()", _CAMERA),
    FirstCall("first capture", "camera.capture(scene)", _CAMERA),
)
COLD, WARM = 5.0, 0.3


def seconds(call: FirstCall, environment: dict[str, str]) -> tuple[float, float]:
    """CPU and wall time of a call in a fresh process."""
    done = subprocess.run(  # noqa: S603 (this interpreter, on the code above)
        [sys.executable, "-c", _TIMED.format(before=call.before, timed=call.timed), "--help"],
        cwd=ROOT,
        env=os.environ | dict.fromkeys(THREAD_VARIABLES, "1") | environment,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    cpu, wall = json.loads(done.stdout.splitlines()[-1])
    return cpu, wall


def run(quick: bool) -> Table:
    taken: dict[tuple[str, str], list[float]] = {}
    for _ in range(rounds(quick)):
        for call in IMPORTS:
            taken.setdefault(("fresh process", call.name), []).append(seconds(call, {})[0])
        for call in KERNELS:
            with tempfile.TemporaryDirectory() as folder:
                for state in ("nothing compiled yet", "compiled before"):
                    cpu, _ = seconds(call, {"NUMBA_CACHE_DIR": folder})
                    taken.setdefault((state, call.name), []).append(cpu)
    rows = tuple(Row(case, name, Spread.of(values).scaled(1e3), "ms") for (case, name), values in taken.items())
    checks = [
        Check(call.name, Spread.of(taken["fresh process", call.name]).median, call.limit, unit="s")
        for call in IMPORTS
        if call.limit is not None
    ]
    for call in KERNELS:
        for state, limit in (("nothing compiled yet", COLD), ("compiled before", WARM)):
            checks.append(Check(f"{call.name}, {state}", Spread.of(taken[state, call.name]).median, limit, unit="s"))
    return Table("first-call", "First calls", "CPU time", "", rows, checks=tuple(checks))
