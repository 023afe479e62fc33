"""A few held-out scenes through the reference, the device and its worst cases, with what the model says of each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from audit.camera import Camera, open_camera
from audit.jpeg import through_jpeg
from audit.progress import Progress
from audit.report.search import DEVICE, REFERENCE, Gallery, Shot
from audit.search.certificate import Bench
from audit.tasks.mark import Mark
from audit.tasks.vision_task import VisionTask, ask
from camsim import Profile

SHOWN = 4
RIGHT = 0.5
"""Score from which an answer counts as right in the gallery; a classifier's is 0 or 1."""


def take_gallery(
    task: VisionTask[Any],
    bench: Bench,
    reference: Profile,
    device: Profile,
    cases: Sequence[Profile],
    by_labels: bool,
    show: Progress,
) -> Gallery:
    """Scenes whose answer the first case spoils, as far as there are such; then others, evenly spaced.

    Pictures have the certificate's first noise seed and, but for the reference's, its JPEG.

    Args:
        task: the model that is asked about each picture.
        bench: on which the cases were certified.
        reference: what drift is measured from.
        device: as it is.
        cases: the worst first.
        by_labels: whether the labels say what is right; else the reference's answer is.
        show: told how far it has come.
    """
    cameras = {REFERENCE: open_camera(reference), DEVICE: open_camera(device)}
    cameras |= {profile.name: open_camera(profile) for profile in cases}
    chosen = _chosen(bench, reference, device, cases[0])
    show.start("Pictures", len(chosen) * len(cameras))
    gallery: dict[str, dict[str, Shot]] = {}
    for place in chosen:
        sample = bench.samples[place]
        scene, seed = sample.load(), next(iter(bench.tasks))
        pictures = {
            name: _shoot(camera, scene, seed, sample.id, None if name == REFERENCE else bench.jpeg)
            for name, camera in cameras.items()
        }
        shape = (scene.shape[1], scene.shape[2])
        answers = ask(task, list(pictures.values()), shape)
        truth = task.truth(sample, shape) if by_labels else None
        gallery[sample.id] = {
            name: _shot(task, picture, answer, task.mark(answer, answers[0], truth))
            for (name, picture), answer in zip(pictures.items(), answers, strict=True)
        }
        show.advance(len(cameras))
    return gallery


def _chosen(bench: Bench, reference: Profile, device: Profile, worst: Profile) -> list[int]:
    """Places of the samples: first those that the search spoils, then those that the device itself does, then any."""
    start = bench.measured(reference, jpeg=None).scores[:, 0]
    before, after = (bench.measured(profile, jpeg=bench.jpeg).scores[:, 0] for profile in (device, worst))
    chosen: list[int] = []
    for wanted in ((start == 1) & (after < before), after < start, np.ones_like(start, dtype=bool)):
        chosen += _spaced(np.setdiff1d(np.flatnonzero(wanted), chosen), SHOWN - len(chosen))
    return sorted(chosen)


def _spaced(places: NDArray[np.intp], wanted: int) -> list[int]:
    """``wanted`` of the places at most, evenly spaced."""
    count = min(wanted, len(places))
    return [int(places[(2 * number + 1) * len(places) // (2 * count)]) for number in range(count)]


def _shoot(camera: Camera, scene: Tensor, seed: int, sample: str, jpeg: int | None) -> NDArray[np.uint8]:
    picture = camera.shoot(scene, seed, sample)
    return through_jpeg(picture, jpeg) if jpeg else picture


def _shot(task: VisionTask[Any], picture: NDArray[np.uint8], answer: Any, mark: Mark) -> Shot:
    return Shot(
        picture=picture,
        answer=task.say(answer),
        confidence=mark.confidence,
        right=not mark.flip if mark.score is None else mark.score >= RIGHT,
    )
