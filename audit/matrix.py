"""The matrix runner: every sample through every camera and the model, one row for each."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import chain, islice

import numpy as np
from numpy.typing import NDArray

from audit.camera import Camera, SharedSensor, share_sensors
from audit.data import Sample
from audit.metrics import jensen_shannon, margin
from audit.models import Model
from audit.outcome import Outcome
from audit.threads import ahead
from camsim.errors import CamsimError


@dataclass(frozen=True)
class Unreadable:
    """A sample that could not be used: on no profile, so that all are compared on the same ones."""

    sample: str
    reason: str


@dataclass(frozen=True)
class Chunk:
    """The outcomes of a few samples on all cameras, and those of them that could not be read."""

    samples: tuple[str, ...]
    outcomes: tuple[Outcome, ...]
    unreadable: tuple[Unreadable, ...]


@dataclass(frozen=True)
class _Shot:
    """One sample through the cameras of one sensor, or why it cannot be read."""

    pictures: Sequence[tuple[str, NDArray[np.uint8]]]
    """By the camera's name."""
    unreadable: str | None = None


def measure(
    model: Model,
    samples: Sequence[Sample],
    targets: Mapping[str, int] | None,
    cameras: Sequence[Camera],
    *,
    seed: int,
    batch: int,
    step: Callable[[int], None] = lambda cells: None,
) -> Generator[Chunk]:
    """Measure samples on cameras, the first of which is the reference; one chunk for every ``batch`` samples.

    Outcomes do not depend on ``batch``: a scene is shot and judged by itself, and what a chunk holds is only what is
    kept together before it is handed on. Samples are read and shot in another thread, while the model runs in this one.
    ``step`` is told of every cell done.

    Raises:
        CamsimError: the very first picture cannot be judged by the model: then none can.
    """
    sensors = share_sensors(cameras)
    proven = False
    with closing(ahead(_shoot(samples, sensors, seed))) as shots:
        for start in range(0, len(samples), batch):
            group = samples[start : start + batch]
            outcomes: list[Outcome] = []
            unreadable: list[Unreadable] = []
            for sample in group:
                first = next(shots)
                if first.unreadable is not None:
                    unreadable.append(Unreadable(sample.id, first.unreadable))
                    step(len(cameras))
                    continue
                pictures = (
                    picture for shot in chain([first], islice(shots, len(sensors) - 1)) for picture in shot.pictures
                )
                judged = _judge(model, pictures, cameras[0].name, step, must_work=not proven)
                target = None if targets is None else targets[sample.id]
                outcomes += rows(sample.id, target, {camera.name: judged[camera.name] for camera in cameras})
                proven = True
            yield Chunk(tuple(sample.id for sample in group), tuple(outcomes), tuple(unreadable))


def _shoot(samples: Sequence[Sample], sensors: Sequence[SharedSensor], seed: int) -> Iterator[_Shot]:
    """Every sample: one shot for each sensor, or a single one that says why it cannot be read."""
    for sample in samples:
        try:
            scene = sample.load()
        except CamsimError as error:
            yield _Shot([], str(error))
            continue
        for sensor in sensors:
            names = [camera.name for camera in sensor.cameras]
            yield _Shot(list(zip(names, sensor.shoot(scene, seed, sample.id), strict=True)))


def _judge(
    model: Model,
    pictures: Iterable[tuple[str, NDArray[np.uint8]]],
    reference: str,
    step: Callable[[int], None],
    *,
    must_work: bool,
) -> dict[str, NDArray[np.float64] | str]:
    """Log-probabilities (1, C) for each camera, or why the model gives none."""
    judged: dict[str, NDArray[np.float64] | str] = {}
    for name, picture in pictures:
        try:
            judged[name] = model.log_probabilities([picture])
        except CamsimError as error:
            if must_work and name == reference:
                raise
            judged[name] = str(error)
        step(1)
    return judged


def rows(sample: str, target: int | None, judged: Mapping[str, NDArray[np.float64] | str]) -> list[Outcome]:
    """The rows of one sample from each profile's log-probabilities (1, C), or from why there are none.

    The first profile is the reference; without it there is nothing to compare with, and all rows are failed ones.
    """
    reference = next(iter(judged.values()))
    good = {name: log_p for name, log_p in judged.items() if not isinstance(log_p, str)}
    if isinstance(reference, str):
        why = "the reference could not be measured on this sample"
        return [_failed(sample, name, target, why if name in good else str(found)) for name, found in judged.items()]
    log_p = np.concatenate(list(good.values()))
    predictions, expected = log_p.argmax(axis=1), int(reference[0].argmax())
    margins = margin(log_p, np.full(len(log_p), expected if target is None else target))
    divergences = jensen_shannon(log_p, np.broadcast_to(reference, log_p.shape))
    measured = {
        name: Outcome(
            sample=sample,
            profile=name,
            target=target,
            prediction=int(prediction),
            confidence=float(np.exp(log_p[place, prediction])),
            margin=float(margins[place]),
            flip=bool(prediction != expected),
            jsd=float(divergences[place]),
            error=None,
        )
        for place, (name, prediction) in enumerate(zip(good, predictions, strict=True))
    }
    return [measured.get(name) or _failed(sample, name, target, str(found)) for name, found in judged.items()]


def _failed(sample: str, profile: str, target: int | None, error: str) -> Outcome:
    return Outcome(sample, profile, target, None, None, None, None, None, error)
