"""The audit from end to end: model, data and profiles in; outcomes, verdict and report out."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from audit.camera import Lineup, open_camera
from audit.data import Dataset, Sample
from audit.gate import Gate
from audit.given import check_given, one_profile, open_given
from audit.manifest import build_manifest, run_key
from audit.matrix import Unreadable, measure
from audit.models import Model
from audit.outcome import Outcome
from audit.pictures import take_pictures
from audit.progress import Progress, Silent
from audit.result import Result
from audit.results import build_results
from audit.runs import PARTS, RunFolder
from audit.searching.aims import Aims
from audit.searching.audited import WorstCase, find_worst_case
from audit.searching.ground import Ground
from audit.searching.halves import halve
from audit.split import Split, take
from audit.targets import class_targets, output_size
from audit.threads import one_torch_thread
from camsim import Profile, catalog
from camsim.errors import CamsimError, NoDataError, did_you_mean

DEFAULT_DROP = 0.05
DEFAULT_FLIPS = 0.10


def run(
    model: Model | str | Path,
    data: Dataset | str | Path | None = None,
    *,
    profiles: str | Sequence[str | Profile] = "all",
    reference: str | Profile = "reference/srgb",
    max_drop: float | None = None,
    max_flips: float | None = None,
    search: int = 0,
    search_from: str | None = None,
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
        model: an ONNX file, or anything with the methods of `audit.models.Model`.
        data: a folder (see `audit.data.open_folder`), a `Dataset`, or None for the built-in scenes.
        profiles: names, families, globs, YAML files, ``all``, or profiles themselves.
        reference: the profile that drift is measured from.
        max_drop: allowed drop of accuracy as a fraction; needs labels.
        max_flips: allowed rate of changed predictions as a fraction. With neither margin: a drop of 0.05 with labels,
            flips of 0.10 without.
        search: evaluations to spend on the worst plausible setting of one profile; 0: no search.
        search_from: the profile to search around; None: the one that does worst on the search half.
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
    subject, dataset = open_given(model, data, limit)
    samples = take(dataset.samples, split, seed)
    if not samples:
        raise NoDataError(f"{dataset.name}: no samples in the {split} part; nothing to judge")
    classes = output_size(subject)
    targets = class_targets(subject, dataset, classes)
    gate = _gate(max_drop, max_flips, labelled=targets is not None)

    key = run_key(subject, dataset, split, [base, *chosen], seed, search)
    folder = None if out is None else RunFolder.open(Path(out), key, resume=resume)
    with one_torch_thread():
        cameras = [open_camera(profile) for profile in [base, *chosen]]
        lineup = Lineup(cameras)
        outcomes, unreadable = _matrix(subject, samples, targets, lineup, seed, batch, folder, show)
        worst: list[WorstCase] = []
        if search:
            measured = {row.sample for row in outcomes if row.profile == base.name and row.prediction is not None}
            usable = [sample for sample in samples if sample.id in measured]
            aims = Aims(subject, targets, cameras[0], "soft_error")
            ground = Ground(subject, classes, dataset, base, halve(dataset.name, usable, seed), aims, seed)
            name = search_from or _worst_on(ground.halves.search, outcomes, [profile.name for profile in chosen])
            device = next(profile for profile in chosen if profile.name == name)
            parts = None if folder is None else folder.path / PARTS
            worst.append(find_worst_case(device, ground, budget=search, folder=parts, show=show))
    results = build_results(
        model=subject,
        classes=classes,
        data=dataset,
        split=split,
        labelled=targets is not None,
        reference=base,
        profiles=chosen,
        outcomes=outcomes,
        unreadable=unreadable,
        worst=worst,
        gate=gate,
        seed=seed,
    )
    with one_torch_thread():
        shown = [lineup, Lineup([open_camera(case.profile) for case in worst])]
        pictures = take_pictures(samples, outcomes, shown, seed, show)
    manifest = build_manifest(key, command, started, time.monotonic() - clock, [])
    rows = (*outcomes, *(row for case in worst for row in case.judged))
    result = Result(results, manifest, rows, tuple(case.profile for case in worst), pictures)
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


def _gate(max_drop: float | None, max_flips: float | None, *, labelled: bool) -> Gate:
    if max_drop is None and max_flips is None:
        return Gate(DEFAULT_DROP if labelled else None, None if labelled else DEFAULT_FLIPS, given=False)
    if max_drop is not None and not labelled:
        raise CamsimError(
            "max_drop: a drop of accuracy cannot be measured without labels; give data with one folder for each class, "
            "or gate on changed predictions with --max-flips"
        )
    return Gate(max_drop, max_flips)


def _matrix(
    model: Model,
    samples: Sequence[Sample],
    targets: Mapping[str, int] | None,
    lineup: Lineup,
    seed: int,
    batch: int,
    folder: RunFolder | None,
    show: Progress,
) -> tuple[list[Outcome], list[Unreadable]]:
    outcomes, unreadable, done = folder.done() if folder else ([], [], set())
    show.start("Profiles", len(samples) * len(lineup.cameras))
    show.advance(len(done) * len(lineup.cameras))
    rest = [sample for sample in samples if sample.id not in done]
    with closing(measure(model, rest, targets, lineup, seed=seed, batch=batch, step=show.advance)) as chunks:
        for chunk in chunks:
            if folder:
                folder.add(chunk)
            outcomes += chunk.outcomes
            unreadable += chunk.unreadable
    if not outcomes:
        raise NoDataError(f"none of the {len(samples)} samples could be read; the first: {unreadable[0].reason}")
    place = {sample.id: index for index, sample in enumerate(samples)}
    outcomes.sort(key=lambda row: place[row.sample])  # stable: profiles keep their order
    unreadable.sort(key=lambda item: place[item.sample])
    return outcomes, unreadable


def _worst_on(half: Sequence[Sample], outcomes: Sequence[Outcome], names: Sequence[str]) -> str:
    """The profile with the most errors (without labels: flips) on these samples; ties go to the greater divergence."""
    ids = {sample.id for sample in half}
    score = {name: [0.0, 0.0] for name in names}
    for row in outcomes:
        if row.profile in score and row.sample in ids and row.flip is not None:
            score[row.profile][0] += row.flip if row.correct is None else not row.correct
            score[row.profile][1] += row.jsd or 0.0
    return max(names, key=lambda name: tuple(score[name]))
