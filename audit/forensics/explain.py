"""Forensics from end to end: a model, data and two devices in; which difference does it, and how sure that is, out."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audit.camera import Camera, open_camera
from audit.data import Sample
from audit.evenly import evenly
from audit.forensics.divide import divide
from audit.forensics.explanation import Explanation
from audit.forensics.knobs import KnobCube
from audit.forensics.local import LocalSensitivity, local_sensitivity
from audit.forensics.results import build_results
from audit.forensics.sobol import SobolIndices, sobol
from audit.forensics.swaps import choose, take_swaps
from audit.forensics.walk import walk
from audit.given import Given, Subject, check_given, one_profile, open_given
from audit.manifest import build_manifest, profile_hash, run_key
from audit.matrix import Unreadable
from audit.progress import Progress, Silent
from audit.runs import PARTS, RunFolder
from audit.searching.gradients import open_gradients, with_gradient
from audit.searching.marked import judged_by
from audit.task import Task
from audit.tasks.open import seen_by
from audit.tasks.vision_task import VisionTask, ask
from audit.threads import one_torch_thread
from camsim import Profile
from camsim.errors import CamsimError, NoDataError

SENSITIVITY_SAMPLES = 16
"""Samples that the sensitivity of the knobs is measured on, evenly spaced."""
PROBES = 3
"""Pictures that the gradient of the model is checked on."""


def explain(
    model: Subject,
    data: Given = None,
    *,
    device: str | Path | Profile,
    reference: str | Path | Profile = "reference/srgb",
    split_sensor: bool = False,
    orders: int = 32,
    sobol_rows: int = 32,
    shown: int = 3,
    limit: int | None = None,
    batch: int = 8,
    seed: int = 0,
    out: str | Path | None = None,
    resume: bool = False,
    command: str = "audit.explain(...)",
    progress: Progress | None = None,
) -> Explanation:
    """Find out which differences between two devices cause a model's drop.

    Args:
        model: a file, or anything with the methods of `audit.models.Model`, `audit.models.Network` or
            `audit.tasks.VisionTask`.
        data: a folder or file (see `audit.data.open_dataset`), a `Dataset`, or None for the built-in scenes. With
            labels the score is the task's score of a sample (accuracy, F1 at IoU 0.5 ...); without, whether the answer
            is that through the reference.
        device: the device whose drop is explained: a name, a YAML file or a profile.
        reference: the device that the drop is measured from.
        split_sensor: attribute to parts of the sensor, not to the sensor as a whole.
        orders: permutations to sample where more than 8 differences make all coalitions too many; even.
        sobol_rows: size of the design for Sobol' indices, a power of two from 8 on: the number of knobs + 2 times as
            many devices are evaluated. 0: none.
        shown: samples that the report shows stage by stage.
        limit: at most so many samples, the same share of each class.
        batch: samples kept together before they are written; the results do not depend on it.
        seed: of noise, permutations, designs and bootstraps.
        out: folder for the run, which may then be interrupted and resumed; None: nothing is written before
            `Explanation.save`.
        resume: go on with the unfinished run in ``out``.
        command: what to print in the report as the way to repeat this.
        progress: told how far it has come.

    Raises:
        CamsimError: anything about what was given; NoDataError when there is nothing to measure.
    """
    _check(orders, sobol_rows, shown, batch)
    check_given(data, limit, out, resume)
    started, clock = datetime.now(UTC), time.monotonic()
    show = progress or Silent()
    first, second = _devices(reference, device)
    opened, dataset = open_given(model, data, limit)
    camera = open_camera(first)
    subject = seen_by(opened, first, seed)
    key = run_key(subject.sha256, dataset, "all", [first, second], seed, 0)
    key["profiles"] = {f"A: {first.name}": profile_hash(first), f"B: {second.name}": profile_hash(second)}
    key |= {"split_sensor": split_sensor, "orders": orders, "sobol_rows": sobol_rows}
    folder = None if out is None else RunFolder.open(Path(out), key, resume=resume)
    parts = None if folder is None else folder.path / PARTS
    with one_torch_thread():
        answers, unusable = (None, []) if subject.labelled else _answers(subject, dataset.samples, camera, seed, show)
        usable = [sample for sample in dataset.samples if answers is None or sample.id in answers]
        plain = judged_by(subject, usable, answers)
        found = divide(
            plain,
            usable,
            first,
            second,
            split_sensor=split_sensor,
            orders=orders,
            seed=seed,
            batch=batch,
            parts=parts,
            progress=show,
        )
        found = replace(found, table=replace(found.table, left_out=(*unusable, *found.table.left_out)))
        kept = set(found.table.samples)
        measured = {sample.id: sample for sample in usable if sample.id in kept}
        few = evenly(list(measured.values()), SENSITIVITY_SAMPLES)
        task = with_gradient(plain, open_gradients(plain, *_probes(few, second, seed)))
        cube = KnobCube.of(second)
        local = _local(task, few, cube, seed, show)
        indices = _sobol(task, few, cube, sobol_rows, seed, parts, show)
        chosen = [measured[name] for name in choose(found.table, shown, found.alignment.full)]
        walks = tuple(walk(task, sample, found.alignment.kit, seed=seed) for sample in chosen)
        swaps = take_swaps(task, chosen, found, seed=seed, says=partial(_says, subject))
    results = build_results(
        task=subject,
        data=dataset,
        division=found,
        local=local,
        sobol=indices,
        walks=walks,
        seed=seed,
    )
    manifest = build_manifest(key, command, started, time.monotonic() - clock, [])
    explanation = Explanation(results, manifest, found, walks, tuple(swaps))
    if folder is not None:
        explanation.save(folder.path)
        folder.finish()
    return explanation


def _check(orders: int, sobol_rows: int, shown: int, batch: int) -> None:
    if orders < 4 or orders % 2:
        raise CamsimError(f"orders must be an even number from 4 on, got {orders}: each is played with its reverse")
    if sobol_rows and (sobol_rows < 8 or sobol_rows & (sobol_rows - 1)):
        raise CamsimError(f"sobol: the rows must be 0 or a power of two from 8 on, got {sobol_rows}")
    if shown < 0 or batch < 1:
        raise CamsimError(f"shown must be at least 0 and batch at least 1, got {shown} and {batch}")


def _devices(reference: str | Path | Profile, device: str | Path | Profile) -> tuple[Profile, Profile]:
    first, second = (one_profile(item) for item in (reference, device))
    if first == second:
        raise CamsimError(f"both devices are {first.name}: there is nothing between them; name two devices")
    return first, second


def _answers(
    task: VisionTask[Any], samples: Sequence[Sample], reference: Camera, seed: int, show: Progress
) -> tuple[dict[str, Any], list[Unreadable]]:
    """What the model says of each sample through the reference: what it should keep saying without labels."""
    show.start("Answers to keep", len(samples))
    answers: dict[str, Any] = {}
    unusable: list[Unreadable] = []
    for sample in samples:
        try:
            scene = sample.load()
            picture = reference.shoot(scene, seed, sample.id)
            (answers[sample.id],) = ask(task, [picture], (scene.shape[1], scene.shape[2]))
        except CamsimError as error:
            text = str(error)
            unusable.append(Unreadable(sample.id, text if text.startswith(sample.id) else f"{sample.id}: {text}"))
        show.advance(1)
    if not answers:
        raise NoDataError(f"none of the {len(samples)} samples could be measured; the first: {unusable[0].reason}")
    return answers, unusable


def _probes(samples: Sequence[Sample], profile: Profile, seed: int) -> tuple[list[NDArray[np.uint8]], list[str]]:
    """Pictures of the first few samples, and whose they are."""
    camera, few = open_camera(profile), samples[:PROBES]
    return [camera.shoot(sample.load(), seed, sample.id) for sample in few], [sample.id for sample in few]


def _local(task: Task, samples: Sequence[Sample], cube: KnobCube, seed: int, show: Progress) -> LocalSensitivity | str:
    """The gradients, or why there are none."""
    if not cube.size:
        return f"no knob of {cube.profile.name} has a plausible range"
    if task.no_gradient is not None:
        return task.no_gradient
    return local_sensitivity(task, samples, cube, seed=seed, show=show)


def _sobol(
    task: Task, samples: Sequence[Sample], cube: KnobCube, rows: int, seed: int, parts: Path | None, show: Progress
) -> SobolIndices | str:
    """The indices, or why there are none."""
    if not cube.size:
        return f"no knob of {cube.profile.name} has a plausible range"
    if not rows:
        return "not asked for"
    return sobol(task, samples, cube, rows=rows, seed=seed, parts=parts, show=show)


def _says(task: VisionTask[Any], pictures: Sequence[NDArray[np.uint8]]) -> list[str]:
    """The answer to each picture and how sure it is, in words."""
    marks = [(answer, task.mark(answer, answer, None).confidence) for answer in task.predict(pictures)]
    return [
        task.say(answer) if confidence is None else f"{task.say(answer)} {100 * confidence:.0f} %"
        for answer, confidence in marks
    ]
