"""The matrix runner: every sample through every camera and the model, one row for each."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from itertools import chain
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from audit.camera import Shooter
from audit.data import Sample
from audit.outcome import Failure, Outcome
from audit.tasks.mark import Mark
from audit.tasks.vision_task import VisionTask, ask
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

    sample: Sample
    pictures: Mapping[str, NDArray[np.uint8]]
    """By the camera's name; the reference's first."""
    shape: tuple[int, int] = (0, 0)
    """(height, width) of the scene."""
    truth: Any = None
    """What the task says is right."""
    unreadable: str | None = None


SHOT_BYTES = 2**26
"""Pictures that are made before the model sees them. Turn by turn with the model, each camera would find the caches
cold, and take twice as long; but memory has to stay bounded, however many cameras there are."""

P = TypeVar("P")


def measure(
    task: VisionTask[P],
    samples: Iterable[Sample],
    lineup: Shooter,
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
    ids: list[str] = []
    outcomes: list[Outcome] = []
    unreadable: list[Unreadable] = []
    found: dict[str, Mark | Failure] = {}
    reference: P | Failure = Failure("not asked yet")
    with closing(ahead(_shoot(task, samples, lineup, seed))) as shots:
        for shot in shots:
            if shot.unreadable is not None:
                unreadable.append(Unreadable(shot.sample.id, shot.unreadable))
                step(len(lineup.names))
            else:
                answers = _ask(task, shot, step, must_work=not (proven or found))
                if not found:
                    reference = next(iter(answers.values()))
                found |= {name: mark(task, answer, reference, shot.truth) for name, answer in answers.items()}
                if len(found) < len(lineup.names):
                    continue
                outcomes += [Outcome.of(shot.sample, name, found[name]) for name in lineup.names]
                found, proven = {}, True
            ids.append(shot.sample.id)
            if len(ids) == batch:
                yield Chunk(tuple(ids), tuple(outcomes), tuple(unreadable))
                ids, outcomes, unreadable = [], [], []
    if ids:
        yield Chunk(tuple(ids), tuple(outcomes), tuple(unreadable))


def _shoot(task: VisionTask[Any], samples: Iterable[Sample], lineup: Shooter, seed: int) -> Iterator[_Shot]:
    """Each sample in one shot or, where its pictures are large, in several; or in one that says why it has none."""
    for sample in samples:
        pictures: dict[str, NDArray[np.uint8]] = {}
        try:
            scene = sample.load()
            shape = (scene.shape[1], scene.shape[2])
            truth = task.truth(sample, shape)
            shown = lineup.shoot(scene, seed, sample.id)
            pictures |= next(shown)
        except CamsimError as error:
            yield _Shot(sample, {}, unreadable=str(error))
            continue
        for some in chain([{}], shown):
            pictures |= some
            if sum(picture.nbytes for picture in pictures.values()) >= SHOT_BYTES:
                yield _Shot(sample, pictures, shape, truth)
                pictures = {}
        if pictures:
            yield _Shot(sample, pictures, shape, truth)


def _ask(task: VisionTask[P], shot: _Shot, step: Callable[[int], None], *, must_work: bool) -> dict[str, P | Failure]:
    """What the model says of each picture. ``must_work``: an error with the first one, the reference's, is raised."""
    try:
        answers = ask(task, list(shot.pictures.values()), shot.shape)
    except CamsimError:
        pass  # with one of them; each is judged by itself, to know which
    else:
        step(len(shot.pictures))
        return dict(zip(shot.pictures, answers, strict=True))
    found: dict[str, P | Failure] = {}
    for name, picture in shot.pictures.items():
        try:
            (found[name],) = ask(task, [picture], shot.shape)
        except CamsimError as error:
            if must_work and not found:
                raise
            found[name] = Failure(str(error))
        step(1)
    return found


def mark(task: VisionTask[P], answer: P | Failure, reference: P | Failure, truth: Any) -> Mark | Failure:
    """What an answer is worth; without one under the reference there is nothing to compare with."""
    if isinstance(answer, Failure):
        return answer
    if isinstance(reference, Failure):
        return Failure("the reference could not be measured on this sample")
    try:
        return task.mark(answer, reference, truth)
    except CamsimError as error:
        return Failure(str(error))
