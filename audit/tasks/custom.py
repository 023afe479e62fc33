"""A task of the user's own: how a picture is answered, and what an answer is worth."""

from __future__ import annotations

import hashlib
import inspect
import json
import math
import reprlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any, cast

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from audit.data import Dataset, Sample
from audit.frame import Frame, Shape
from audit.models.network import Network
from audit.tasks.decoded import AGREEMENT
from audit.tasks.mark import Mark
from audit.tasks.metric import Metric
from camsim.errors import CamsimError

Predict = Callable[[NDArray[np.uint8]], Any]
"""A picture (H, W, 3), RGB, 0..255 -> an answer of any kind."""
Decode = Callable[[Mapping[str, NDArray[Any]], Frame], Any]
"""A network's outputs for one picture, and how it was laid into the input -> an answer of any kind."""
Score = Callable[[Any, Any], float]
"""Two answers, or an answer and a truth -> in [0, 1], 1 = right, or the same."""

_Answer = Callable[[NDArray[np.uint8], Shape | None], Any]

FLIP_BELOW = 0.5


class CustomTask:
    """Answers of any kind, judged by functions that the user gives.

    The score of a sample is ``score(answer, truth)``: the truth is what the data say (a class of `audit.data.truth`),
    or the name of the sample's class. The agreement is ``agreement(answer, reference)``, of answers that are equal too:
    it has to be 1 then. A flip is an agreement below ``flip_below``. The loss is 1 - score, or without labels
    1 - agreement. Without ``score`` nothing is labelled.

    The functions run in this process with all its rights. What they raise becomes the error of that cell.
    """

    key = "custom"
    title = "Custom task"
    score_title = "score"
    columns: Mapping[str, pa.DataType] = MappingProxyType({})
    further: tuple[Metric, ...] = ()

    def __init__(
        self,
        model: Predict | Network,
        data: Dataset,
        *,
        agreement: Score,
        score: Score | None = None,
        decode: Decode | None = None,
        name: str | None = None,
        sha256: str | None = None,
        flip_below: float = FLIP_BELOW,
    ) -> None:
        """
        Args:
            model: a function of a picture; or a network, and then ``decode`` is needed.
            data: what is to be answered.
            agreement: of an answer with that under the reference camera, in [0, 1].
            score: of an answer with the truth, in [0, 1]; None: not measured.
            decode: from the network's outputs to an answer.
            name: of the model, for reports; None: the network's, or the function's.
            sha256: of all that decides the answers of a function, such as weights that it loads; None: of the file of
                code in which it stands. Needed for an object that can be called.
            flip_below: agreement below which a user would call it another answer.

        Raises:
            CamsimError: a function where a network is meant, or a limit outside [0, 1].
        """
        if not 0 < flip_below <= 1:
            raise CamsimError(f"flip_below must lie in (0, 1], got {flip_below}")
        self._answer = _of_function(model) if decode is None else _of_network(model, decode)
        self._score, self._agreement, self._flip_below = score, agreement, flip_below
        self._network = None if decode is None else cast(Network, model)
        self.data = data
        self.name = name or (where(model) if self._network is None else self._network.name)
        self.classes = None if self._network is None else self._network.classes
        labelled = data.truth is not None or data.class_names is not None
        self.labelled = score is not None and labelled
        functions: list[object] = [function for function in (agreement, score, decode) if function is not None]
        if sha256 is None:
            sha256 = code_sha256(model) if self._network is None else self._network.sha256
        parts = [sha256, str(flip_below), *map(code_sha256, functions)]
        self.sha256 = hashlib.sha256(json.dumps(parts).encode()).hexdigest()
        self.metrics: tuple[Metric, ...] = (Metric("score", "Score", "mean", ("score",)), AGREEMENT)

    def predict(self, pictures: Sequence[NDArray[np.uint8]], shape: Shape | None = None) -> list[Any]:
        """The answers to N pictures (H, W, 3); each by itself.

        Args:
            pictures: as cameras hand them out.
            shape: of the scene that they show; the frame that ``decode`` is given leads back to its pixels. A function
                of a picture is not told.

        Raises:
            CamsimError: the function fails.
        """
        return [self._answer(picture, shape) for picture in pictures]

    def truth(self, sample: Sample, shape: tuple[int, int]) -> Any:
        """What the data say, in pixels of a picture of ``shape``, or the class's name; None without labels."""
        if not self.labelled:
            return None
        found = sample.load_truth(shape)
        if found is None and sample.target is None:
            raise CamsimError(f"{sample.id}: has no label; label it, leave it out, or audit without labels")
        return sample.target if found is None else found

    def mark(self, answer: Any, reference: Any, truth: Any) -> Mark:
        agreement = _fraction(self._agreement, answer, reference)
        score = None if truth is None or self._score is None else _fraction(self._score, answer, truth)
        loss = 1 - (agreement if score is None else score)
        return Mark(score, agreement, agreement < self._flip_below, None, loss, {})

    def say(self, answer: Any) -> str:
        """As Python shows it, cut short."""
        shown: str = _called(reprlib.repr, answer)
        return shown

    def describe(self) -> dict[str, object]:
        """JSON-able: where the functions stand."""
        score = None if self._score is None else where(self._score)
        functions: dict[str, object] = {
            "agreement": where(self._agreement),
            "score": score,
            "flip_below": self._flip_below,
        }
        return functions if self._network is None else {**self._network.describe(), **functions}


def code_sha256(function: object) -> str:
    """SHA-256 (hex) of the file of code in which a function stands, with its name; without a file, of its code.

    Raises:
        CamsimError: it is no Python function: an object may hold anything, such as weights.
    """
    code = getattr(inspect.unwrap(function) if callable(function) else function, "__code__", None)
    if not inspect.iscode(code):
        raise CamsimError(f"{where(function)} is no Python function, whose code could be hashed; give 'sha256'")
    digest = hashlib.sha256(where(function).encode())
    file = Path(code.co_filename)
    if file.is_file():
        digest.update(file.read_bytes())
    else:
        constants = [constant for constant in code.co_consts if not inspect.iscode(constant)]
        digest.update(code.co_code + repr((code.co_names, code.co_varnames, constants)).encode())
    return digest.hexdigest()


def where(function: object) -> str:
    """``module.function``, for messages."""
    named = function if hasattr(function, "__qualname__") else type(function)
    return f"{getattr(named, '__module__', '?')}.{getattr(named, '__qualname__', '?')}"


def _of_network(model: Any, decode: Decode) -> _Answer:
    if not (hasattr(model, "run") and hasattr(model, "frame")):
        raise CamsimError(f"'decode' reads a network's outputs, but {where(model)} is none")

    def answer(picture: NDArray[np.uint8], scene: Shape | None) -> Any:
        (outputs,) = model.run([picture])
        frame = model.frame((picture.shape[0], picture.shape[1]))
        return _called(decode, outputs, frame if scene is None else frame.of_scene(scene))

    return answer


def _of_function(model: Any) -> _Answer:
    if not callable(model):
        raise CamsimError(f"{where(model)} is no function of a picture; a network needs 'decode' as well")
    return lambda picture, scene: _called(model, picture)


def _called(function: Callable[..., Any], *given: Any) -> Any:
    try:
        return function(*given)
    except CamsimError:
        raise
    except Exception as error:
        raise CamsimError(f"{where(function)} failed: {type(error).__name__}: {error}") from error


def _fraction(function: Score, answer: Any, other: Any) -> float:
    found = _called(function, answer, other)
    try:
        value = float(found)
    except (TypeError, ValueError):
        value = math.nan
    if not 0 <= value <= 1:
        shown = repr(found)
        raise CamsimError(f"{where(function)} must give a number in [0, 1], got {shown[:80]}")
    return value
