"""results.json of a search: its outcome as data (schema 1). No times in it: the same search gives the same file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import camsim
from audit.data import Dataset
from audit.gate import Gate, Verdict
from audit.search.certificate import Measure
from audit.search.fidelity import Bound, Weight
from audit.search.rungs import Rung
from audit.searching.campaign import Campaign, CrossCheck, Point, Run
from audit.searching.case import Case, case_json
from audit.searching.halves import Halves
from audit.searching.plan import LADDER
from audit.tasks.describe import model_json, task_json
from audit.tasks.vision_task import VisionTask
from camsim import Profile

SCHEMA = 1


@dataclass(frozen=True)
class Outcome:
    """Everything that a campaign found."""

    cases: Sequence[Case]
    """Worst first, whichever search found them."""
    runs: Sequence[Run]
    """The search of the plan, then the cross-check."""
    cross_check: CrossCheck | None
    curve: Sequence[Point]
    groups: Mapping[str, Case]
    ladder: Sequence[tuple[Rung, Case]]

    @property
    def profiles(self) -> dict[str, Profile]:
        """Every case by its file in the run folder."""
        cases = [*self.cases, *(run.case for run in self.runs), *(point.case for point in self.curve)]
        cases += [*self.groups.values(), *(case for _, case in self.ladder)]
        files = {case.file: case.profile for case in cases}
        if any(files[case.file] != case.profile for case in cases):
            raise RuntimeError("two cases have one file")
        return files


def build_results(
    *,
    task: VisionTask[Any],
    data: Dataset,
    halves: Halves,
    measure: Measure,
    reference: Profile,
    device: Profile,
    campaign: Campaign,
    outcome: Outcome,
    gate: Gate | None,
    verdict: Verdict | None,
    reasons: Sequence[str],
    seed: int,
) -> dict[str, Any]:
    """Put everything in one JSON-able dict."""
    plan, problem = campaign.plan, campaign.problem

    return {
        "schema": SCHEMA,
        "kind": "search",
        "camsim": camsim.__version__,
        "verdict": verdict,
        "reasons": list(reasons),
        "gate": None if gate is None else asdict(gate),
        "task": task_json(task),
        "model": model_json(task),
        "data": {
            "name": data.name,
            "description": data.description,
            "sha256": data.sha256,
            "samples": len(halves.search) + len(halves.held_out),
            "search_samples": len(halves.search),
            "judged_samples": len(halves.held_out),
            "labelled": task.labelled,
            "unreadable": [asdict(item) for item in halves.unreadable],
        },
        "measure": measure,
        "reference": reference.name,
        "device": {"profile": device.name, "title": device.title},
        "seed": seed,
        "group": plan.group,
        "count": plan.count,
        "loss": plan.loss,
        "constraint": constraint_json(plan.constraint),
        "space": {
            "axes": problem.space.space(problem.space.start().choice).size,
            "combinations": problem.space.combinations,
        },
        "strategy": strategy_json(campaign, outcome.runs[0]),
        "cases": [case_json(case) for case in outcome.cases],
        "runs": [
            {
                "name": run.name,
                "evaluations": run.evaluations,
                "best_so_far": [list(point) for point in run.best_so_far],
                "case": case_json(run.case),
            }
            for run in outcome.runs
        ],
        "cross_check": None if outcome.cross_check is None else asdict(outcome.cross_check),
        "curve": {
            "axis": campaign.curve_axis,
            "budget": plan.budget / 2,
            "points": [{"at": point.at, "case": case_json(point.case)} for point in outcome.curve],
        }
        if outcome.curve
        else None,
        "groups": {group: case_json(case) for group, case in outcome.groups.items()},
        "ladder": {
            "measure": campaign.ladder_measure,
            "weights": list(LADDER),
            "rungs": [
                {"group": rung.group, "weight": rung.weight, "case": case_json(case)} for rung, case in outcome.ladder
            ],
        }
        if outcome.ladder
        else None,
    }


def strategy_json(campaign: Campaign, run: Run) -> dict[str, Any]:
    """How the search of a campaign went: its strategy, and whether it had gradients or why not."""
    return {
        "name": campaign.plan.strategy,
        "budget": campaign.plan.budget,
        "evaluations": run.evaluations,
        "gradients": campaign.used_gradients,
        "wanted_gradients": campaign.plan.wants_gradients,
        "why_not": campaign.why_no_gradients,
        "gradient_cost": campaign.problem.gradient_cost,
        "notes": list(campaign.problem.notes),
    }


def constraint_json(constraint: Bound | Weight | None) -> dict[str, Any] | None:
    """``{"kind": "bound", "measure": "ssim", "limit": 0.9}``, or the like with ``weight``."""
    if constraint is None:
        return None
    return {"kind": "bound" if isinstance(constraint, Bound) else "weight", **asdict(constraint)}
