"""The worst case of an audited device: searched on one half of the samples, judged on the other.

Judged twice: like any profile of the audit, sample by sample with the audit's noise, and with a certificate over
several noise seeds.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from audit.camera import Lineup, open_camera
from audit.matrix import measure
from audit.outcome import Outcome
from audit.progress import Progress
from audit.searching.campaign import Run
from audit.searching.case import Case, case_file, chosen_json, knobs_json
from audit.searching.ground import Ground
from audit.searching.opening import open_campaign
from audit.searching.plan import Plan
from audit.searching.results import strategy_json
from camsim import Profile


@dataclass(frozen=True)
class WorstCase:
    """The worst setting found around a profile. Its figures on the search half flatter the search: do not report them
    as the drift."""

    case: Case
    run: Run
    strategy: dict[str, Any]
    """How it was searched, JSON-able."""
    search_samples: int
    judged: tuple[Outcome, ...]
    """On the held-out half."""

    @property
    def profile(self) -> Profile:
        return self.case.profile

    def to_json(self, labelled: bool) -> dict[str, Any]:
        """As in the audit's results.json."""
        found = self.case.found
        return {
            "base": found.base.name,
            "profile": found.profile.name,
            "file": case_file(found.profile),
            "evaluations": self.run.evaluations,
            "objective": found.value,
            "objective_at_base": found.start.value,
            "search_samples": self.search_samples,
            "judged_samples": len(self.judged),
            "search": {
                "measure": "errors" if labelled else "flips",
                "rate": found.changed / self.search_samples,
                "rate_at_base": found.start.changed / self.search_samples,
            },
            "strategy": self.strategy,
            "best_so_far": [list(point) for point in self.run.best_so_far],
            "fidelity_measure": found.measure,
            "fidelity": found.fidelity,
            "chosen": chosen_json(found.space, found.setting),
            "knobs": knobs_json(found.space, found.setting),
            "certificate": self.case.certificate.to_json(),
        }


def find_worst_case(device: Profile, ground: Ground, *, budget: int, folder: Path | None, show: Progress) -> WorstCase:
    """Maximise the mean soft error over the settings of a device.

    Args:
        device: whose knobs are turned and whose stages are chosen among its choices.
        ground: model, halves and aims; the loss is the soft error.
        budget: forward passes over the search half.
        folder: where evaluations are kept until the run is complete; None: in memory.
        show: told how far it has come.

    Raises:
        CamsimError: nothing in ``device`` can move, or the model fails.
    """
    plan = Plan(budget=budget, cross_check=False, curve=0)
    campaign = open_campaign(device, ground, plan, folder, show)
    run, (case, *_) = campaign.worst()
    samples = ground.halves.held_out
    show.start(f"Worst case of {device.name}", 2 * len(samples))
    lineup = Lineup([open_camera(ground.reference), open_camera(case.profile)])
    chunks = list(measure(ground.task, samples, lineup, seed=ground.seed, batch=1, step=show.advance))
    judged = tuple(row for chunk in chunks for row in chunk.outcomes if row.profile == case.profile.name)
    return WorstCase(case, run, strategy_json(campaign, run), len(ground.halves.search), judged)
