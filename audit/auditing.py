"""The audit from end to end: model, data and profiles in; outcomes, verdict and report out."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa

from audit.axes import axis_profiles
from audit.camera import Lineup, Shooter, open_camera
from audit.corruptions import CorruptedLineup, choose_steps, left_out
from audit.data import Sample
from audit.entry import Entry
from audit.expect import Expected, check_expected
from audit.gate import Gate
from audit.given import Given, Subject, check_given, one_profile, open_given
from audit.manifest import build_manifest, run_key
from audit.matrix import Unreadable, measure
from audit.models import Trust
from audit.models.load import NOBODY
from audit.outcome import Outcomes, schema, to_table
from audit.pictures import take_pictures
from audit.progress import Progress, Silent
from audit.result import Result
from audit.results import build_results, on_reference
from audit.runs import PARTS, RunFolder
from audit.searching.aims import Aims
from audit.searching.audited import WorstCase, find_worst_case
from audit.searching.ground import Ground
from audit.searching.halves import halve
from audit.split import Split, take
from audit.spoiled import take_spoiled
from audit.tasks.open import prepare, seen_by
from audit.tasks.vision_task import VisionTask, primary
from audit.threads import one_torch_thread
from camsim import Profile, catalog
from camsim.errors import CamsimError, NoDataError, did_you_mean

DEFAULT_DROP = 0.05
DEFAULT_FLIPS = 0.10


def run(
    model: Subject,
    data: Given = None,
    *,
    profiles: str | Sequence[str | Profile] = "all",
    reference: str | Profile = "reference/srgb",
    task: str = "auto",
    trust: Trust = NOBODY,
    max_drop: float | None = None,
    max_flips: float | None = None,
    expected: Mapping[str, Expected | float] | None = None,
    search: int = 0,
    search_from: str | None = None,
    axes: Mapping[str, Sequence[float] | None] | None = None,
    axes_of: str | Profile | None = None,
    corruptions: str | Sequence[str] = (),
    split: Split = "all",
    limit: int | None = None,
    batch: int = 8,
    seed: int = 0,
    out: str | Path | None = None,
    resume: bool = False,
    command: str = "audit.run(...)",
    progress: Progress | None = None,
) -> Result:
    """Audit a model across camera devices.

    Args:
        model: a file, or anything with the methods of `audit.models.Model`, `audit.models.Network` or
            `audit.tasks.VisionTask`.
        data: a folder or file (see `audit.data.open_dataset`), a `Dataset`, or None for the built-in scenes.
        profiles: names, families, globs, YAML files, ``all``, or profiles themselves.
        reference: the profile that drift is measured from.
        task: what the model does, a name of `audit.tasks.open.TASKS`; auto: as the model declares it, or as the data
            are labelled; ``module:function``: a task of your own, see `audit.tasks.open.open_task`.
        trust: whether code that comes with the model, or makes the task, may run.
        max_drop: allowed drop of the task's first metric (accuracy, mAP, mIoU ...), or rise of an error; fractions for
            metrics in percent. Needs labels.
        max_flips: allowed rate of changed answers as a fraction. With neither margin: a drop of 0.05 with labels (where
            the metric is a fraction), flips of 0.10 without.
        expected: what the model's metrics should be on the reference, ``{"accuracy": 0.83}``; another value is an
            error, since preprocessing or classes are then not what they should be.
        search: evaluations to spend on the worst plausible setting of one profile; 0: no search.
        search_from: the profile to search around; None: the one that does worst on the search half.
        axes: circumstances of a device to step through, ``{"exposure": None, "iso": [100, 800]}``, keys of
            `audit.axes.AXES`, None: its usual steps. They are reported and not judged.
        axes_of: the device; None: the reference.
        corruptions: common corruptions of the reference's pictures as a yardstick, ``all``, groups, names or names with
            severities (`audit.corruptions.choose_steps`). They are reported and not judged.
        split: use all samples, or one of the halves of a search (to replay its figures).
        limit: at most so many samples, the same share of each class.
        batch: samples kept together before they are written; the results do not depend on it.
        seed: of noise and search.
        out: folder for the run, which may then be interrupted and resumed; None: nothing is written before
            `Result.save`.
        resume: go on with the unfinished run in ``out``.
        command: what to print in the report as the way to repeat this.
        progress: told how far it has come.

    Returns:
        The result, already saved when ``out`` is given.

    Raises:
        CamsimError: anything about what was given; NoDataError when there is nothing to measure.
    """
    if batch < 1 or search < 0:
        raise CamsimError(f"batch must be at least 1 and search at least 0, got {batch} and {search}")
    check_given(data, limit, out, resume)
    started, clock = datetime.now(UTC), time.monotonic()
    show = progress or Silent()
    chosen, base = _profiles(profiles, reference)
    if search_from is not None and search_from not in {profile.name for profile in chosen}:
        hint = did_you_mean(search_from, [profile.name for profile in chosen])
        raise CamsimError(f"search_from {search_from!r} is not among the audited profiles{hint}")
    subject, dataset = open_given(model, data, limit, task, trust)
    samples = take(dataset.samples, split, seed)
    if not samples:
        raise NoDataError(f"{dataset.name}: no samples in the {split} part; nothing to judge")
    subject = seen_by(subject, base, seed)
    gate = _gate(subject, max_drop, max_flips)
    points = _points(axes or {}, base if axes_of is None else one_profile(axes_of), seed)
    steps = choose_steps(corruptions)
    key = run_key(subject.sha256, dataset, split, [base, *chosen, *points], seed, search)
    key |= {"corruptions": [step.name for step in steps]}
    folder = None if out is None else RunFolder.open(Path(out), key, resume=resume)
    with one_torch_thread():
        prepare(subject, show)
        cameras = [open_camera(profile) for profile in [base, *chosen, *points]]
        together = Lineup(cameras)
        lineup = CorruptedLineup(together, steps)
        outcomes, unreadable = _matrix(subject, samples, lineup, seed, batch, folder, show)
        worst: list[WorstCase] = []
        if search:
            aims = Aims(subject, cameras[0], "soft_error")
            measured = outcomes.measured(base.name)
            usable = [sample for sample in samples if sample.id in measured]
            ground = Ground(subject, dataset, base, halve(dataset.name, usable, seed), aims, seed)
            name = search_from or _worst_on(ground.halves.search, outcomes, [profile.name for profile in chosen])
            device = next(profile for profile in chosen if profile.name == name)
            parts = None if folder is None else folder.path / PARTS
            worst.append(find_worst_case(device, ground, budget=search, folder=parts, show=show))
    outcomes = outcomes.with_rows(to_table([row for case in worst for row in case.judged], subject.columns))
    results = build_results(
        task=subject,
        data=dataset,
        split=split,
        entries=[
            Entry.of_profile(base, "reference"),
            *(Entry.of_profile(profile, "profile") for profile in chosen),
            *(Entry.of_profile(case.profile, "worst_case") for case in worst),
            *(Entry.of_point(point) for point in points),
            *(Entry.of_corruption(step) for step in steps),
        ],
        outcomes=outcomes,
        unreadable=unreadable,
        worst=worst,
        gate=gate,
        seed=seed,
        show=show,
    )
    if steps and (reasons := left_out(corruptions)):
        results["yardstick"]["left_out"] = list(reasons)
    check_expected(expected or {}, on_reference(results))
    with one_torch_thread():
        judged = [open_camera(case.profile) for case in worst]
        devices = Lineup(cameras[: 1 + len(chosen)]) if points else together
        shown = [devices, *([Lineup(judged)] if judged else [])]
        results["most_changed"], spoiled = take_spoiled(
            subject, dataset, results["most_changed"], outcomes, cameras, seed, show
        )
        pictures = take_pictures(samples, outcomes.measured(base.name), shown, seed, show)
    manifest = build_manifest(key, command, started, time.monotonic() - clock, [])
    result = Result(results, manifest, outcomes, tuple(case.profile for case in worst), pictures, spoiled)
    if folder is not None:
        result.save(folder.path)
        folder.finish()
    return result


def _profiles(wanted: str | Sequence[str | Profile], reference: str | Profile) -> tuple[list[Profile], Profile]:
    base = one_profile(reference)
    chosen = {profile.name: profile for profile in catalog.select(wanted)}
    if chosen.get(base.name, base) != base:
        raise CamsimError(f"the reference and another profile are both named {base.name!r}; rename one of them")
    chosen.pop(base.name, None)
    if not chosen:
        raise CamsimError(f"there is no profile to compare with the reference {base.name}; name at least one other")
    return list(chosen.values()), base


def _points(axes: Mapping[str, Sequence[float] | None], device: Profile, seed: int) -> list[Profile]:
    points = [axis_profiles(device, axis, values, seed) for axis, values in axes.items()]
    return [point for along in points for point in along]


def _gate(task: VisionTask[Any], max_drop: float | None, max_flips: float | None) -> Gate:
    metric = primary(task)
    if max_drop is not None and metric is None:
        raise CamsimError(
            f"max_drop: a drop cannot be measured without labels; give labelled data, or gate on changed answers "
            f"with --max-flips (task: {task.title.lower()})"
        )
    unit = "%" if metric is None else metric.unit
    if max_drop is not None or max_flips is not None:
        return Gate(max_drop, max_flips, unit=unit)
    if metric is None:
        return Gate(None, DEFAULT_FLIPS, given=False)
    if unit != "%":
        raise CamsimError(
            f"max_drop: the {metric.spoken} has no usual margin; give --max-drop in {unit or 'its own unit'}, or gate "
            f"on changed answers with --max-flips"
        )
    return Gate(DEFAULT_DROP, None, given=False)


def _matrix(
    task: VisionTask[Any],
    samples: Sequence[Sample],
    lineup: Shooter,
    seed: int,
    batch: int,
    folder: RunFolder | None,
    show: Progress,
) -> tuple[Outcomes, list[Unreadable]]:
    """Every sample through every camera. What is finished is in the folder, or else in memory, as Arrow tables."""
    unreadable, done = folder.done() if folder else ([], set())
    tables: list[pa.Table] = []
    show.start("Profiles", len(samples) * len(lineup.names))
    show.advance(len(done) * len(lineup.names))
    rest = (sample for sample in samples if sample.id not in done)
    with closing(measure(task, rest, lineup, seed=seed, batch=batch, step=show.advance)) as chunks:
        for chunk in chunks:
            if folder:
                folder.add(chunk, task.columns)
            else:
                tables.append(to_table(chunk.outcomes, task.columns))
            unreadable += chunk.unreadable
    if len(unreadable) == len(samples):
        raise NoDataError(f"none of the {len(samples)} samples could be read; the first: {unreadable[0].reason}")
    if folder:
        return folder.outcomes(task.columns), unreadable
    return Outcomes(pa.concat_tables([schema(task.columns).empty_table(), *tables])), unreadable


def _worst_on(half: Sequence[Sample], outcomes: Outcomes, names: Sequence[str]) -> str:
    """The profile with the lowest mean score on these samples (without labels: most flips); ties go to the greater
    loss."""
    ids = {sample.id for sample in half}

    def badness(name: str) -> tuple[float, float]:
        rows = [
            row for row in outcomes.of(name, ["sample", "score", "flip", "loss"]).to_pylist() if row["sample"] in ids
        ]
        rows = [row for row in rows if row["flip"] is not None]
        wrong = sum(row["flip"] if row["score"] is None else 1 - row["score"] for row in rows)
        return wrong, sum(row["loss"] for row in rows)

    return max(names, key=badness)
