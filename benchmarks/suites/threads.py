"""Two threads against one, in wall time."""

from __future__ import annotations

from dataclasses import replace

from benchmarks.chain import BATCH
from benchmarks.launch import interleave
from benchmarks.report import Check, Row, Skip, Table, number
from benchmarks.suites import forward
from benchmarks.suites.common import rounds

NAMES = ("copy", forward.FUSED, forward.FUSED_OUT, "camsim plain", "seed-style torch", "OpenCV float32")


def run(quick: bool) -> Table:
    found: list[Row] = []
    checks: list[Check] = []
    absent: list[Skip] = []
    for name in NAMES:
        launches = [replace(forward.launch(name, BATCH, threads), name=f"{name}|{threads}") for threads in (1, 2)]
        # Each subject against itself alone: while many took turns, the second core of a shared machine would be gone.
        timings, skips = interleave(launches, rounds(quick))
        absent += skips
        one, two = timings.get(f"{name}|1"), timings.get(f"{name}|2")
        if one is None or two is None:
            continue
        gain = one.wall.median / two.wall.median
        for threads, timing in ((1, one), (2, two)):
            rate = f"{number(timing.amount / timing.wall.median / 1e6)} Mpix/s"
            ratio = timing.wall.median / one.wall.median
            case = "1 thread" if threads == 1 else f"{threads} threads"
            found.append(Row(case, name, timing.wall.scaled(1e3), "ms", rate, ratio))
        if name in (forward.FUSED, forward.FUSED_OUT):
            checks.append(Check(f"{name}: one thread over two, 32 x 256x256", gain, 1.8, at_most=False))
    skips = tuple(Skip(skip.subject.replace("|", ", threads: "), skip.reason) for skip in absent)
    note = "Wall time, which whatever else runs on the machine makes longer."
    return Table(
        "threads", "Two threads", "Wall time", "the same on one thread", tuple(found), skips, tuple(checks), note
    )
