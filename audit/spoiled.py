"""The pictures that the cameras spoil most, beside the reference's, with what the model said of each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from audit.camera import Camera
from audit.data import Dataset
from audit.outcome import Outcomes
from audit.progress import Progress
from audit.sketch import Sketch
from audit.tasks.decoded import DecodedTask
from audit.tasks.vision_task import Recalls, VisionTask, ask


@dataclass(frozen=True)
class Spoiled:
    """A sample through the reference and through the profile that hurts it most."""

    reference: NDArray[np.uint8]
    """(H, W, 3), as the next."""
    picture: NDArray[np.uint8]
    reference_sketch: Sketch | None = None
    """Where the answer under the reference says that something is, as the next; None: it does not say where."""
    sketch: Sketch | None = None
    truth: Sketch | None = None
    """Where the labels say so."""


def take_spoiled(
    task: VisionTask[Any],
    data: Dataset,
    changed: Sequence[Mapping[str, Any]],
    outcomes: Outcomes,
    cameras: Sequence[Camera],
    seed: int,
    show: Progress,
) -> tuple[list[dict[str, Any]], tuple[Spoiled, ...]]:
    """Take the pictures again: each of ``changed`` with both answers in words, and its pictures.

    What the model answered is told from the outcomes where the task can, else the model is asked again.

    Args:
        task: what is asked.
        data: holds the samples.
        changed: as in results.json.
        outcomes: hold what is left of the answers.
        cameras: the reference first, and those that ``changed`` names.
        seed: of noise, as when they were measured.
        show: told how far it has come.
    """
    wanted = {one["sample"] for one in changed}
    samples = {sample.id: sample for sample in data.samples if sample.id in wanted}
    by_name = {camera.name: camera for camera in cameras}
    kept = _kept(outcomes, changed, cameras[0].name, task)
    show.start("Most changed pictures", len(changed))
    rows: list[dict[str, Any]] = []
    pictures: list[Spoiled] = []
    for one in changed:
        scene = samples[one["sample"]].load()
        pair = (cameras[0].shoot(scene, seed, one["sample"]), by_name[one["profile"]].shoot(scene, seed, one["sample"]))
        sketches: tuple[Sketch | None, ...] = ()
        if isinstance(task, Recalls):
            before, after = kept[one["sample"], cameras[0].name], kept[one["sample"], one["profile"]]
            said = task.say_again(before), task.say_again(after)
        else:
            shape = (scene.shape[1], scene.shape[2])
            before, after = ask(task, pair, shape)
            said = task.say(before), task.say(after)
            if isinstance(task, DecodedTask):
                truth = samples[one["sample"]].load_truth(shape) if task.labelled else None
                sketches = task.sketches(before, after, truth, shape)
        rows.append({**one, "reference_answer": said[0], "answer": said[1]})
        pictures.append(Spoiled(*pair, *sketches))
        show.advance(1)
    return rows, tuple(pictures)


def _kept(
    outcomes: Outcomes, changed: Sequence[Mapping[str, Any]], reference: str, task: VisionTask[Any]
) -> dict[tuple[str, str], dict[str, Any]]:
    """(sample, profile) -> the task's own columns, of the samples that have changed."""
    wanted = {one["sample"] for one in changed}
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for name in {reference, *(one["profile"] for one in changed)} if wanted else ():
        rows = outcomes.of(name, ["sample", *task.columns])
        some = rows.filter(pc.is_in(rows["sample"], pa.array(sorted(wanted))))
        found |= {(row["sample"], name): row for row in some.to_pylist()}
    return found
