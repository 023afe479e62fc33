"""Peak memory of one forward pass at 12 MPix, beyond what is there once imports and mosaics are."""

from __future__ import annotations

import ctypes
import resource
from pathlib import Path

from benchmarks import subjects
from benchmarks.chain import MPIX12, frames
from benchmarks.launch import Launch, interleave
from benchmarks.report import Check, Row, Table
from benchmarks.stats import Spread
from benchmarks.subjects import SUBJECTS
from benchmarks.suites.common import QUICK_ROUNDS
from benchmarks.suites.forward import FUSED, FUSED_OUT, LIBRAW
from benchmarks.work import UnavailableError, Work

NAMES = tuple(name for name in SUBJECTS if name not in LIBRAW)
PICTURES = {FUSED: 12, FUSED_OUT: 0}
"""Of camsim's fused path: bytes a pixel of the picture that it makes anew."""
BESIDE = 8.0
"""MiB that it may take beside its picture, for the rows that it works in."""


def peak() -> float:
    """Most memory that this process has held, MiB (Linux counts it in KiB)."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def settled() -> float:
    """MiB held now: what was freed goes back to the system, and the peak begins anew from here."""
    try:
        ctypes.CDLL(None).malloc_trim(0)
        Path("/proc/self/clear_refs").write_text("5")
    except (AttributeError, OSError) as error:
        raise UnavailableError(f"the peak cannot be set back, which takes Linux with glibc: {error}") from error
    return peak()


def work(subject: str, batch: int, height: int, width: int) -> Work:
    """In a worker: run once on a small frame, then on the large one, and report how far the peak rose."""
    found = subjects.find(subject)
    found.prepare(frames(1, 64, 64))()  # whatever is imported or loaded late is there before the baseline
    raw = frames(batch, height, width)
    run = found.prepare(raw)
    before = settled()
    run()
    return Work(lambda: None, float(raw.numel()), {"MiB": peak() - before})


def run(quick: bool) -> Table:
    batch, height, width = MPIX12
    arguments = {"batch": batch, "height": height, "width": width}
    launches = [
        Launch(name, "benchmarks.suites.memory:work", arguments | {"subject": name}, SUBJECTS[name].environment)
        for name in NAMES
    ]
    found: dict[str, list[float]] = {}
    # The first time may compile kernels, which takes memory of its own.
    for turn in range(1 + (1 if quick else QUICK_ROUNDS)):
        for launch in launches:
            timings, _ = interleave([launch], 1)
            for name, timing in timings.items() if turn else ():
                found.setdefault(name, []).append(timing.details["MiB"])
    pixels = batch * height * width
    rows = tuple(
        Row("12 MPix", name, Spread.of(values), "MiB", f"{Spread.of(values).median * 2**20 / pixels:.0f} B/pix")
        for name, values in found.items()
    )
    checks = tuple(
        Check(
            f"memory of {name}, beside its picture, 12 MPix",
            Spread.of(found[name]).median - pixels * size / 2**20,
            BESIDE,
            unit="MiB",
        )
        for name, size in PICTURES.items()
    )
    note = (
        "What a forward pass adds to the process: imports, the mosaic, and the image of whoever is given one (`out=`, "
        "`copy`) are there before, and what was freed has gone back to the system. The picture itself is "
        f"{pixels * 12 / 2**20:.0f} MiB in float32 and {pixels * 3 / 2**20:.0f} MiB in uint8."
    )
    return Table("memory", "Peak memory, 12 MPix", "Above the baseline", "", rows, checks=checks, note=note)
