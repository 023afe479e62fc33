"""The matrix runner: every sample through every camera and the model, one row for each."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from contextlib import closing
from dataclasses import dataclass
from typing import Any, TypeVar

from audit.camera import Shooter
from audit.data import Sample
from audit.outcome import Failure, Outcome
from audit.shooting import Shot, shoot
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
    with closing(ahead(shoot(task, samples, lineup, seed))) as shots:
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


def _ask(task: VisionTask[P], shot: Shot, step: Callable[[int], None], *, must_work: bool) -> dict[str, P | Failure]:
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
