"""Shot and read noise on a mosaic: Poisson counts plus Gaussian read noise."""

from __future__ import annotations

from functools import partial

import numpy as np
import torch

import camsim
from benchmarks.chain import BATCH, PROFILE
from benchmarks.launch import Launch, interleave
from benchmarks.report import Check, Row, Table
from benchmarks.suites import forward
from benchmarks.suites.common import rounds, rows
from benchmarks.work import Work, copies, in_turn

ELECTRONS = {"10 e-": 10.0, "1000 e-": 1000.0}
READ = 3.0
"""e- rms."""

CAPTURE, CLEAN = "camsim, capture", "camsim, capture without noise"
TORCH, NUMPY, BASELINE = "torch.poisson + randn", "numpy", forward.BASELINE


def work(subject: str, electrons: float, batch: int, height: int, width: int) -> Work:
    """In a worker: noise of one mean level (even over the frame) by one subject."""
    mean = torch.full((batch, 1, height, width), electrons)
    amount = float(mean.numel())
    if subject in (CAPTURE, CLEAN):
        profile = camsim.load(PROFILE).with_knobs({"sensor.exposure": np.array(electrons)})
        camera = camsim.compile(profile)
        seed = 0 if subject == CAPTURE else None

        @torch.inference_mode()
        def capture(scene: torch.Tensor) -> torch.Tensor:
            return camera.capture(scene, seed=seed, dtype=torch.uint16)

        scenes = [torch.ones(batch, 3, height, width) for _ in copies(mean)]
        return Work(in_turn([partial(capture, scene) for scene in scenes]), amount)
    if subject == TORCH:
        generator = torch.Generator().manual_seed(0)
        return Work(
            lambda: torch.poisson(mean, generator) + READ * torch.randn(mean.shape, generator=generator), amount
        )
    rng, array = np.random.default_rng(0), mean.numpy()
    return Work(lambda: rng.poisson(array) + READ * rng.standard_normal(array.shape, dtype=np.float32), amount)


def run(quick: bool) -> Table:
    batch, height, width = BATCH
    found: list[Row] = []
    checks: list[Check] = []
    for case, electrons in ELECTRONS.items():
        arguments = {"electrons": electrons, "batch": batch, "height": height, "width": width}
        launches = [
            forward.launch(BASELINE, BATCH),
            *(
                Launch(name, "benchmarks.suites.noise:work", arguments | {"subject": name})
                for name in (CAPTURE, CLEAN, TORCH, NUMPY)
            ),
        ]
        timings, _ = interleave(launches, rounds(quick))
        found += rows(case, timings, BASELINE, "pix")
        noise = timings[CAPTURE].cpu.median - timings[CLEAN].cpu.median
        checks.append(Check(f"noise over the copy, {case}", noise / timings[BASELINE].cpu.median, 3))
    note = (
        "Captures give uint16. A capture also reads a scene of three planes and applies response, full well, gain and "
        "ADC; noise over the copy is a capture with noise less one without."
    )
    return Table("noise", "Noise, 32 x 256x256", "CPU time", BASELINE, tuple(found), checks=tuple(checks), note=note)
