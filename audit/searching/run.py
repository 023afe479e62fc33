"""A search from end to end: model, data and a device in; worst cases with certificates and a report out."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from audit.camera import open_camera
from audit.gate import Gate
from audit.given import Given, Subject, check_given, one_profile
from audit.manifest import build_manifest, profile_hash, run_key
from audit.progress import Progress, Silent
from audit.runs import PARTS, RunFolder
from audit.search.fidelity import Bound, Weight
from audit.search.groups import ALL
from audit.search.scenes import Scenes
from audit.searching.aims import LossName
from audit.searching.campaign import Campaign
from audit.searching.gallery import take_gallery
from audit.searching.ground import Ground, prepare
from audit.searching.opening import open_campaign
from audit.searching.plan import Plan
from audit.searching.result import SearchResult
from audit.searching.results import Outcome, build_results
from audit.searching.verdict import judge_case
from audit.threads import one_torch_thread
from camsim import Profile, catalog
from camsim.errors import CamsimError


def search_cameras(
    model: Subject,
    data: Given = None,
    *,
    profile: str | Path | Profile | None = None,
    profiles: str | Sequence[str | Profile] | None = None,
    reference: str | Path | Profile = "reference/srgb",
    strategy: str = "default",
    budget: int = 200,
    group: str = "all",
    loss: LossName = "soft_error",
    constraint: Bound | Weight | None = None,
    count: int = 1,
    cross_check: bool = True,
    curve: int = 4,
    each_group: bool = False,
    ladder: bool = False,
    jpeg: int | None = None,
    max_drop: float | None = None,
    max_flips: float | None = None,
    seed: int = 0,
    limit: int | None = None,
    out: str | Path | None = None,
    resume: bool = False,
    command: str = "audit.search_cameras(...)",
    replay: Callable[[str], str] = "audit.replay(..., case={!r})".format,
    progress: Progress | None = None,
) -> SearchResult:
    """Search the worst plausible setting of a device for a model, and certify it on samples held out.

    Args:
        model: a file, or anything with the methods of `audit.models.Model`, `audit.models.Network` or
            `audit.tasks.VisionTask`.
        data: a folder (see `audit.data.open_folder`), a `Dataset`, or None for the built-in scenes. One half of it is
            searched, the other judges.
        profile: the device to search around; None: the one of ``profiles`` that does worst on the search half, or else
            the reference.
        profiles: names, families, globs, YAML files, ``all``, or profiles themselves.
        reference: what drift is measured from.
        strategy: a name of `audit.search.strategies.STRATEGIES`.
        budget: of each search, in forward passes of the model over the search half.
        group: knobs and stages that may move, a name of `audit.search.groups`.
        loss: what is raised: ``soft_error`` (of the label, or without labels of the reference's answer),
            ``cross_entropy``, or ``disagreement`` with the reference, which needs no labels.
        constraint: a bound on, or a price for, leaving the pictures of the device as it is.
        count: distinct worst cases to look for.
        cross_check: search once more without gradients, with the same budget, where they were used.
        curve: points of the security curve, the whole search among them, each of the others with half of the budget;
            0: none.
        each_group: search every group of knobs by itself.
        ladder: search every group at several weights of the fidelity.
        jpeg: quality at which the device's pictures go through JPEG in the certificate.
        max_drop: allowed drop of accuracy as a fraction; needs labels. Without a margin there is no verdict.
        max_flips: allowed rate of changed predictions as a fraction, without labels.
        seed: of noise, halves and searches.
        limit: at most so many samples, the same share of each class.
        out: folder for the run, which may then be interrupted and resumed; None: nothing is written before
            `SearchResult.save`.
        resume: go on with the unfinished run in ``out``.
        command: what to print in the report as the way to repeat this.
        replay: from the file of a case in the run folder to the command that measures it again.
        progress: told how far it has come.

    Raises:
        CamsimError: anything about what was given; NoDataError when there is nothing to measure.
    """
    plan = Plan(
        strategy=strategy,
        budget=budget,
        group=group,
        loss=loss,
        constraint=constraint,
        count=count,
        cross_check=cross_check,
        curve=curve,
        each_group=each_group,
        ladder=ladder,
        jpeg=jpeg,
    )
    if profile is not None and profiles is not None:
        raise CamsimError("profile names the device to search around, profiles a choice of devices: give one of them")
    check_given(data, limit, out, resume)
    started, clock = datetime.now(UTC), time.monotonic()
    show = progress or Silent()
    with one_torch_thread():
        ground = prepare(model, data, reference, loss, limit=limit, seed=seed, show=show)
        gate = _gate(max_drop, max_flips, ground)
        candidates = [one_profile(profile or reference)] if profiles is None else catalog.select(profiles)
        key = run_key(ground.task.sha256, ground.data, "halves", [ground.reference, *candidates], seed, budget)
        key |= {"plan": repr(plan)}
        folder = None if out is None else RunFolder.open(Path(out), key, resume=resume)
        parts = None if folder is None else folder.path / PARTS
        device = _worst_of(candidates, ground, show)
        campaign = open_campaign(device, ground, plan, parts, show)
        outcome = _carry_out(campaign)
        verdict, reasons = judge_case(outcome.cases[0].certificate, gate)
        results = build_results(
            task=ground.task,
            data=ground.data,
            halves=ground.halves,
            measure=ground.aims.measure,
            reference=ground.reference,
            device=device,
            campaign=campaign,
            outcome=outcome,
            gate=gate,
            verdict=verdict,
            reasons=reasons,
            seed=seed,
        )
        gallery = take_gallery(
            ground.task,
            campaign.bench,
            ground.reference,
            device,
            [case.profile for case in outcome.cases],
            ground.aims.measure == "drop",
            show,
        )
    key["profiles"] |= {case.name: profile_hash(case) for case in outcome.profiles.values()}
    manifest = build_manifest(key, command, started, time.monotonic() - clock, [])
    manifest["replay"] = {file: replay(file) for file in outcome.profiles}
    result = SearchResult(results, manifest, device, outcome.cases[0].profile, outcome.profiles, gallery)
    if folder is not None:
        result.save(folder.path)
        folder.finish()
    return result


def _gate(max_drop: float | None, max_flips: float | None, ground: Ground) -> Gate | None:
    if max_drop is None and max_flips is None:
        return None
    if ground.aims.measure == "flips" and max_flips is None:
        raise CamsimError(
            "max_drop: a drop of accuracy cannot be measured without labels, or where disagreement is raised; gate on "
            "changed predictions with --max-flips"
        )
    if ground.aims.measure == "drop" and max_drop is None:
        raise CamsimError("max_flips: with labels the drop of accuracy is measured; give --max-drop, or --labels none")
    return Gate(max_drop, max_flips)


def _worst_of(candidates: Sequence[Profile], ground: Ground, show: Progress) -> Profile:
    """The device with the greatest mean loss on the search half."""
    if len(candidates) == 1:
        return candidates[0]
    samples = ground.halves.search
    scenes = Scenes(samples, ground.seed, ground.halves.scenes)
    show.start("Devices", len(samples) * (len(candidates) + 1))
    task = ground.aims.task(samples, ground.seed, step=show.advance)

    def loss(profile: Profile) -> float:
        losses = [judged.losses for _, judged in scenes.judge(open_camera(profile), task)]
        show.advance(len(samples))
        return float(np.concatenate(losses).mean())

    return max(candidates, key=loss)


def _carry_out(campaign: Campaign) -> Outcome:
    """Every search of the plan. Whichever of them came out worst on the search half, its case is the first."""
    run, cases = campaign.worst()
    runs, check = [run], campaign.cross_check(run)
    groups = campaign.groups(cases)
    rivals = list(groups.values()) if campaign.plan.group == ALL else []
    if check is not None:
        runs.append(check[0])
        rivals.append(check[0].case)
    curve = campaign.curve(max([*cases, *rivals], key=campaign.value))
    worst = max([*cases, *rivals, *(point.case for point in curve[-1:])], key=campaign.value)
    if worst.profile != cases[0].profile:
        cases.insert(0, worst)
    return Outcome(
        cases=cases,
        runs=runs,
        cross_check=None if check is None else check[1],
        curve=curve,
        groups=groups,
        ladder=campaign.ladder(),
    )
