"""Networks and data that are known all through, for the tests of tasks."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from audit.data import Dataset, Sample
from audit.data.truth import Truth, TruthKind
from audit.frame import Frame
from audit.tasks.metric import Metric

SIDE = 16

Outputs = Mapping[str, NDArray[Any]]


class Simple:
    """A network that computes its outputs from the picture by a function."""

    def __init__(
        self,
        function: Callable[[NDArray[np.uint8]], Outputs | NDArray[Any]],
        classes: tuple[str, ...] | None = None,
        frame: Callable[[tuple[int, int]], Frame] = Frame.unchanged,
    ) -> None:
        self.function, self.classes, self.frame = function, classes, frame
        self.name, self.output_names = "simple", ("output",)
        self.sha256 = hashlib.sha256(b"simple").hexdigest()

    def run(self, pictures: Sequence[NDArray[np.uint8]]) -> list[Outputs]:
        given = [self.function(picture) for picture in pictures]
        return [one if isinstance(one, Mapping) else {"output": one} for one in given]

    def describe(self) -> dict[str, object]:
        return {"format": "simple", "assumed": ["color RGB"]}


def grey(level: int, side: int = SIDE) -> NDArray[np.uint8]:
    """A picture of one grey: networks of these tests read it as a number."""
    return np.full((side, side, 3), level, dtype=np.uint8)


def dataset(
    truths: Sequence[Truth | None],
    kind: TruthKind | None,
    classes: tuple[str, ...] | None = None,
    targets: Sequence[str | None] | None = None,
) -> Dataset:
    """Samples s000, s001 ... whose scenes are grey, one step brighter each."""
    samples = tuple(
        Sample(
            id=f"s{place:03}",
            target=None if targets is None else targets[place],
            loader=lambda place=place: torch.full((3, SIDE, SIDE), (place + 1) / 1000),
            truth=None if truth is None else (lambda truth=truth: truth),
        )
        for place, truth in enumerate(truths)
    )
    return Dataset("tests", samples, classes, "0" * 64, "Greys.", kind)


def columns(rows: Sequence[Mapping[str, Any]]) -> dict[str, NDArray[Any]]:
    """Rows as the audit hands them to an aggregate: numbers (N,), lists in object arrays."""
    found: dict[str, NDArray[Any]] = {}
    for key in rows[0]:
        if isinstance(rows[0][key], list):
            column = np.empty(len(rows), dtype=object)
            for place, row in enumerate(rows):
                column[place] = np.asarray(row[key])
            found[key] = column
        else:
            found[key] = np.array([row[key] for row in rows])
    return found


def metric(task: Any, key: str) -> Metric:
    """A task's metric by its key."""
    [found] = [metric for metric in (*task.metrics, *task.further) if metric.key == key]
    return found


def value(task: Any, key: str, rows: Sequence[Mapping[str, Any]], weights: NDArray[np.float64] | None = None) -> Any:
    """An aggregate over rows: a number, or (R,) for weights (R, N)."""
    aggregate = metric(task, key).aggregate
    assert aggregate is not None
    given = np.ones((1, len(rows))) if weights is None else weights
    found = aggregate(columns(rows), given)
    assert found.shape == (len(given),)
    return float(found[0]) if weights is None else found


def drawn(count: int, seed: int = 0) -> tuple[NDArray[np.float64], list[list[int]]]:
    """Weights (5, N) of resamples, and the places that they repeat."""
    rng = np.random.default_rng(seed)
    places = [sorted(rng.integers(count, size=count).tolist()) for _ in range(5)]
    return np.array([np.bincount(some, minlength=count) for some in places], dtype=np.float64), places
