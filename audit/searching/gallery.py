"""A few held-out scenes through the reference, the device and its worst cases, with what the model says of each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from audit.camera import Camera, open_camera
from audit.jpeg import through_jpeg
from audit.models import Model
from audit.progress import Progress
from audit.report.search import DEVICE, REFERENCE, Gallery, Shot
from audit.search.certificate import Bench
from camsim import Profile

SHOWN = 4


def take_gallery(
    model: Model,
    bench: Bench,
    reference: Profile,
    device: Profile,
    cases: Sequence[Profile],
    targets: Mapping[str, int] | None,
    show: Progress,
) -> Gallery:
    """Scenes whose answer the first case spoils, as far as there are such; then others, evenly spaced.

    Pictures have the certificate's first noise seed and, but for the reference's, its JPEG.

    Args:
        model: what is asked about each picture.
        bench: on which the cases were certified.
        reference: what drift is measured from.
        device: as it is.
        cases: the worst first.
        targets: class of each sample; None: the reference's answer is the right one.
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
        log_p = model.log_probabilities(list(pictures.values()))
        aim = int(log_p[0].argmax()) if targets is None else targets[sample.id]
        gallery[sample.id] = {
            name: _shot(model, picture, row, aim) for (name, picture), row in zip(pictures.items(), log_p, strict=True)
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


def _shot(model: Model, picture: NDArray[np.uint8], log_p: NDArray[np.float64], aim: int) -> Shot:
    answer = int(log_p.argmax())
    return Shot(
        picture=picture,
        answer=model.classes[answer] if model.classes else f"class {answer}",
        confidence=float(np.exp(log_p[answer])),
        right=answer == aim,
    )
