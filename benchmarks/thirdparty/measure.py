"""Fetch one model, look at it with and without its sidecar, audit it, and compare what it says with other code."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import audit
from audit.camera import open_camera
from audit.models import OnnxNetwork, open_network
from audit.models.inspection import inspect_model
from audit.models.sidecar import Sidecar
from audit.tasks.open import open_task
from benchmarks.thirdparty.case import SIDECARS, Case
from camsim import catalog, yamlio
from camsim.errors import CamsimError

PROFILES = (
    "phone/google-pixel-imx378",
    "board/rpi-v1-ov5647",
    "automotive/imx490",
    "machine-vision/flir-bfs-imx183",
    "still/sony-a7s2",
)
REFERENCE = "reference/srgb"


@dataclass(frozen=True)
class Row:
    """What was found of one model."""

    case: Case
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    alone: str
    """What camsim understands without a sidecar."""
    declared: tuple[str, ...]
    """Keys of the sidecar."""
    assumed: tuple[str, ...]
    """What the audit says that nobody declared."""
    task: str
    decoder: str
    samples: int
    reference: str
    """The task's metrics under the reference camera, where there are labels."""
    worst: str
    """The largest share of answers that a profile changes, and which profile."""
    verdict: str
    beside: tuple[str, ...]


def measure(case: Case, cache: Path) -> Row:
    """Everything about one model.

    Raises:
        CamsimError: it cannot be downloaded, or camsim refuses it.
    """
    path = cache / "models" / f"{case.name}.onnx"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        case.make(path)
    beside = path.with_suffix(".camsim.yaml")
    beside.unlink(missing_ok=True)
    alone = _alone(path)
    declared = put_sidecar(case, beside)
    data = case.scenes(cache / "scenes" / case.name)
    result = audit.run(path, data, profiles=PROFILES, reference=REFERENCE)
    task, network = open_task(path, data), open_network(path)
    assert isinstance(network, OnnxNetwork)
    camera = open_camera(catalog.load(REFERENCE))
    pictures = [camera.shoot(sample.load(), 0, sample.id) for sample in data.samples]
    checks = tuple(
        f"{check.what}: {check.compare(task, network, pictures, check.other(pictures, path))}" for check in case.checks
    )
    found = result.results
    described = inspect_model(path, lambda: pictures[:1])
    decoder = described["decoder"]["value"]  # type: ignore[index]
    return Row(
        case=case,
        inputs=tuple(map(_value, described["inputs"])),  # type: ignore[call-overload]
        outputs=tuple(map(_value, described["outputs"])),  # type: ignore[call-overload]
        alone=alone,
        declared=declared,
        assumed=tuple(found["model"]["input"].get("assumed", ())),
        task=found["task"]["key"],
        decoder="none needed" if decoder is None else decoder["kind"],
        samples=len(data.samples),
        reference=_reference(found),
        worst=_worst(found),
        verdict=found["verdict"],
        beside=checks,
    )


def put_sidecar(case: Case, beside: Path) -> tuple[str, ...]:
    if case.sidecar is None:
        return ()
    shutil.copyfile(case.sidecar, beside)
    given, _ = yamlio.parse(case.sidecar.read_text(encoding="utf-8"), str(case.sidecar))
    assert isinstance(given, dict)
    decoder = given.get("decoder")
    for name in (given.get("classes"), decoder.get("characters") if isinstance(decoder, dict) else None):
        if isinstance(name, str):
            shutil.copyfile(SIDECARS / name, beside.parent / name)
    return tuple(key for key in Sidecar.model_fields if key in given and key != "camsim_model")


def _alone(path: Path) -> str:
    """What the file says, what is guessed, and what stands in the way."""
    try:
        found: Mapping[str, Any] = inspect_model(path, list)
    except CamsimError as error:
        return str(error).removeprefix(f"{path}: ")
    parts = [part for part in found.get("preprocessing", ()) if part["source"] == "model" and part["value"] is not None]
    stated = [f"stated: {', '.join(part['name'] for part in parts)}"]
    task, decoder = found["task"], found["decoder"]
    if task["value"] is None:
        return "; ".join([*stated, "the task is not found"])
    words = {"model": "stated", "assumed": "guessed"}
    kind = f", decoder {decoder['value']['kind']}" if decoder["value"] is not None else ""
    names = ", class names" if found["class_names"] else ""
    return "; ".join([*stated, f"{words[task['source']]}: {task['value']}{kind}{names}"])


def _value(value: Mapping[str, Any]) -> str:
    sides = [str(side) if isinstance(side, int) else "?" for side in value["shape"] or ()]
    return f"{value['name']}: {value['dtype']} {'x'.join(sides)}"


def _reference(found: Mapping[str, Any]) -> str:
    (row,) = [row for row in found["profiles"] if row["role"] == "reference"]
    shown = []
    for metric in found["task"]["metrics"]:
        value = row["metrics"].get(metric["key"])
        if value is not None and not metric["against_reference"] and metric["key"] in _SHOWN:
            shown.append(f"{metric['title']} {100 * value['value']:.1f} %")
    return ", ".join(shown)


_SHOWN = ("accuracy", "map", "map50", "cer", "exact_match")


def _worst(found: Mapping[str, Any]) -> str:
    """By flips: every task has them."""
    rows = [row for row in found["profiles"] if row["role"] == "profile" and row["flips"] is not None]
    row = max(rows, key=lambda one: one["flips"]["value"])
    if row["flips"]["value"] == 0:
        return "none"
    return f"{100 * row['flips']['value']:.0f} % ({row['profile']})"
