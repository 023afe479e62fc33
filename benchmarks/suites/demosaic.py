"""Demosaicing alone, against colour-demosaicing."""

from __future__ import annotations

from typing import Any

import torch

import camsim
from benchmarks import cameras
from benchmarks.chain import BATCH, frames
from benchmarks.launch import Launch, interleave
from benchmarks.report import Check, Row, Skip, Table
from benchmarks.suites import forward
from benchmarks.suites.common import check, rounds, rows
from benchmarks.work import UnavailableError, Work
from camsim import isp

PLAIN = {
    "bilinear": isp.demosaic_bilinear,
    "malvar2004": isp.demosaic_malvar2004,
    "menon2007": isp.demosaic_menon2007,
}
LIBRARY = {
    "bilinear": "demosaicing_CFA_Bayer_bilinear",
    "malvar2004": "demosaicing_CFA_Bayer_Malvar2004",
    "menon2007": "demosaicing_CFA_Bayer_Menon2007",
}
FUSED, TORCH, OTHER = "camsim fused, with black level, clip, gamma", "camsim plain", "colour-demosaicing"
TOLERANCE = 1e-9
"""In float64, away from the border."""


def work(subject: str, method: str, batch: int, height: int, width: int) -> Work:
    """In a worker: one method by one subject."""
    raw = frames(batch, height, width)
    amount = float(raw.numel())
    if subject == FUSED:
        camera = camsim.compile(cameras.demosaic(method), fused=True)
        return Work(torch.inference_mode()(lambda: camera.develop(raw)), amount)
    if subject == TORCH:
        return Work(torch.inference_mode()(lambda: PLAIN[method](raw, "RGGB")), amount)
    verify(method)
    library = theirs(method)
    mosaics = raw[:, 0].double().numpy()
    return Work(lambda: [library(mosaic, "RGGB") for mosaic in mosaics], amount)


def theirs(method: str) -> Any:
    """The library's function: (H, W) mosaic and phase to (H, W, 3).

    Raises:
        UnavailableError: it is not installed.
    """
    try:
        import colour_demosaicing
    except ModuleNotFoundError:
        raise UnavailableError("colour-demosaicing is not installed; `make bench` installs it") from None
    return getattr(colour_demosaicing, LIBRARY[method])


def difference(method: str) -> float:
    """Largest difference of the library to camsim's function on a mosaic of noise in [0, 1], away from the border."""
    mosaic = torch.rand(1, 1, 40, 48, generator=torch.Generator().manual_seed(3), dtype=torch.float64)
    other = torch.from_numpy(theirs(method)(mosaic[0, 0].numpy(), "RGGB"))
    ours = PLAIN[method](mosaic, "RGGB")[0].permute(1, 2, 0)
    return float((other - ours)[10:-10, 10:-10].abs().max())


def verify(method: str) -> None:
    """ValueError: colour-demosaicing computes another picture."""
    if not difference(method) <= TOLERANCE:
        raise ValueError(f"{method}: colour-demosaicing differs by {difference(method):g}")


def run(quick: bool) -> Table:
    batch, height, width = BATCH
    found: list[Row] = []
    skips: list[Skip] = []
    checks: list[Check] = []
    for method in PLAIN:
        arguments = {"method": method, "batch": batch, "height": height, "width": width}
        launches = [forward.launch(forward.BASELINE, BATCH)]
        launches += [
            Launch(name, "benchmarks.suites.demosaic:work", arguments | {"subject": name})
            for name in (FUSED, TORCH, OTHER)
        ]
        timings, absent = interleave(launches, rounds(quick))
        found += rows(method, timings, forward.BASELINE, "pix")
        skips += absent
        if method == "menon2007":
            checks += check(f"{OTHER}'s Menon over camsim fused", timings, OTHER, FUSED, 10, at_most=False)
    note = "camsim's fused path has no way to run one stage alone; it is timed with the least that a profile allows."
    return Table(
        "demosaic",
        "Demosaicing, 32 x 256x256",
        "CPU time",
        forward.BASELINE,
        tuple(found),
        tuple(skips),
        tuple(checks),
        note,
    )
