"""The 12 seed pipelines of one camera over one set of mosaics: one after the other, against the cheapest four."""

from __future__ import annotations

import torch

import camsim
from benchmarks.chain import BATCH, frames
from benchmarks.launch import Launch, interleave
from benchmarks.report import Row, Table
from benchmarks.suites.common import rounds, rows
from benchmarks.work import Work

FAMILY = "seed/drone"
BASELINE = "the cheapest four"


def work(profiles: list[str], fused: bool, batch: int, height: int, width: int) -> Work:
    """In a worker: several profiles develop the same mosaics, each by itself."""
    cameras = [camsim.compile(name, fused=fused) for name in profiles]
    raw = frames(batch, height, width)

    @torch.inference_mode()
    def run() -> None:
        for camera in cameras:
            camera.develop(raw)

    return Work(run, float(raw.numel()) * len(profiles))


def launch(name: str, profiles: list[str], fused: bool = True) -> Launch:
    """Several profiles on the batch."""
    batch, height, width = BATCH
    arguments = {"profiles": profiles, "fused": fused, "batch": batch, "height": height, "width": width}
    return Launch(name, "benchmarks.suites.many:work", arguments)


def run(quick: bool) -> Table:
    names = [profile.name for profile in camsim.select(FAMILY)]
    alone, _ = interleave([launch(name, [name]) for name in names], rounds(quick))
    found: list[Row] = rows("each alone", alone, "", "pix")
    four = sorted(names, key=lambda name: alone[name].cpu.median)[:4]
    launches = [launch(BASELINE, four), launch("all 12, separately", names)]
    together, _ = interleave(launches, rounds(quick))
    base = together[BASELINE].cpu.median
    for name, timing in together.items():
        ratio = timing.cpu.median / base
        found.append(Row("together", name, timing.cpu.scaled(1e3), "ms", ratio=ratio))
    note = f"The cheapest four: {', '.join(four)}."
    return Table("many", "The 12 seed pipelines, fused, 32 x 256x256", "CPU time", BASELINE, tuple(found), note=note)
