"""How the cost grows with pixels and with samples."""

from __future__ import annotations

from benchmarks.launch import Timing, interleave
from benchmarks.report import Check, Row, Table, number
from benchmarks.stats import exponent
from benchmarks.suites import forward
from benchmarks.suites.common import rounds

NAMES = ("camsim fused, out=", "camsim plain")
"""The first without the cost of fresh memory, which jumps where the system changes its way of giving it."""
SHAPES = {
    "pixels": [(1, side, side) for side in (512, 1024, 2048, 4096)],
    "samples": [(batch, 256, 256) for batch in (4, 8, 16, 32, 64)],
}
TOLERATED = 0.1
"""How far from 1 an exponent may lie to count as linear."""


def run(quick: bool) -> Table:
    rows: list[Row] = []
    checks: list[Check] = []
    for what, shapes in SHAPES.items():
        measured: dict[str, list[Timing]] = {}
        for shape in shapes:
            timings, _ = interleave([forward.launch(name, shape) for name in NAMES], rounds(quick))
            for name, timing in timings.items():
                measured.setdefault(name, []).append(timing)
                size = f"{shape[0]} x {shape[1]}x{shape[2]}"
                rate = f"{number(timing.amount / timing.cpu.median / 1e6)} Mpix/s"
                rows.append(Row(size, name, timing.cpu.scaled(1e3), "ms", rate))
        for name, series in measured.items():
            found = exponent([timing.amount for timing in series], [timing.cpu.median for timing in series])
            checks.append(Check(f"exponent of {name}'s time in {what}", found, 1 + TOLERATED, unit=""))
    return Table("scaling", "Growth with pixels and samples", "CPU time", "", tuple(rows), checks=tuple(checks))
