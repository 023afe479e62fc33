"""The matrix runner: every sample through every camera and the model, one row for each."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from audit.camera import Camera
from audit.data import Sample
from audit.metrics import jensen_shannon, margin
from audit.models import Model
from audit.outcome import Outcome
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


def measure(
    model: Model,
    samples: Sequence[Sample],
    targets: Mapping[str, int] | None,
    cameras: Sequence[Camera],
    *,
    seed: int,
    batch: int,
    step: Callable[[int], None] = lambda cells: None,
) -> Iterator[Chunk]:
    """Measure samples on cameras, the first of which is the reference; one chunk for every ``batch`` samples.

    Outcomes do not depend on ``batch``: a scene is shot and judged by itself, and what a chunk holds is only what is
    kept together before it is handed on. ``step`` is told of every cell done.

    Raises:
        CamsimError: the very first picture cannot be judged by the model: then none can.
    """
    proven = False
    for start in range(0, len(samples), batch):
        group = samples[start : start + batch]
        outcomes: list[Outcome] = []
        unreadable: list[Unreadable] = []
        for sample in group:
            try:
                scene = sample.load()
            except CamsimError as error:
                unreadable.append(Unreadable(sample.id, str(error)))
                step(len(cameras))
                continue
            target = None if targets is None else targets[sample.id]
            outcomes += _measure_sample(model, sample.id, scene, target, cameras, seed, step, must_work=not proven)
            proven = True
        yield Chunk(tuple(sample.id for sample in group), tuple(outcomes), tuple(unreadable))


def _measure_sample(
    model: Model,
    sample: str,
    scene: Tensor,
    target: int | None,
    cameras: Sequence[Camera],
    seed: int,
    step: Callable[[int], None],
    *,
    must_work: bool,
) -> list[Outcome]:
    outcomes: list[Outcome] = []
    reference: NDArray[np.float64] | None = None
    for camera in cameras:
        is_reference = camera is cameras[0]
        try:
            log_p = model.log_probabilities([camera.shoot(scene, seed, sample)])
        except CamsimError as error:
            if must_work and is_reference:
                raise
            outcomes.append(failed(sample, camera.name, target, str(error)))
        else:
            if is_reference:
                reference = log_p
            outcomes.append(outcome(sample, camera.name, target, log_p, reference))
        step(1)
    return outcomes


def outcome(
    sample: str, profile: str, target: int | None, log_p: NDArray[np.float64], reference: NDArray[np.float64] | None
) -> Outcome:
    """The row for log-probabilities (1, C); without a reference to compare with it is a failed one."""
    if reference is None:
        return failed(sample, profile, target, "the reference could not be measured on this sample")
    prediction, expected = int(log_p[0].argmax()), int(reference[0].argmax())
    aim = np.array([expected if target is None else target])
    return Outcome(
        sample=sample,
        profile=profile,
        target=target,
        prediction=prediction,
        confidence=float(np.exp(log_p[0, prediction])),
        margin=float(margin(log_p, aim)[0]),
        flip=prediction != expected,
        jsd=float(jensen_shannon(log_p, reference)[0]),
        error=None,
    )


def failed(sample: str, profile: str, target: int | None, error: str) -> Outcome:
    """The row of a cell that could not be measured."""
    return Outcome(sample, profile, target, None, None, None, None, None, error)
