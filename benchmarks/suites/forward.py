"""The whole chain forward, by every subject."""

from __future__ import annotations

from benchmarks import subjects
from benchmarks.chain import CASES, frames
from benchmarks.launch import Launch, Timing, interleave
from benchmarks.report import Check, Row, Skip, Table
from benchmarks.subjects import SUBJECTS
from benchmarks.suites.common import check, rounds, rows
from benchmarks.verify import verify
from benchmarks.work import Work, copies, in_turn

LIBRAW = ("LibRaw linear", "LibRaw AHD")
BASELINE = "copy"
FUSED, FUSED_OUT = "camsim fused", "camsim fused, out="
BYTES = "camsim fused, uint16 to uint8"
LARGE = "48 MPix"
OF_LARGE = (BASELINE, "copy, new memory", FUSED, FUSED_OUT, BYTES, "camsim plain", "OpenCV uint16 + LUT")
"""Of the largest frames only those that need seconds, not minutes."""


def work(subject: str, batch: int, height: int, width: int) -> Work:
    """In a worker: check the subject's picture, then make it ready."""
    found = subjects.find(subject)
    verify(found)
    raw = frames(batch, height, width)
    run = in_turn([found.prepare(frame) for frame in copies(raw)])
    return Work(run, float(found.pixels() if found.pixels else raw.numel()))


def launch(subject: str, shape: tuple[int, int, int], threads: int = 1) -> Launch:
    """One subject on mosaics of one shape (batch, height, width)."""
    batch, height, width = shape
    arguments = {"subject": subject, "batch": batch, "height": height, "width": width}
    environment = SUBJECTS[subject].environment
    return Launch(subject, "benchmarks.suites.forward:work", arguments, environment, threads)


def run(quick: bool) -> Table:
    found: list[Row] = []
    skips: list[Skip] = []
    checks: list[Check] = []
    for case, shape in CASES.items():
        if quick and case == LARGE:
            continue
        names = [name for name in SUBJECTS if name not in LIBRAW or case == "12 MPix"]
        names = [name for name in names if name in OF_LARGE or case != LARGE]
        timings, absent = interleave([launch(name, shape) for name in names], rounds(quick))
        found += rows(case, timings, BASELINE, "pix")
        skips += [skip for skip in absent if skip not in skips]
        checks += _checks(case, timings)
    note = (
        "`copy` writes into memory that is there; `copy, new memory` asks the system for it each time, as whatever "
        "hands back a new image must. LibRaw computes a chain of its own on its own 12 MPix file."
    )
    return Table(
        "forward", "Forward, one thread", "CPU time", BASELINE, tuple(found), tuple(skips), tuple(checks), note
    )


def _checks(case: str, timings: dict[str, Timing]) -> list[Check]:
    checks = check(f"fused forward with out= over the copy, {case}", timings, FUSED_OUT, BASELINE, 4.5)
    checks += check(f"fused forward over the copy into new memory, {case}", timings, FUSED, "copy, new memory", 4.5)
    seed = {"32 x 256x256": 25.0, "12 MPix": 9.0}
    if case in seed:
        tuned = "seed-style torch, tuned malloc"
        # Neither pays for fresh memory.
        checks += check(f"{tuned}, over fused with out=, {case}", timings, tuned, FUSED_OUT, seed[case], at_most=False)
    checks += check(f"LibRaw linear over fused to uint8, {case}", timings, "LibRaw linear", BYTES, 5, at_most=False)
    opencv = "OpenCV uint16 + LUT"
    checks += check(f"{opencv} over fused uint16 to uint8, {case}", timings, opencv, BYTES, 2, at_most=False)
    return checks
