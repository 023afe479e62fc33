"""results.json: the audit's outcome as data (schema 1). No times in it: the same audit gives the same file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

import camsim
from audit.data import Dataset
from audit.gate import Counts, Drop, Flips, Gate, Judgement, judge, overall
from audit.matrix import Unreadable
from audit.models import Model
from audit.outcome import Outcome
from audit.searching.audited import WorstCase
from audit.stats import Interval, bootstrap_mean, wilson
from camsim import Profile, catalog

SCHEMA = 1


def build_results(
    *,
    model: Model,
    classes: int,
    data: Dataset,
    split: str,
    labelled: bool,
    reference: Profile,
    profiles: Sequence[Profile],
    outcomes: Sequence[Outcome],
    unreadable: Sequence[Unreadable],
    worst: Sequence[WorstCase],
    gate: Gate,
    seed: int,
) -> dict[str, Any]:
    """Judge every profile and worst case, and put everything in one JSON-able dict."""
    by_profile: dict[str, list[Outcome]] = {profile.name: [] for profile in [reference, *profiles]}
    for outcome in outcomes:
        by_profile[outcome.profile].append(outcome)
    base = {outcome.sample: outcome for outcome in by_profile[reference.name]}
    rows = [(profile, "profile", by_profile[profile.name]) for profile in profiles]
    rows += [(case.profile, "worst_case", list(case.judged)) for case in worst]
    counts = [_counts(profile.name, own, base, labelled) for profile, _, own in rows]
    judgements = judge(counts, gate)
    verdict = overall(judgements)
    return {
        "schema": SCHEMA,
        "camsim": camsim.__version__,
        "verdict": verdict,
        "reasons": _reasons(judgements, verdict),
        "gate": asdict(gate),
        "model": {"name": model.name, "sha256": model.sha256, "classes": classes, "input": model.describe()},
        "data": {
            "name": data.name,
            "description": data.description,
            "sha256": data.sha256,
            "split": split,
            "samples": len(base),
            "labelled": labelled,
            "unreadable": [asdict(item) for item in unreadable],
        },
        "reference": reference.name,
        "seed": seed,
        "profiles": [_row(reference, "reference", list(base.values()), None, labelled, gate)]
        + [
            _row(profile, role, own, judgement, labelled, gate)
            for (profile, role, own), judgement in zip(rows, judgements, strict=True)
        ],
        "worst_cases": [case.to_json(labelled) for case in worst],
    }


def _measured(outcomes: Sequence[Outcome]) -> list[Outcome]:
    return [outcome for outcome in outcomes if outcome.flip is not None]


def _counts(profile: str, own: Sequence[Outcome], base: Mapping[str, Outcome], labelled: bool) -> Counts:
    measured = _measured(own)
    ref_only = sum(bool(base[row.sample].correct) and not row.correct for row in measured)
    other_only = sum(bool(row.correct) and not base[row.sample].correct for row in measured)
    return Counts(
        profile=profile,
        samples=len(measured),
        flips=sum(bool(row.flip) for row in measured),
        ref_only=ref_only if labelled else None,
        other_only=other_only if labelled else None,
        expected=len(own),
    )


def _reasons(judgements: Sequence[Judgement], verdict: str) -> list[str]:
    """Why the verdict is what it is: the first reason of each profile that has it."""
    if not judgements:
        return ["no profile besides the reference was measured"]
    if verdict == "PASS":
        return ["every profile stays within the margins"]
    return [f"{item.profile}: {item.reasons[0]}" for item in judgements if item.verdict == verdict]


def _row(
    profile: Profile,
    role: str,
    own: Sequence[Outcome],
    judgement: Judgement | None,
    labelled: bool,
    gate: Gate,
) -> dict[str, Any]:
    measured = _measured(own)
    accuracy = divergence = None
    if measured and labelled:
        accuracy = wilson(sum(bool(row.correct) for row in measured), len(measured), gate.confidence)
    if measured and judgement is not None:
        divergence = bootstrap_mean(np.array([row.jsd for row in measured]), gate.confidence)
    errors = sorted({row.error for row in own if row.error is not None})
    return {
        "profile": profile.name,
        "title": profile.title,
        "kind": catalog.kind(profile),
        "role": role,
        "samples": len(measured),
        "verdict": judgement.verdict if judgement else None,
        "reasons": list(judgement.reasons) if judgement else [],
        "errors": errors,
        "accuracy": _interval(accuracy),
        "drop": _drift(judgement.drop) if judgement else None,
        "flips": _drift(judgement.flips) if judgement else None,
        "jsd": _interval(divergence),
    }


def _interval(interval: Interval | None) -> dict[str, float] | None:
    return None if interval is None else asdict(interval)


def _drift(drift: Drop | Flips | None) -> dict[str, float | None] | None:
    if drift is None:
        return None
    numbers = {key: value for key, value in asdict(drift).items() if key != "interval"}
    return asdict(drift.interval) | numbers
