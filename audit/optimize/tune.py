"""Tune a camera for a model from end to end: model, data and profile in; the learned camera and its figures out."""

from __future__ import annotations

import time
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audit.camera import open_camera
from audit.data import Dataset
from audit.evenly import evenly
from audit.given import Subject, check_given, one_profile, open_given
from audit.manifest import build_manifest, run_key
from audit.optimize.box import Limits
from audit.optimize.fit import Plan
from audit.optimize.results import build_results
from audit.optimize.tuned import Tuned
from audit.optimize.tuning import Tuning, tune_camera
from audit.progress import Progress, Silent
from audit.runs import PARTS, RunFolder
from audit.search.groups import ALL, find_group
from audit.searching.gradients import open_gradients, with_gradient
from audit.searching.marked import judged_by
from audit.task import Loss
from audit.tasks.classification import Classification
from audit.tasks.open import seen_by
from audit.tasks.smooth import losses_of
from audit.tasks.vision_task import VisionTask
from camsim import Profile
from camsim.errors import CamsimError

PROBES = 2
"""Pictures that the gradients are checked on."""
SHOWN_SCENES = 4


def tune(
    model: Subject,
    data: Dataset | str | Path,
    profile: str | Path | Profile,
    *,
    group: str = ALL,
    exposure: float = 1.0,
    limits: Limits = "plausible",
    loss: Loss | None = None,
    plan: Plan | None = None,
    limit: int | None = None,
    seed: int = 0,
    out: str | Path | None = None,
    resume: bool = False,
    command: str = "audit.tune(...)",
    progress: Progress | None = None,
) -> Tuned:
    """Tune the processing of a camera to raise a frozen model's accuracy, or the score of another task.

    Args:
        model: a file, or anything with the methods of `audit.models.Model`, `audit.models.Network` or
            `audit.tasks.VisionTask`. Without gradients (see `audit.searching.gradients.open_gradients`) the camera is
            tuned by pattern search.
        data: a folder or file (see `audit.data.open_dataset`) or a `Dataset`, labelled.
        profile: a name, a YAML file, or a profile itself.
        group: of knobs; see `audit.search.groups`. Only those of the processing are tuned, none of the sensor.
        exposure: the light, as a multiple of the profile's: 0.05 for a twentieth.
        limits: how far a knob may go: as it plausibly strays, or as far as it can at all.
        loss: what is lowered; None: the cross-entropy, of pictures or pixels, where the task has it, else the task's
            own loss (see `audit.tasks.smooth`), as ``soft_error`` is. The soft error counts a picture or pixel that is
            far off no more than one that is just wrong, and has next to no slope where most of them are.
        plan: steps, rate, batch, patience.
        limit: at most so many samples, the same share of each class.
        seed: of the parts, the batches and the noise.
        out: folder for the run, which may then be interrupted and resumed; None: nothing is written.
        resume: go on with the unfinished run in ``out``.
        command: what to print in the report as the way to repeat this.
        progress: told how far it has come.

    Returns:
        The learned camera, saved already when ``out`` is given.

    Raises:
        NoDataError: too few samples.
        CamsimError: anything else about what was given.
    """
    check_given(data, limit, out, resume)
    find_group(group)
    started, clock = datetime.now(UTC), time.monotonic()
    show, plan = progress or Silent(), plan or Plan()
    base = one_profile(profile)
    opened, dataset = open_given(model, data, limit)
    if not opened.labelled:
        give = "a folder with one sub-folder for each class" if isinstance(opened, Classification) else "labelled data"
        raise CamsimError(f"{dataset.name}: has no labels, so there is no {opened.score_title} to raise; give {give}")
    subject = seen_by(opened, base, seed)
    loss = _chosen(loss, subject)
    key = run_key(subject.sha256, dataset, "three parts", [base], seed, 0)
    key |= {"exposure": exposure, "group": group, "limits": limits, "loss": loss, "plan": asdict(plan)}
    folder = None if out is None else RunFolder.open(Path(out), key, resume=resume)
    camera = open_camera(base)
    probed = dataset.samples[:PROBES]
    probe = [camera.shoot(sample.load(), seed, sample.id) for sample in probed]
    plain = judged_by(subject, dataset.samples, None, loss)
    tuning = tune_camera(
        with_gradient(plain, open_gradients(plain, probe, [sample.id for sample in probed])),
        dataset.samples,
        base,
        group=group,
        exposure=exposure,
        limits=limits,
        plan=plan,
        seed=seed,
        state=None if folder is None else folder.path / PARTS / "tuning.json",
        key=f"{subject.sha256} {dataset.sha256}",
        progress=show,
    )
    results = build_results(tuning, subject, dataset, exposure=exposure, group=group, loss=loss, seed=seed)
    pictures = _pictures(tuning, exposure, seed)
    manifest = build_manifest(key, command, started, time.monotonic() - clock, [])
    tuned = Tuned(results, manifest, tuning.frozen, tuning.learned, tuning.gain, pictures)
    if folder is not None:
        tuned.save(folder.path)
        folder.finish()
    return tuned


def _chosen(loss: Loss | None, task: VisionTask[Any]) -> Loss:
    known: tuple[Loss, ...] = ("cross_entropy", "soft_error")
    if not isinstance(task, Classification):
        known = tuple(reversed(losses_of(task)))
    if loss is None:
        return known[0]
    if loss not in known:
        raise CamsimError(f"loss {loss}: is of classes; for {task.title.lower()} leave it out")
    return loss


def _pictures(tuning: Tuning, exposure: float, seed: int) -> dict[str, dict[str, NDArray[np.uint8]]]:
    """Evenly spaced held-out scenes through the camera at its own exposure, frozen, and learned."""
    profiles = [tuning.frozen, tuning.learned] if exposure == 1 else [tuning.base, tuning.frozen, tuning.learned]
    cameras = [open_camera(profile) for profile in profiles]
    shown = evenly(tuning.parts.held_out, SHOWN_SCENES)
    return {
        sample.id: {camera.name: camera.shoot(scene, seed, sample.id) for camera in cameras}
        for sample in shown
        for scene in [sample.load()]
    }
