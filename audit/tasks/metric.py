"""What is measured over samples: how it is computed, how it reads, which way is better."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Unit = Literal["%", "", "px", "m", "bits", "nats"]
"""``%`` of a fraction: 0.05 reads 5.0 % and its difference 5.0 points."""

Columns = Mapping[str, NDArray[Any]]
"""Columns of samples.parquet, each (N,) or an object array of lists, sample by sample."""

Aggregate = Callable[[Columns, NDArray[np.float64]], NDArray[np.float64]]
"""Columns of N samples and weights (R, N), whole numbers >= 0 (how often each sample was drawn) -> values (R,).

Pure. Weights of 1 give the metric itself; NaN where it is not defined (no positives drawn, say)."""


@dataclass(frozen=True)
class Metric:
    """One metric of a task.

    A *rate* is the mean of a column of hits (0 or 1), a *mean* that of a column of numbers; an *aggregate*, such as
    mAP, is no mean over samples, and is resampled.
    """

    key: str
    """In results.json: ``accuracy``, ``map``, ``miou`` ..."""
    title: str
    """For people: ``Accuracy``, ``mAP 50:95``."""
    kind: Literal["rate", "mean", "aggregate"]
    columns: tuple[str, ...]
    """What it is computed from; a rate or mean has one. ``score`` is every task's."""
    unit: Unit = "%"
    digits: int = 1
    """Decimals shown."""
    better: Literal["higher", "lower"] = "higher"
    needs_labels: bool = True
    against_reference: bool = False
    """Whether it compares with the answer under the reference, where it says nothing of itself."""
    aggregate: Aggregate | None = None
    """For an aggregate."""
    most: float | None = None
    """The largest score that a sample may have, the least being 0; None: 1 of a fraction, else not known."""
    short: str = ""
    """Heading of a narrow column, ``JSD``; empty: the title."""

    @property
    def spoken(self) -> str:
        """The title within a sentence; see `spoken`."""
        return spoken(self.title)

    @property
    def drop_title(self) -> str:
        """``accuracy drop``; of an error, ``MAE rise``."""
        return f"{self.spoken} {'drop' if self.better == 'higher' else 'rise'}"


def spoken(title: str) -> str:
    """A title within a sentence: ``accuracy``, but ``mAP 50:95``, ``IoU of car``, ``R2`` and ``MAE``."""
    word = title.partition(" ")[0]
    abbreviated = len(word) < 3 or any(letter.isupper() for letter in word[1:])
    return title if abbreviated else title[0].lower() + title[1:]
