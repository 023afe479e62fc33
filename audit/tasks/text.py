"""Text recognition: what is written there."""

from __future__ import annotations

import unicodedata
from types import MappingProxyType

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from rapidfuzz.distance import Levenshtein

from audit.data import Dataset, Sample
from audit.data.truth import Text
from audit.decoders.ctc import CtcDecoder
from audit.models.network import Network
from audit.predictions import Reading
from audit.tasks.decoded import AGREEMENT, DecodedTask, or_none, ratio
from audit.tasks.mark import Mark
from audit.tasks.metric import Columns, Metric
from camsim.errors import CamsimError


class TextTask(DecodedTask[Reading]):
    """Texts are compared character by character, as code points after Unicode normalisation NFC. Case counts, and so do
    blanks, but for those at the ends.

    The score of a sample is 1 - edit distance / length of the truth, at least 0; of an empty truth 1 for an empty
    reading, else 0. The agreement is that against the reading under the reference. A flip is another text. The
    confidence is that of the reading. The loss is ((1 - score) L + d) / (L + 1), where L is the length of the truth and
    d = 1 - confidence: of two readings with as many errors, the surer one has the lower loss. Without labels it is the
    same of the agreement, and d = 1 - confidence / confidence under the reference, at least 0. Searches raise
    a loss with a slope, `audit.tasks.smooth.reading`.

    The character error rate over samples is the sum of distances over the sum of lengths; it can exceed 1. The edit
    similarity is 1 - distance / length of the longer text, averaged over samples; 1 for two empty texts.
    """

    key = "text"
    title = "Text recognition"
    score_title = "1 - character error rate"
    columns = MappingProxyType(
        {
            "text": pa.string(),
            "truth": pa.string(),
            "distance": pa.int32(),
            "length": pa.int32(),
            "exact": pa.float64(),
            "similarity": pa.float64(),
        }
    )

    def __init__(self, network: Network, decoder: CtcDecoder, data: Dataset) -> None:
        """
        Raises:
            CamsimError: the model cannot run or be read so, or its characters are not known.
        """
        if decoder.task == self.key and decoder.characters is None and network.classes is not None:
            decoder = decoder.model_copy(update={"characters": network.classes})
        super().__init__(network, decoder, data, "text")
        self.classes = None
        self.metrics = (
            Metric("cer", "Character error rate", "aggregate", ("distance", "length"), better="lower", aggregate=cer),
            Metric("exact_match", "Exact match", "rate", ("exact",)),
            Metric("edit_similarity", "Edit similarity", "mean", ("similarity",)),
            AGREEMENT,
        )

    def truth(self, sample: Sample, shape: tuple[int, int]) -> str | None:
        """The text, NFC."""
        if not self.labelled:
            return None
        found = sample.load_truth(shape)
        if not isinstance(found, Text):
            raise CamsimError(f"{sample.id}: has no text; label it, leave it out, or audit without labels")
        return normal(found.text)

    def mark(self, answer: Reading, reference: Reading, truth: str | None) -> Mark:
        text, expected = normal(answer.text), normal(reference.text)
        agreement = worth(text, expected)
        confidence, before = or_none(answer.confidence), or_none(reference.confidence)
        own: dict[str, object] = {**dict.fromkeys(self.columns), "text": text}
        if truth is None:
            doubt = 0.0 if confidence is None or not before else max(0.0, 1 - confidence / before)
            return Mark(None, agreement, text != expected, confidence, _loss(agreement, doubt, expected), own)
        score = worth(text, truth)
        own |= {
            "truth": truth,
            "distance": Levenshtein.distance(text, truth),
            "length": len(truth),
            "exact": float(text == truth),
            "similarity": Levenshtein.normalized_similarity(text, truth),
        }
        doubt = 0.0 if confidence is None else 1 - confidence
        return Mark(score, agreement, text != expected, confidence, _loss(score, doubt, truth), own)

    def say(self, answer: Reading) -> str:
        """The text, in quotes."""
        return f'"{answer.text}"'


def _loss(right: float, doubt: float, truth: str) -> float:
    length = max(1, len(truth))
    return ((1 - right) * length + doubt) / (length + 1)


def normal(text: str) -> str:
    """As it is compared: NFC, so that a letter with its accent is one character however typed; no outer blanks."""
    return unicodedata.normalize("NFC", text).strip()


def worth(text: str, truth: str) -> float:
    """1 - edit distance / length of the truth, at least 0; of an empty truth 1 for an empty text, else 0."""
    if not truth:
        return float(not text)
    return max(0.0, 1 - Levenshtein.distance(text, truth) / len(truth))


def cer(columns: Columns, weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """Sum of edit distances over the sum of lengths; NaN where all truths drawn are empty."""
    distance, length = (np.asarray(columns[key], dtype=np.float64) for key in ("distance", "length"))
    return ratio(weights @ distance, weights @ length)
