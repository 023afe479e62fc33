"""The whole chain forward and backward: to the knobs, and to knobs and mosaic."""

from __future__ import annotations

import torch

from benchmarks import gradient, subjects
from benchmarks.chain import BATCH, MPIX12, frames
from benchmarks.launch import Launch, interleave
from benchmarks.report import Check, Row, Skip, Table
from benchmarks.subjects import SUBJECTS
from benchmarks.suites import forward
from benchmarks.suites.common import check, rounds, rows
from benchmarks.work import Work, copies, in_turn

NAMES = ("camsim fused", "camsim plain", "seed-style torch", "seed-style torch, tuned malloc")
BASELINE = forward.BASELINE


def work(subject: str, batch: int, height: int, width: int, to_input: bool) -> Work:
    """In a worker: check the subject's gradients, then make it ready."""
    found = subjects.find(subject)
    gradient.verify(found)
    if found.trainable is None:
        raise ValueError(f"{subject} has no gradients")
    raw = frames(batch, height, width)
    subject = found.trainable(torch.float32)
    runs = [
        gradient.backward(subject, frame, torch.ones(batch, 3, height, width), to_input=to_input)
        for frame in copies(raw)
    ]
    return Work(in_turn(runs), float(raw.numel()))


def launch(subject: str, shape: tuple[int, int, int], to_input: bool, threads: int = 1) -> Launch:
    """One subject on mosaics of one shape (batch, height, width)."""
    batch, height, width = shape
    arguments = {"subject": subject, "batch": batch, "height": height, "width": width, "to_input": to_input}
    environment = SUBJECTS[subject].environment
    return Launch(subject, "benchmarks.suites.backward:work", arguments, environment, threads)


def run(quick: bool) -> Table:
    found: list[Row] = []
    skips: list[Skip] = []
    checks: list[Check] = []
    shapes = {"32 x 256x256": BATCH} if quick else {"32 x 256x256": BATCH, "12 MPix": MPIX12}
    for size, shape in shapes.items():
        for to_input in (False, True):
            case = f"{size}, to knobs{' and input' if to_input else ''}"
            launches = [forward.launch(BASELINE, shape), *(launch(name, shape, to_input) for name in NAMES)]
            timings, absent = interleave(launches, rounds(quick))
            found += rows(case, timings, BASELINE, "pix")
            skips += [skip for skip in absent if skip not in skips]
            checks += check(f"fused forward+backward over the copy floor, {case}", timings, NAMES[0], BASELINE, 15)
            for seed in NAMES[2:]:
                text = f"{seed}, over fused, forward+backward, {case}"
                checks += check(text, timings, seed, NAMES[0], 25, at_most=False)
    return Table(
        "backward",
        "Forward and backward, one thread",
        "CPU time",
        BASELINE,
        tuple(found),
        tuple(skips),
        tuple(checks),
        "The floor is that of the forward pass: one copy.",
    )
