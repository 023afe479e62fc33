"""The pictures that the cameras spoil most, beside the reference's, with what the model says of each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audit.camera import Camera
from audit.data import Dataset
from audit.progress import Progress
from audit.sketch import Sketch
from audit.tasks.decoded import DecodedTask
from audit.tasks.vision_task import VisionTask, ask


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
    cameras: Sequence[Camera],
    seed: int,
    show: Progress,
) -> tuple[list[dict[str, Any]], tuple[Spoiled, ...]]:
    """Take the pictures and ask the model again: each of ``changed`` with both answers in words, and its pictures.

    Args:
        task: what is asked.
        data: holds the samples.
        changed: as in results.json.
        cameras: the reference first, and those that ``changed`` names.
        seed: of noise, as when they were measured.
        show: told how far it has come.
    """
    wanted = {one["sample"] for one in changed}
    samples = {sample.id: sample for sample in data.samples if sample.id in wanted}
    by_name = {camera.name: camera for camera in cameras}
    show.start("Most changed pictures", len(changed))
    rows: list[dict[str, Any]] = []
    pictures: list[Spoiled] = []
    for one in changed:
        scene = samples[one["sample"]].load()
        pair = (cameras[0].shoot(scene, seed, one["sample"]), by_name[one["profile"]].shoot(scene, seed, one["sample"]))
        shape = (scene.shape[1], scene.shape[2])
        before, after = ask(task, pair, shape)
        rows.append({**one, "reference_answer": task.say(before), "answer": task.say(after)})
        if isinstance(task, DecodedTask):
            truth = samples[one["sample"]].load_truth(shape) if task.labelled else None
            pictures.append(Spoiled(*pair, *task.sketches(before, after, truth, shape)))
        else:
            pictures.append(Spoiled(*pair))
        show.advance(1)
    return rows, tuple(pictures)
