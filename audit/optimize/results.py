"""results.json of a tuning (schema 1). No times in it: the same tuning gives the same file."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, Literal

import camsim
from audit.data import Dataset
from audit.optimize.judge import CONFIDENCE, REPEATS
from audit.optimize.tuning import Tuning
from audit.stats import Interval
from audit.tasks.classification import Classification
from audit.tasks.vision_task import VisionTask

SCHEMA = 1
FROZEN, LEARNED = "frozen.yaml", "learned.yaml"

Answer = Literal["better", "worse", "unclear"]
"""Whether the whole interval of the gain lies above 0, below 0, or neither."""


def build_results(
    tuning: Tuning,
    task: VisionTask[Any],
    data: Dataset,
    *,
    exposure: float,
    group: str,
    loss: str,
    seed: int,
) -> dict[str, Any]:
    """Everything that came out, JSON-able."""
    parts, outcome = tuning.parts, tuning.outcome
    classes = task.count if isinstance(task, Classification) else None if task.classes is None else len(task.classes)
    return {
        "schema": SCHEMA,
        "camsim": camsim.__version__,
        "kind": "optimize",
        "answer": answer_of(tuning.gain.gain),
        "task": task.key,
        "model": {"name": task.name, "sha256": task.sha256, "classes": classes, "input": task.describe()},
        "data": {
            "name": data.name,
            "description": data.description,
            "sha256": data.sha256,
            "samples": len(data.samples),
            "parts": {
                "train": len(parts.train),
                "validation": len(parts.validation),
                "held_out": len(parts.held_out),
            },
        },
        "profile": tuning.base.name,
        "title": tuning.base.title,
        "exposure": exposure,
        "group": group,
        "limits": tuning.box.limits,
        "loss": loss,
        "seed": seed,
        "method": outcome.method,
        "no_gradient": outcome.no_gradient,
        "plan": asdict(tuning.plan),
        "stopped": outcome.stopped,
        "best_step": outcome.best.step,
        "trajectory": [asdict(check) for check in outcome.checks],
        "held_out": {
            "measure": task.score_title,
            "confidence": CONFIDENCE,
            "samples": tuning.gain.samples,
            "noise_seeds": [seed + repeat for repeat in range(REPEATS)],
            "frozen": asdict(tuning.gain.frozen),
            "learned": asdict(tuning.gain.learned),
            "gain": asdict(tuning.gain.gain),
        },
        "profiles": {"frozen": tuning.frozen.name, "learned": tuning.learned.name},
        "files": {"frozen": FROZEN, "learned": LEARNED},
        "knobs": _knobs(tuning),
    }


def answer_of(gain: Interval) -> Answer:
    """See `Answer`."""
    return "better" if gain.low > 0 else "worse" if gain.high < 0 else "unclear"


def _knobs(tuning: Tuning) -> list[dict[str, Any]]:
    before, after = tuning.frozen.knobs(), tuning.learned.knobs()
    return [
        {
            "name": name,
            "unit": before[name].unit,
            "from": before[name].value.tolist(),
            "to": after[name].value.tolist(),
            "low": low.tolist(),
            "high": tuning.box.high[name].tolist(),
        }
        for name, low in tuning.box.low.items()
    ]
