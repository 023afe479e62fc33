"""What tasks share whose answers come from a network's outputs through a decoder."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Any, Generic, TypeVar, cast

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from audit.data import Dataset, Sample
from audit.data.truth import TruthKind
from audit.decoders.decoder import Decoder
from audit.frame import Shape
from audit.models.network import Network
from audit.sketch import Sketch, sketch_answer, sketch_truth
from audit.tasks.mark import Mark
from audit.tasks.metric import Columns, Metric
from camsim.errors import CamsimError

A = TypeVar("A")
"""A class of `audit.predictions`."""

AGREEMENT = Metric("agreement", "Agreement", "mean", ("agreement",), needs_labels=False, against_reference=True)
"""What a task without labels is about: how far the answers are those under the reference camera."""

PROBE = (224, 224)
"""Height and width of the grey picture that a model is tried with."""


class DecodedTask(Generic[A]):
    """A network, the decoder that reads it, and data: see `audit.tasks.vision_task.VisionTask`.

    Subclasses give the class attributes, ``metrics``, `truth` and `mark`.
    """

    key: str
    also: tuple[str, ...] = ()
    """Further tasks whose decoders give answers that will do."""
    title: str
    score_title: str
    columns: Mapping[str, pa.DataType]
    metrics: tuple[Metric, ...]
    guesses: tuple[str, ...] = ()
    """What whoever opened the task took for granted."""
    further: tuple[Metric, ...] = ()
    """The same of each class or number; shown, not judged."""

    def __init__(self, network: Network, decoder: Decoder, data: Dataset, kind: TruthKind) -> None:
        """
        Args:
            network: gives raw outputs.
            decoder: reads them.
            data: labelled with ``kind``, or not at all.
            kind: what the truths have to be.

        Raises:
            CamsimError: the decoder gives other answers, the data say other things, or the model cannot run.
        """
        self.check_decoder(network, decoder)
        self.network, self.decoder, self.data = network, decoder, data
        self.name = network.name
        self.classes: tuple[str, ...] | None = network.classes
        self.labelled = _is_labelled(data, kind, self.key)
        self.settle({})
        # A model that cannot run, or is read wrongly, is found out at once.
        self.first_outputs = self._run([np.full((*PROBE, 3), 128, dtype=np.uint8)])[0]
        self.first_answer = self._decode(self.first_outputs, PROBE)
        try:
            decoder.check_assumed(
                chain([self.first_outputs], (self._run([picture])[0] for picture in _test_pictures()))
            )
        except CamsimError as error:
            raise CamsimError(f"{self.name}: {error}") from error

    @classmethod
    def check_decoder(cls, network: Network, decoder: Decoder) -> None:
        """Refuse one that reads other answers.

        Raises:
            CamsimError: it does.
        """
        if decoder.task not in (cls.key, *cls.also):
            raise CamsimError(f"{network.name}: its decoder gives answers of {decoder.task!r}, not of {cls.key!r}")

    def settle(self, settings: Mapping[str, object]) -> None:
        """State, JSON-able, what else decides a mark, such as a scale taken from the data."""
        self.settings = dict(settings)
        parts = [self.network.sha256, self.key, self.decoder.model_dump(mode="json"), self.settings]
        self.sha256 = hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()

    def assumed(self) -> list[str]:
        """What nobody declared about the marking."""
        return []

    def predict(self, pictures: Sequence[NDArray[np.uint8]], shape: Shape | None = None) -> list[A]:
        """The answers to N pictures (H, W, 3), RGB, 0..255; each by itself.

        Args:
            pictures: as cameras hand them out.
            shape: of the scene in whose pixels the answers are; None: in those of each picture.

        Raises:
            CamsimError: the model fails, or gives what the decoder cannot read, or NaN or infinity.
        """
        outputs = self._run(pictures)
        return [
            self._decode(one, (picture.shape[0], picture.shape[1]), shape)
            for one, picture in zip(outputs, pictures, strict=True)
        ]

    def outputs(self, pictures: Sequence[NDArray[np.uint8]]) -> list[Mapping[str, NDArray[Any]]]:
        """The network's raw outputs for N pictures, as `read` takes them."""
        return self._run(pictures)

    def read(self, outputs: Mapping[str, NDArray[Any]], shape: Shape, scene: Shape | None = None) -> A:
        """The answer in outputs for a picture of ``shape``: in pixels of its scene, or else of the picture."""
        return self._decode(outputs, shape, scene)

    def truth(self, sample: Sample, shape: tuple[int, int]) -> Any:
        """What is right for this sample, in pixels of a picture of ``shape``; None without labels."""
        raise NotImplementedError

    def mark(self, answer: A, reference: A, truth: Any) -> Mark:
        """Compare an answer with the truth and with the answer under the reference camera."""
        raise NotImplementedError

    def say(self, answer: A) -> str:
        """An answer in a few words."""
        raise NotImplementedError

    def sketch(self, answer: A, shape: Shape) -> Sketch | None:
        """What of an answer is drawn over a picture of a scene of ``shape``; None: it does not say where."""
        return sketch_answer(answer, shape, self.named)

    def sketches(
        self, reference: A, answer: A, truth: object, shape: Shape
    ) -> tuple[Sketch | None, Sketch | None, Sketch | None]:
        """What is drawn of the answers on the reference and on a device, and of the truth that the data state."""
        return self.sketch(reference, shape), self.sketch(answer, shape), sketch_truth(truth, shape)

    def named(self, place: int) -> str:
        """A class of the model's output, for people."""
        return f"class {place}" if self.classes is None else self.classes[place]

    def describe(self) -> dict[str, object]:
        """JSON-able: the network's input and outputs, ``decoder``, ``settings``, and ``assumed``."""
        described = self.network.describe()
        known = described.get("assumed", ())
        assumed = [*cast(Sequence[str], known), *self.guesses, *self.decoder.assumed(), *self.assumed()]
        decoder = self.decoder.model_dump(mode="json")
        return {**described, "decoder": decoder, "settings": self.settings, "assumed": assumed}

    def _run(self, pictures: Sequence[NDArray[np.uint8]]) -> list[Mapping[str, NDArray[Any]]]:
        return self.network.run(pictures)

    def parts(self, answer: A) -> int | None:
        """How many numbers, points or classes an answer holds, where all answers hold as many; None: any number."""
        return None

    def _decode(self, outputs: Mapping[str, NDArray[Any]], shape: Shape, scene: Shape | None = None) -> A:
        """What outputs for a picture of ``shape`` mean, in pixels of the scene, or else of the picture."""
        try:
            frame = self.network.frame(shape)
            answer = cast(A, self.decoder.decode(outputs, frame if scene is None else frame.of_scene(scene)))
        except CamsimError as error:
            raise CamsimError(f"{self.name}: {error}") from error
        first = getattr(self, "first_answer", None)
        if first is not None and self.parts(answer) != self.parts(first):
            raise CamsimError(
                f"{self.name}: gives {self.parts(answer)} numbers, points or classes for a picture of "
                f"{shape[1]}x{shape[0]}, but {self.parts(first)} for one of {PROBE[1]}x{PROBE[0]}; if it is made for "
                "one size, declare input_size"
            )
        return answer


def _test_pictures() -> list[NDArray[np.uint8]]:
    """Black, white and noise."""
    noise = np.random.default_rng(0).integers(0, 256, (*PROBE, 3), dtype=np.uint8)
    return [np.zeros_like(noise), np.full_like(noise, 255), noise]


def _is_labelled(data: Dataset, kind: TruthKind, task: str) -> bool:
    found = data.truth or (None if data.class_names is None else "class")
    if found not in (None, kind):
        raise CamsimError(
            f"{data.name} is labelled with {_WORDS[found]}, but the task {task} needs {_WORDS[kind]}; "
            f"give other data, or --truth {kind} if these hold that too, or use --labels none to see only how far "
            "answers change"
        )
    return found is not None


_WORDS: dict[str, str] = {
    "class": "a class for each sample",
    "labels": "any number of classes for each sample",
    "boxes": "boxes",
    "class_map": "a class for each pixel",
    "values": "numbers",
    "keypoints": "keypoints",
    "poses": "objects with keypoints",
    "depth": "depth",
    "text": "text",
}


def stacked(columns: Columns, key: str) -> NDArray[np.float64]:
    """A column of lists of equal length as (N, K)."""
    return np.array([np.asarray(row, dtype=np.float64) for row in columns[key]], dtype=np.float64)


def ratio(above: NDArray[np.float64], below: NDArray[np.float64]) -> NDArray[np.float64]:
    """above / below, NaN where below is 0."""
    out = np.full(np.broadcast_shapes(above.shape, below.shape), np.nan)
    divided: NDArray[np.float64] = np.divide(above, below, out=out, where=below != 0)
    return divided


def mean_defined(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """(R, C) -> (R,): the mean over the columns that are not NaN; NaN where all are."""
    known = ~np.isnan(values)
    return ratio(np.where(known, values, 0.0).sum(axis=1), known.sum(axis=1).astype(np.float64))


def or_none(value: float) -> float | None:
    """NaN as None."""
    return None if np.isnan(value) else value
