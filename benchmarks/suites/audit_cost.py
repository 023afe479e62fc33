"""An audit and a search against the bare inference that they cannot do without."""

from __future__ import annotations

import os
import tempfile
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnxruntime
import torch
from PIL import Image

import audit
import camsim
from audit.search import Problem
from audit.search.strategies.sampling import uniform
from audit.task import ClassTask
from benchmarks.launch import Launch, Timing, interleave
from benchmarks.mobilenet import SIDE, export
from benchmarks.report import Check, Row, Table, number
from benchmarks.stats import Spread, exponent
from benchmarks.suites.common import rounds
from benchmarks.suites.memory import peak
from benchmarks.work import Work

PICTURES, QUICK_PICTURES = 48, 8
EVALUATIONS, SEARCHED_PICTURES = 8, 24
SEARCHED = "phone/pixel-4a-imx363"
SEARCH = "camsim search, without gradients"
AUDIT, TWICE, BARE = "camsim audit", "camsim audit, twice the pictures", "bare inference"
NO_MORE = 29.0
"""MiB by which the memory of an audit of 24 more pictures may differ and count as the same, since it is that of a few
samples at a time: half of what all that was made of them would take."""


def devices() -> list[str]:
    """36 profiles, in the order of their names, of those that one pass over rows takes: of the shipped ones all but the
    reference, the seed's eight with Menon, and three with X-Trans or quad Bayer arrays."""
    fused = [name for name in shipped() if "/me-" not in name and _is_fused(camsim.compile(name))]
    return fused[:36]


def seed() -> list[str]:
    """The 24 pipelines of the seed system, eight of them with Menon and twelve with median."""
    return [name for name in shipped() if name.startswith("seed/") and not name.endswith("/parametrised")]


def shipped() -> list[str]:
    """Every shipped profile but the reference, also those that go stage by stage."""
    return [profile.name for profile in camsim.select("all") if profile.name != "reference/srgb"]


def _is_fused(camera: camsim.Emulator) -> bool:
    return camera.is_fused and camera.captures_frame_by_frame


def _scene(number_: int) -> Image.Image:
    rng = np.random.default_rng(number_)
    coarse = Image.fromarray(rng.integers(0, 256, (14, 14, 3), dtype=np.uint8)).resize((SIDE, SIDE))
    grain = rng.normal(0, 6, (SIDE, SIDE, 3))
    return Image.fromarray(np.clip(np.asarray(coarse) + grain, 0, 255).astype(np.uint8))


def prepare(folder: Path, pictures: int) -> None:
    """Write the model and photographs."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # torch's, of this exporter; the other needs onnxscript
        export(folder / "model.onnx")
    (folder / "photos").mkdir()
    for index in range(pictures):
        _scene(index).save(folder / "photos" / f"{index:03}.png")


def _session(path: Path) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = int(os.environ["OMP_NUM_THREADS"])
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def bare(folder: str, inferences: int) -> Work:
    """In a worker: so many inferences on pictures prepared before, one at a time."""
    place = Path(folder)
    session = _session(place / "model.onnx")
    inputs = [
        np.asarray(Image.open(file), dtype=np.float32).transpose(2, 0, 1)[None] / 255
        for file in sorted((place / "photos").iterdir())
    ]

    def run() -> None:
        for index in range(inferences):
            session.run(["logits"], {"image": inputs[index % len(inputs)]})

    return Work(run, float(inferences))


def whole(folder: str, profiles: list[str], pictures: int) -> Work:
    """In a worker: a whole audit, from loading the model to the results."""
    place = Path(folder)
    run = _audit(place, profiles, pictures)
    return Work(run, float(pictures * (len(profiles) + 1)))


def search(folder: str) -> Work:
    """In a worker: evaluations of a search, each of a setting not seen before; counted in inferences."""
    place = Path(folder)
    torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))
    model, data = audit.load_model(place / "model.onnx"), audit.open_dataset(place / "photos", limit=SEARCHED_PICTURES)
    task = ClassTask(model, {sample.id: 0 for sample in data.samples})
    problem = Problem(camsim.load(SEARCHED), task, data.samples, budget=1e9)
    settings = uniform(problem.space, np.random.default_rng(0))

    def run() -> None:
        for _ in range(EVALUATIONS):
            problem.evaluate(next(settings))

    return Work(run, float(EVALUATIONS * SEARCHED_PICTURES))


def _audit(place: Path, profiles: list[str], pictures: int) -> Callable[[], object]:
    torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))
    return lambda: audit.run(place / "model.onnx", place / "photos", profiles=profiles, limit=pictures)


def peak_of(folder: str, profiles: list[str], pictures: int) -> Work:
    """In a worker: an audit's peak memory, beyond that of one over two pictures."""
    place = Path(folder)
    _audit(place, profiles, 2)()
    before = peak()
    _audit(place, profiles, pictures)()
    return Work(lambda: None, float(pictures), {"MiB": peak() - before})


def _launch(name: str, function: str, **arguments: object) -> Launch:
    return Launch(name, f"benchmarks.suites.audit_cost:{function}", arguments)


def _rows(case: str, timings: dict[str, Timing]) -> list[Row]:
    base = timings[BARE]
    return [
        Row(
            case,
            name,
            timing.cpu,
            "s",
            f"{number(timing.amount / timing.cpu.median)} pictures/s",
            timing.cpu.median / timing.amount / (base.cpu.median / base.amount),
        )
        for name, timing in timings.items()
    ]


def run(quick: bool) -> Table:
    pictures = QUICK_PICTURES if quick else PICTURES
    rows: list[Row] = []
    checks: list[Check] = []
    with tempfile.TemporaryDirectory() as folder:
        prepare(Path(folder), 2 * PICTURES)
        everything = shipped()
        for what, profiles, limit in (
            ("36 fused profiles", devices(), 1.15),
            ("24 seed profiles", seed(), 1.3),
            (f"all {len(everything)} shipped profiles", everything, 1.3),
        ):
            cells = pictures * (len(profiles) + 1)
            launches = [
                _launch(BARE, "bare", folder=folder, inferences=cells),
                _launch(AUDIT, "whole", folder=folder, profiles=profiles, pictures=pictures),
                _launch(TWICE, "whole", folder=folder, profiles=profiles, pictures=2 * pictures),
            ]
            timings, _ = interleave(launches, rounds(quick))
            rows += _rows(f"{what} and the reference, {pictures} pictures", timings)
            bare_time, once, twice = (timings[name].cpu.median for name in (BARE, AUDIT, TWICE))
            checks += [
                Check(f"audit of {what} and {2 * pictures} pictures over bare inference", twice / bare_time / 2, limit),
                Check(f"each further picture on {what} over bare inference", (twice - once) / bare_time, limit),
            ]
        launches = [
            _launch(BARE, "bare", folder=folder, inferences=EVALUATIONS * SEARCHED_PICTURES),
            _launch(SEARCH, "search", folder=folder),
        ]
        timings, _ = interleave(launches, rounds(quick))
        rows += _rows(f"{EVALUATIONS} evaluations of a search, {SEARCHED_PICTURES} pictures", timings)
        ratio = timings[SEARCH].cpu.median / timings[BARE].cpu.median
        checks.append(Check("evaluations of a search over bare inference", ratio, 1.3))
        grown, growth = _growth(folder, rounds(quick))
        rows += grown
        checks += growth
    note = (
        "The whole audit counts: opening model and data, compiling the profiles, emulation, preparation, inference, "
        "statistics and the report's pictures. What a further picture costs is the difference between two audits, "
        "without what is done once. The 36 profiles are one pass each, capture and ISP, without the seed's eight with "
        "Menon's demosaic; among all that are shipped are these and three with X-Trans or quad Bayer arrays. "
        "The model has MobileNetV2's layers and random weights; pictures are 224x224."
    )
    return Table("audit", "Audit and search, MobileNetV2", "CPU time", BARE, tuple(rows), (), tuple(checks), note)


def _growth(folder: str, turns: int) -> tuple[list[Row], list[Check]]:
    """Time by profiles and by samples, and memory by samples."""
    rows: list[Row] = []
    checks: list[Check] = []
    some = devices()[:16]
    series = {
        "profiles": [(some[:count], 4) for count in (4, 8, 16)],
        "samples": [(some[:4], count) for count in (4, 8, 16, 32)],
    }
    for what, settings in series.items():
        names = [f"audit of {len(profiles)} profiles, {pictures} pictures" for profiles, pictures in settings]
        launches = [
            _launch(name, "whole", folder=folder, profiles=profiles, pictures=pictures)
            for name, (profiles, pictures) in zip(names, settings, strict=True)
        ]
        timings, _ = interleave(launches, turns)
        sizes = [timings[name].amount for name in names]
        found = exponent(sizes, [timings[name].cpu.median for name in names])
        checks.append(Check(f"exponent of an audit's time in {what}", found, 1.1, unit=""))
        rows += [Row(f"growth with {what}", name, timings[name].cpu, "s") for name in names]
    peaks: list[float] = []
    for pictures in (8, 32):
        launch = _launch("peak", "peak_of", folder=folder, profiles=some, pictures=pictures)
        timings, _ = interleave([launch], 1)
        peaks.append(timings["peak"].details["MiB"])
        rows.append(Row("peak memory beyond 2 pictures", f"audit of {pictures} pictures", Spread.of(peaks[-1:]), "MiB"))
    checks.append(Check("memory of an audit of 32 pictures beyond one of 8", peaks[1] - peaks[0], NO_MORE, unit="MiB"))
    return rows, checks
