"""What the audit asks of a task: a model bound to data, whose answers can be compared."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol, TypeVar, runtime_checkable

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from audit.data.dataset import Sample
from audit.tasks.mark import Mark
from audit.tasks.metric import Metric

P = TypeVar("P")
"""An answer: a class of `audit.predictions`, or log-probabilities (C,) for classification."""


class VisionTask(Protocol[P]):
    """A model together with what its answers mean and what they should be.

    All comparisons are pure: the same answers give the same marks, whatever was marked before.
    """

    @property
    def key(self) -> str:
        """``classification``, ``detection`` ..."""
        ...

    @property
    def title(self) -> str:
        """For people."""
        ...

    @property
    def score_title(self) -> str:
        """What `Mark.score` is, for people, as within a sentence: ``accuracy``, ``F1 at IoU 0.5`` ..."""
        ...

    @property
    def name(self) -> str:
        """Of the model's file."""
        ...

    @property
    def sha256(self) -> str:
        """Of everything that decides an answer and its mark: weights, preprocessing, decoder, task settings."""
        ...

    @property
    def classes(self) -> tuple[str, ...] | None:
        """Class names in the order of the model's output, where they are known."""
        ...

    @property
    def labelled(self) -> bool:
        """Whether the data say what is right."""
        ...

    @property
    def metrics(self) -> tuple[Metric, ...]:
        """What is measured; the first one is the primary, which a margin is about."""
        ...

    @property
    def further(self) -> tuple[Metric, ...]:
        """The same of each class or part: shown, not compared."""
        ...

    @property
    def columns(self) -> Mapping[str, pa.DataType]:
        """Its own columns of samples.parquet."""
        ...

    def predict(self, pictures: Sequence[NDArray[np.uint8]], shape: tuple[int, int] | None = None) -> list[P]:
        """The model's answers to N pictures (H, W, 3), RGB, 0..255; each by itself.

        Args:
            pictures: as cameras hand them out.
            shape: (height, width) of the scene that each of them shows: what is a place or a map in an answer is in
                its pixels, as the truth is. None: in those of the picture. See `ask`.

        Raises:
            CamsimError: the model fails, or gives NaN or infinity.
        """
        ...

    def truth(self, sample: Sample, shape: tuple[int, int]) -> Any:
        """What is right for this sample, in pixels of a picture of ``shape`` (height, width); None without labels.

        Raises:
            CamsimError: the sample's labels cannot be read, or do not fit the model.
        """
        ...

    def mark(self, answer: P, reference: P, truth: Any) -> Mark:
        """Compare an answer with the truth and with the answer under the reference camera."""
        ...

    def say(self, answer: P) -> str:
        """An answer in a few words: ``crane``, ``3 objects: 2 car, 1 person`` ..."""
        ...

    def describe(self) -> dict[str, object]:
        """JSON-able: the model's input, output, preprocessing and decoder, and ``assumed``: what nobody declared."""
        ...


@runtime_checkable
class Recalls(Protocol):
    """A task that can say again what an answer was, from the columns that are kept of it."""

    def say_again(self, own: Mapping[str, Any]) -> str:
        """What `VisionTask.say` made of the answer.

        Args:
            own: the task's own columns of the answer's row.
        """
        ...


def ask(task: VisionTask[P], pictures: Sequence[NDArray[np.uint8]], shape: tuple[int, int]) -> list[P]:
    """Answers to pictures of a scene of ``shape`` (height, width), whose cameras may give another size."""
    if all(picture.shape[:2] == shape for picture in pictures):
        return task.predict(pictures)  # all that a task of one's own need know
    return task.predict(pictures, shape)


def primary(task: VisionTask[Any]) -> Metric | None:
    """What a margin on the drop is about: the first of the metrics; None without labels."""
    return task.metrics[0] if task.labelled else None
