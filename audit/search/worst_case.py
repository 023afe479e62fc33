"""Search for the worst plausible setting of a device on one half of the samples, and judge it on the other."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from audit.camera import Camera, Lineup, open_camera
from audit.data import Sample
from audit.matrix import measure
from audit.metrics import soft_error
from audit.models import Model
from audit.outcome import Outcome
from audit.search.cma import maximise
from audit.search.ledger import Evaluation, Ledger
from audit.search.space import Space
from camsim import Profile

CACHE_BYTES = 2**31
"""Scenes kept decoded during a search; beyond that they are read again for every evaluation."""

SHOT_SCENES = 8
"""Pictures that are made before the model sees them; see `audit.matrix.SHOT_BYTES`."""


@dataclass(frozen=True)
class WorstCase:
    """The worst setting found around a profile. Its figures on the search half flatter the search: do not report them
    as the drift."""

    base: Profile
    profile: Profile
    space: Space
    evaluations: int
    found: Evaluation
    """Of this case, on the search half."""
    start: Evaluation
    """Of the profile as it is, on the search half."""
    search_samples: int
    judged: tuple[Outcome, ...]
    """On the held-out half."""


def find_worst_case(
    model: Model,
    base: Profile,
    reference: Camera,
    search_half: Sequence[Sample],
    held_out: Sequence[Sample],
    targets: Mapping[str, int] | None,
    aims: Mapping[str, int],
    *,
    budget: int,
    seed: int,
    ledger: Path | None = None,
    step: Callable[[int], None] = lambda cells: None,
) -> WorstCase:
    """Maximise the mean soft error over the knobs of ``base`` within its plausible ranges.

    Args:
        model: the model under audit.
        base: the device whose knobs are turned.
        reference: the camera that drift is measured from.
        search_half: samples the search sees; all readable.
        held_out: samples the found case is judged on; disjoint from the others.
        targets: labelled class of each sample, or None.
        aims: class that each sample of ``search_half`` should keep: its label, or the reference's prediction.
        budget: evaluations; each is one pass over the search half.
        seed: of the noise and of the search.
        ledger: file of evaluations done, so that an interrupted search goes on where it stopped.
        step: told of every picture judged.

    Raises:
        CamsimError: no knob of ``base`` can move, or the model fails.
    """
    space = Space.of(base)
    scenes = _Scenes(search_half)
    book = Ledger.open(ledger)

    def evaluate(point: NDArray[np.float64]) -> float:
        known = book.find(point)
        if known is None:
            known = _evaluate(model, space, point, scenes, aims, seed)
            book.add(point, known)
        step(len(search_half))
        return known.objective

    point = maximise(evaluate, space.start(), budget, seed)
    profile = space.at(point, name=f"worst/{base.name}")
    lineup = Lineup([reference, open_camera(profile)])
    chunks = list(measure(model, held_out, targets, lineup, seed=seed, batch=1, step=step))
    judged = tuple(row for chunk in chunks for row in chunk.outcomes if row.profile == profile.name)
    found, start = book.find(point), book.find(space.start())
    if found is None or start is None:
        raise RuntimeError("the search lost its own evaluations")
    return WorstCase(base, profile, space, budget, found, start, len(search_half), judged)


def _evaluate(
    model: Model,
    space: Space,
    point: NDArray[np.float64],
    scenes: _Scenes,
    aims: Mapping[str, int],
    seed: int,
) -> Evaluation:
    try:
        camera = open_camera(space.at(point))
    except ValueError:  # knobs that contradict each other, such as black above white
        return Evaluation(float("-inf"), 0)
    log_p = np.concatenate([model.log_probabilities(pictures) for pictures in _shoot(camera, scenes, seed)])
    wanted = np.array([aims[sample.id] for sample in scenes.samples])
    changed = int((log_p.argmax(axis=1) != wanted).sum())
    # Without labels the aim is the reference's prediction: a change is a flip; with labels it is an error.
    return Evaluation(soft_error(log_p, wanted), changed)


def _shoot(camera: Camera, scenes: _Scenes, seed: int) -> Iterator[list[NDArray[np.uint8]]]:
    """Every scene, in order, a few at a time."""
    left = iter(scenes)
    while some := list(islice(left, SHOT_SCENES)):
        yield [camera.shoot(scene, seed, sample.id) for sample, scene in some]


class _Scenes:
    """Samples with their scenes, kept in memory as far as they fit."""

    def __init__(self, samples: Sequence[Sample]) -> None:
        self.samples = tuple(samples)
        self._kept: dict[str, Tensor] = {}
        self._bytes = 0

    def __iter__(self) -> Iterator[tuple[Sample, Tensor]]:
        for sample in self.samples:
            scene = self._kept.get(sample.id)
            if scene is None:
                scene = sample.load()
                size = scene.numel() * scene.element_size()
                if self._bytes + size <= CACHE_BYTES:
                    self._kept[sample.id] = scene
                    self._bytes += size
            yield sample, scene
