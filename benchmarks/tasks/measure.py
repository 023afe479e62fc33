"""One case through `audit.run`: as a file and as a module, at once and interrupted, which all have to say the same."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import audit
from audit.data import Dataset
from audit.models import Network, open_network
from audit.result import Result
from audit.runs import RESULTS, SAMPLES
from benchmarks.search.store import Entry
from benchmarks.tasks.cases import Case
from benchmarks.tasks.train import REFERENCE, exported, trained

PROFILES = ("phone/pixel-4a-imx363", "still/nikon-d850", "board/rpi-v1-ov5647", "seed/drone/bi-s-me")
CLOSE = 1e-4
"""How far figures of the ONNX file and of the module may lie apart."""
JUDGED = 1
"""Seed of the samples that are judged; 0 is trained on."""


class MismatchError(AssertionError):
    """Two ways to the same figures gave different ones."""


class StoppedError(Exception):
    """What the run is stopped with."""


class Interrupting:
    """A progress that ends the run after some cells."""

    def __init__(self, cells: int) -> None:
        self._left = cells

    def start(self, what: str, total: int) -> None: ...

    def advance(self, steps: int) -> None:
        self._left -= steps
        if self._left <= 0:
            raise StoppedError


def measure(case: Case, folder: Path) -> Entry:
    """Train, export, audit.

    Args:
        case: of `benchmarks.tasks.cases`.
        folder: empty; keeps the model and the runs.

    Returns:
        What docs/tasks.md shows.

    Raises:
        MismatchError: file and module differ, or a run that was interrupted and resumed from one that was not.
    """
    begun = time.process_time()
    network = trained(case)
    training = time.process_time() - begun
    data = case.data(JUDGED, case.judged)
    folder.mkdir(parents=True, exist_ok=True)
    file = exported(case, network, folder)
    begun, clock = time.process_time(), time.perf_counter()
    whole = _run(file, data, folder / "whole", batch=1)
    took = time.process_time() - begun, time.perf_counter() - clock
    try:
        _run(file, data, folder / "resumed", batch=8, progress=Interrupting(3 * case.judged * (len(PROFILES) + 1) // 4))
        raise MismatchError("the run ended before it was interrupted")
    except StoppedError:
        pass
    if not any((folder / "resumed" / "parts").iterdir()):
        raise MismatchError("the interrupted run had kept nothing to go on from")
    _run(file, data, folder / "resumed", batch=8, resume=True)
    for name in (RESULTS, SAMPLES):
        if (folder / "whole" / name).read_bytes() != (folder / "resumed" / name).read_bytes():
            raise MismatchError(f"{name}: a run resumed in batches of 8 gives other bytes than one in batches of 1")
    module = _run(open_network(network, overrides=case.declared), data, folder / "module", batch=8)
    apart = largest_difference(whole.results, module.results)
    if not apart <= CLOSE:
        raise MismatchError(f"figures of the ONNX file and of the module lie {apart:.2g} apart")
    reference, *rows = whole.results["profiles"]
    [primary, *_] = whole.results["task"]["metrics"]
    return {
        "task": case.task,
        "pictures": case.pictures,
        "metric": primary,
        "reference": reference["metrics"][primary["key"]],
        "rows": {row["profile"]: {key: row[key] for key in ("drop", "flips", "verdict")} for row in rows},
        "samples": reference["samples"],
        "assumed": whole.results["model"]["input"]["assumed"],
        "apart": apart,
        "training_s": training,
        "audit_s": took[0],
        "audit_wall_s": took[1],
        "exporter": "dynamo" if case.dynamo else "TorchScript",
    }


def _run(model: Path | Network, data: Dataset, out: Path, **options: Any) -> Result:
    return audit.run(model, data, profiles=PROFILES, reference=REFERENCE, max_flips=0.1, out=out, **options)


def largest_difference(one: Mapping[str, Any], other: Mapping[str, Any]) -> float:
    """Between the figures of two results: metrics, drops and flips of every profile; infinite where one has none."""
    left, right = dict(_figures(one)), dict(_figures(other))
    if left.keys() != right.keys():
        return math.inf
    return max(abs(left[key] - right[key]) for key in left)


def _figures(results: Mapping[str, Any]) -> Iterator[tuple[tuple[str, ...], float]]:
    for row in results["profiles"]:
        name = row["profile"]
        found = row["metrics"] | {f"drop of {key}": drop for key, drop in row["drops"].items()}
        for key, figure in (found | {"drop": row["drop"], "flips": row["flips"]}).items():
            if figure is not None and figure["value"] is not None:
                yield (name, key), figure["value"]
