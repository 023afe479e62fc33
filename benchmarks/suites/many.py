"""The 12 seed pipelines of one camera over one set of mosaics: one after the other, and in one go."""

from __future__ import annotations

import torch

import camsim
from benchmarks.chain import BATCH, frames
from benchmarks.launch import Launch, interleave
from benchmarks.report import Check, Row, Table
from benchmarks.suites.common import rounds, rows
from benchmarks.work import Work

FAMILY = "seed/drone"
BASELINE = "the cheapest four"
TOGETHER = "all 12, together"


def work(profiles: list[str], fused: bool, batch: int, height: int, width: int) -> Work:
    """In a worker: several profiles develop the same mosaics, each by itself."""
    cameras = [camsim.compile(name, fused=fused) for name in profiles]
    raw = frames(batch, height, width)

    @torch.inference_mode()
    def run() -> None:
        for camera in cameras:
            camera.develop(raw)

    return Work(run, float(raw.numel()) * len(profiles))


def group_work(profiles: list[str], batch: int, height: int, width: int) -> Work:
    """In a worker: several profiles develop the same mosaics together; first, that each gives what it gives alone."""
    cameras = [camsim.compile(name, fused=True) for name in profiles]
    group = camsim.CameraGroup(cameras)
    few = frames(1, 67, 93)
    with torch.inference_mode():
        for camera, image in zip(cameras, group.develop(few), strict=True):
            if not torch.equal(camera.develop(few), image):
                raise ValueError(f"{camera.profile.name} gives another picture in the group than alone")
    raw = frames(batch, height, width)
    return Work(torch.inference_mode()(lambda: group.develop(raw)), float(raw.numel()) * len(profiles))


def launch(name: str, profiles: list[str], fused: bool = True) -> Launch:
    """Several profiles on the batch."""
    batch, height, width = BATCH
    arguments = {"profiles": profiles, "fused": fused, "batch": batch, "height": height, "width": width}
    return Launch(name, "benchmarks.suites.many:work", arguments)


def pipelines() -> list[str]:
    """The 12 static ones; the thirteenth of the family has learned kernels, which are not fused."""
    return [profile.name for profile in camsim.select(FAMILY) if not profile.name.endswith("/parametrised")]


def run(quick: bool) -> Table:
    names = pipelines()
    alone, _ = interleave([launch(name, [name]) for name in names], rounds(quick))
    found: list[Row] = rows("each alone", alone, "", "pix")
    four = sorted(names, key=lambda name: alone[name].cpu.median)[:4]
    batch, height, width = BATCH
    arguments = {"profiles": names, "batch": batch, "height": height, "width": width}
    group = Launch(TOGETHER, "benchmarks.suites.many:group_work", arguments)
    launches = [launch(BASELINE, four), launch("all 12, separately", names), group]
    together, _ = interleave(launches, rounds(quick))
    base = together[BASELINE].cpu.median
    for name, timing in together.items():
        ratio = timing.cpu.median / base
        found.append(Row("together", name, timing.cpu.scaled(1e3), "ms", ratio=ratio))
    checks = (Check("all 12 together over the cheapest four", together[TOGETHER].cpu.median / base, 3),)
    note = f"The cheapest four: {', '.join(four)}."
    return Table(
        "many",
        "The 12 seed pipelines, fused, 32 x 256x256",
        "CPU time",
        BASELINE,
        tuple(found),
        checks=tuple(checks),
        note=note,
    )
