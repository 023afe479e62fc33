"""results.json of forensics (schema 1). No times in it: the same run gives the same file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import camsim
from audit.data import Dataset
from audit.forensics.attribution import CONFIDENCE, Attribution
from audit.forensics.divide import Division
from audit.forensics.hybrid import OPTICS, SENSOR
from audit.forensics.local import LocalSensitivity
from audit.forensics.play import Table
from audit.forensics.players import Alignment, Player
from audit.forensics.sobol import SobolIndices
from audit.forensics.walk import Walk
from audit.stats import Interval
from audit.tasks.describe import task_json
from audit.tasks.vision_task import VisionTask
from camsim import Profile

SCHEMA = 1
FEW_SAMPLES = 30
"""Below, intervals from resampling are too narrow to be relied on."""


def build_results(
    *,
    task: VisionTask[Any],
    data: Dataset,
    division: Division,
    local: LocalSensitivity | str,
    sobol: SobolIndices | str,
    walks: Sequence[Walk],
    seed: int,
) -> dict[str, Any]:
    """Everything that came out, JSON-able. ``local`` and ``sobol``: or why there is none."""
    alignment, table, score, loss = division.alignment, division.table, division.score, division.loss
    kit, scores = alignment.kit, table.scores
    return {
        "schema": SCHEMA,
        "camsim": camsim.__version__,
        "command": "forensics",
        "task": task_json(task),
        "model": {"name": task.name, "sha256": task.sha256, "input": task.describe()},
        "data": {
            "name": data.name,
            "description": data.description,
            "sha256": data.sha256,
            "samples": len(table.samples),
            "labelled": task.labelled,
            "left_out": [asdict(item) for item in table.left_out],
        },
        "seed": seed,
        "confidence": CONFIDENCE,
        "score": task.score_title if task.labelled else "agreement",
        "reference": _device(kit.first, "a", float(scores[table.masks.index(0)].mean())),
        "device": _device(kit.second, "b", float(scores[table.masks.index(alignment.full)].mean())),
        "drop": asdict(score.drop),
        "soft_error_rise": asdict(loss.drop),
        "shares_withheld": score.no_shares,
        "exact": score.exact,
        "coalitions": len(table.masks),
        "orders": score.orders,
        "players": [_player(alignment, place, score, loss) for place in range(alignment.count)],
        "interactions": {
            "measure": "shapley_interaction_index" if score.exact else "pair_alone",
            "pairs": [
                {
                    "players": [alignment.players[item.first].name, alignment.players[item.second].name],
                    **asdict(item.value),
                }
                for item in score.interactions
            ],
        },
        "sensitivity": {"gradient": _local(local, alignment), "sobol": _sobol(sobol, alignment)},
        "stages": [_steps(walk) for walk in walks],
        "caveats": _caveats(table, score),
    }


def _device(profile: Profile, letter: str, score: float) -> dict[str, Any]:
    return {
        "profile": profile.name,
        "title": profile.title,
        "file": f"profiles/{letter}.yaml",
        "score": score,
        "isp": list(profile.stage_names()),
    }


def _player(alignment: Alignment, place: int, score: Attribution, loss: Attribution) -> dict[str, Any]:
    player = alignment.players[place]
    error = score.sampling_error
    return {
        "name": player.name,
        "label": player.label,
        "parts": list(player.parts),
        "merged_because": list(player.why_together),
        "differences": [asdict(difference) for difference in player.differences],
        "value": asdict(score.values[place]),
        "share": None if score.shares is None else asdict(score.shares[place]),
        "sampling_error": None if error is None else error[place],
        "soft_error": asdict(loss.values[place]),
        "alone": _swap(1 << place, player, "only", score.alone[place]),
        "healed": _swap(alignment.full ^ 1 << place, player, "without", score.healed[place]),
    }


def _swap(mask: int, player: Player, kind: str, value: Interval) -> dict[str, Any]:
    return {"coalition": mask, "file": f"profiles/{kind}-{player.name}.yaml", **asdict(value)}


def _owner(alignment: Alignment, knob: str) -> str | None:
    """The player whose difference this knob of the second device belongs to; None: the devices agree there."""
    prefix = knob.rpartition(".")[0]
    kit = alignment.kit
    if prefix.split(".")[0] == SENSOR:
        fields = {d.field: player.name for player in alignment.players for d in player.differences}
        return fields.get(".".join(knob.split(".")[:2]))
    if prefix.split(".")[0] == OPTICS:
        return next((player.name for player in alignment.players if OPTICS in player.parts), None)
    stage = prefix.removeprefix("isp.")
    index = kit.second.stage_names().index(stage)
    part = next(f"isp.{slot.name}" for slot in kit.slots if slot.second == index)
    return next((player.name for player in alignment.players if part in player.parts), None)


def _local(local: LocalSensitivity | str, alignment: Alignment) -> dict[str, Any]:
    if isinstance(local, str):
        return {"reason": local, "samples": 0, "knobs": []}
    rows = [
        {"name": name, "player": _owner(alignment, name), "effect": asdict(effect)}
        for name, effect in zip(local.knobs, local.effects, strict=True)
    ]
    return {"reason": None, "samples": local.samples, "knobs": rows}


def _sobol(sobol: SobolIndices | str, alignment: Alignment) -> dict[str, Any]:
    if isinstance(sobol, str):
        return {"reason": sobol, "settings": 0, "samples": 0, "mean": None, "deviation": None, "knobs": []}
    rows = [
        {"name": name, "player": _owner(alignment, name), "first": asdict(first), "total": asdict(total)}
        for name, first, total in zip(sobol.knobs, sobol.first, sobol.total, strict=True)
    ]
    return {
        "reason": None,
        "settings": sobol.settings,
        "rows": sobol.rows,
        "samples": sobol.samples,
        "mean": sobol.mean,
        "deviation": sobol.deviation,
        "knobs": rows,
    }


def _steps(walk: Walk) -> dict[str, Any]:
    return {
        "sample": walk.sample,
        "steps": [
            {
                "name": step.name,
                "rms_difference": step.rms,
                "mean_abs_gradient": None if step.gradient is None else float(abs(step.gradient).mean(dtype="float64")),
            }
            for step in walk.steps
        ],
    }


def _caveats(table: Table, score: Attribution) -> list[str]:
    """What to know before relying on it, as data; the report words it for people."""
    found = []
    if len(table.samples) < FEW_SAMPLES:
        found.append("few_samples")
    if table.left_out:
        found.append("left_out")
    if score.shares is None and score.values:
        found.append("no_drop")
    if not score.exact:
        found.append("sampled_orders")
    return found
