"""The matrix runner: every sample through every camera and the model, one row for each."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from audit.camera import Lineup
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
    """One sample through some of the cameras, or why it cannot be read."""

    pictures: Mapping[str, NDArray[np.uint8]]
    """By the camera's name; the reference's first."""
    unreadable: str | None = None


SHOT_BYTES = 2**26
"""Pictures that are made before the model sees them. Turn by turn with the model, each camera would find the caches
cold, and take twice as long; but memory has to stay bounded, however many cameras there are."""

Judged = NDArray[np.float64] | str
"""Log-probabilities (1, C), or why the model gives none."""


def measure(
    model: Model,
    samples: Sequence[Sample],
    targets: Mapping[str, int] | None,
    lineup: Lineup,
    *,
    seed: int,
    batch: int,
    step: Callable[[int], None] = lambda cells: None,
) -> Generator[Chunk]:
    """Measure samples on cameras, the first of which is the reference: one chunk for every ``batch`` samples.

    Outcomes do not depend on ``batch``: a scene is shot and judged by itself, and what a chunk holds is only what is
    kept together before it is handed on. Samples are read and shot in another thread, while the model runs in this one.
    ``step`` is told of every cell done.

    Raises:
        CamsimError: the very first picture cannot be judged by the model: then none can.
    """
    proven = False
    with closing(ahead(_shoot(samples, lineup, seed))) as shots:
        for start in range(0, len(samples), batch):
            group = samples[start : start + batch]
            outcomes: list[Outcome] = []
            unreadable: list[Unreadable] = []
            for sample in group:
                judged: dict[str, Judged] = {}
                for shot in shots:
                    if shot.unreadable is not None:
                        unreadable.append(Unreadable(sample.id, shot.unreadable))
                        step(len(lineup.cameras))
                        break
                    judged |= _judge(model, shot.pictures, step, must_work=not (proven or judged))
                    if len(judged) == len(lineup.cameras):
                        target = None if targets is None else targets[sample.id]
                        outcomes += rows(sample.id, target, {name: judged[name] for name in lineup.names})
                        proven = True
                        break
            yield Chunk(tuple(sample.id for sample in group), tuple(outcomes), tuple(unreadable))


def _shoot(samples: Sequence[Sample], lineup: Lineup, seed: int) -> Iterator[_Shot]:
    """Each sample in one shot or, where its pictures are large, in several; or in one that says why it has none."""
    for sample in samples:
        try:
            scene = sample.load()
        except CamsimError as error:
            yield _Shot({}, str(error))
            continue
        pictures: dict[str, NDArray[np.uint8]] = {}
        for some in lineup.shoot(scene, seed, sample.id):
            pictures |= some
            if sum(picture.nbytes for picture in pictures.values()) >= SHOT_BYTES:
                yield _Shot(pictures)
                pictures = {}
        if pictures:
            yield _Shot(pictures)


def _judge(
    model: Model, pictures: Mapping[str, NDArray[np.uint8]], step: Callable[[int], None], *, must_work: bool
) -> dict[str, Judged]:
    """What the model says of each picture. ``must_work``: an error with the first one, the reference's, is raised."""
    try:
        log_p = model.log_probabilities(list(pictures.values()))
    except CamsimError:
        pass  # with one of them; each is judged by itself, to know which
    else:
        step(len(pictures))
        return {name: log_p[place : place + 1] for place, name in enumerate(pictures)}
    judged: dict[str, Judged] = {}
    for name, picture in pictures.items():
        try:
            judged[name] = model.log_probabilities([picture])
        except CamsimError as error:
            if must_work and not judged:
                raise
            judged[name] = str(error)
        step(1)
    return judged


def rows(sample: str, target: int | None, judged: Mapping[str, Judged]) -> list[Outcome]:
    """The rows of one sample from what the model says of each profile's picture.

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
