"""Retrieval by embeddings: which other pictures are most alike."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType

import numpy as np
import pyarrow as pa
import torch
from numpy.typing import NDArray
from scipy.special import expit

from audit.data import Dataset, Sample
from audit.data.dataset import subset
from audit.decoders.embedding import EmbeddingDecoder
from audit.models.network import Network
from audit.predictions import Embedding
from audit.progress import Progress, Silent
from audit.tasks.decoded import AGREEMENT, DecodedTask
from audit.tasks.mark import Mark
from audit.tasks.metric import Metric
from camsim.errors import CamsimError
from camsim.isp.gamma.srgb import gamma_srgb

Show = Callable[[Sample], NDArray[np.uint8]]
"""How the reference camera shows a sample: (H, W, 3), RGB, 0..255."""

MAX_GALLERY = 2000
"""Pictures in the gallery: evenly over the classes, evenly spaced within each."""

K = 5
WARMTH = 0.1
"""Cosine similarity in which the loss counts a lead."""

SAME = 1e-9
"""Similarities that differ by less are equal: pictures that are twice in the gallery."""


@dataclass(frozen=True)
class Query:
    """What is to be found: pictures of its class, other than itself."""

    sample: str
    target: str


@dataclass(frozen=True)
class Gallery:
    """What is searched in."""

    vectors: NDArray[np.float64]
    """(M, D), of length 1 (or 0)."""
    ids: NDArray[np.str_]
    targets: NDArray[np.str_]
    """Class of each; empty without labels."""
    left_out: int
    """Samples that could not be read or judged."""


class Retrieval(DecodedTask[Embedding]):
    """Every sample, through each camera, is looked for among the samples as the reference camera shows them.

    The gallery is the same for all cameras: at most 2000 samples of the data, embedded when the first mark is asked
    for. With labels the sample itself is taken out of it (leave-one-out), and its class has to be found: the score is 1
    if the nearest is of its class (recall@1); recall@5 counts one among the nearest five, average precision ranks all.
    A sample whose class holds no other in the gallery cannot be judged.

    The agreement is the cosine similarity to the embedding under the reference, 0 where that is negative. A flip: the
    nearest picture of the gallery, here with the sample itself, is of another class than for the embedding under the
    reference; without labels, it is another picture. There is no confidence. The loss is
    sigmoid((best other class - best own class) / 0.1) of similarities, or without labels 1 - agreement. Of equally near
    pictures the wrong ones come first. A vector of zeros resembles nothing, but agrees with itself.
    """

    key = "retrieval"
    title = "Retrieval"
    score_title = "recall@1"
    columns = MappingProxyType({"hit_5": pa.float64(), "average_precision": pa.float64()})

    def __init__(self, network: Network, decoder: EmbeddingDecoder, data: Dataset, show: Show | None = None) -> None:
        """
        Args:
            network: gives raw outputs.
            decoder: reads them.
            data: labelled with a class for each sample, or not at all.
            show: how the reference camera shows a sample; None: the scene as it is, encoded as sRGB in 8 bits.

        Raises:
            CamsimError: the model cannot run or be read so.
        """
        super().__init__(network, decoder, data, "class")
        self.classes = None
        self._show = show or plain
        targets = [sample.target for sample in data.samples]
        self._chosen = [data.samples[place] for place in subset(targets, MAX_GALLERY)]
        self.settle({"data": data.sha256, "gallery": "plain sRGB" if show is None else "reference camera"})
        self.metrics = (
            Metric("recall_1", "Recall@1", "rate", ("score",)),
            Metric("recall_5", "Recall@5", "rate", ("hit_5",)),
            Metric("map", "Mean average precision", "mean", ("average_precision",)),
            AGREEMENT,
        )

    def through(self, show: Show) -> Retrieval:
        """The same, searching pictures of that camera."""
        assert isinstance(self.decoder, EmbeddingDecoder)
        other = Retrieval(self.network, self.decoder, self.data, show)
        other.guesses = self.guesses
        return other

    @cached_property
    def gallery(self) -> Gallery:
        """Built by running the model on every sample of it, unless `fill_gallery` did.

        Raises:
            CamsimError: none of its samples can be read and judged.
        """
        return self._embedded(Silent())

    def fill_gallery(self, progress: Progress) -> None:
        """Build the gallery now, telling how far it has come. CamsimError: see `gallery`."""
        if "gallery" not in self.__dict__:
            self.gallery = self._embedded(progress)

    def _embedded(self, progress: Progress) -> Gallery:
        progress.start("Gallery", len(self._chosen))
        vectors: list[NDArray[np.float64]] = []
        kept: list[Sample] = []
        problem = ""
        for sample in self._chosen:
            progress.advance(1)
            try:
                (answer,) = self.predict([self._show(sample)])
            except CamsimError as error:
                problem = problem or str(error)
                continue
            vector = unit(answer.vector)
            if vectors and vector.shape != vectors[0].shape:
                problem = problem or f"{sample.id}: its vector has {vector.size} numbers, others {vectors[0].size}"
                continue
            vectors.append(vector)
            kept.append(sample)
        if not kept:
            raise CamsimError(f"no sample can be put into the gallery; the first: {problem}")
        return Gallery(
            np.stack(vectors),
            np.array([sample.id for sample in kept]),
            np.array([sample.target or "" for sample in kept]),
            len(self._chosen) - len(kept),
        )

    @cached_property
    def _sizes(self) -> dict[str, set[str]]:
        """Ids in the gallery, by class."""
        members: dict[str, set[str]] = {}
        for sample in self._chosen:
            members.setdefault(sample.target or "", set()).add(sample.id)
        return members

    def truth(self, sample: Sample, shape: tuple[int, int]) -> Query | None:
        """The sample's id and class."""
        if not self.labelled:
            return None
        if sample.target is None:
            raise CamsimError(f"{sample.id}: has no class; label it, leave it out, or audit without labels")
        if not self._sizes.get(sample.target, set()) - {sample.id}:
            raise CamsimError(f"{sample.id}: no other sample of the gallery is a {sample.target!r}: nothing to find")
        return Query(sample.id, sample.target)

    def mark(self, answer: Embedding, reference: Embedding, truth: Query | None) -> Mark:
        mine, expected = unit(answer.vector), unit(reference.vector)
        length = self.gallery.vectors.shape[1]
        if not mine.size == expected.size == length:
            raise CamsimError(
                f"{self.name}: its vectors have {mine.size} and {expected.size} numbers, the gallery's {length}; if it "
                "is made for pictures of one size, declare input_size"
            )
        same = np.array_equal(answer.vector, reference.vector)
        agreement = 1.0 if same else float(np.clip(mine @ expected, 0.0, 1.0))
        likeness = self.gallery.vectors @ mine
        before = int((self.gallery.vectors @ expected).argmax())
        names = self.gallery.targets if self.labelled else self.gallery.ids
        flip = not same and bool(likeness[names == names[before]].max() < likeness.max() - SAME)
        if truth is None:
            return Mark(None, agreement, flip, None, 1 - agreement, dict.fromkeys(self.columns))
        others = self.gallery.ids != truth.sample
        near, right = likeness[others], self.gallery.targets[others] == truth.target
        if not right.any():
            raise CamsimError(f"no other sample of the gallery that could be read is a {truth.target!r}")
        found = right[np.lexsort((right, -near))]
        lead = near[~right].max(initial=-1.0) - near[right].max()
        return Mark(
            score=float(found[0]),
            agreement=agreement,
            flip=flip,
            confidence=None,
            loss=float(expit(lead / WARMTH)),
            own={"hit_5": float(found[:K].any()), "average_precision": average_precision(found)},
        )

    def say(self, answer: Embedding) -> str:
        """``nearest: cats/07.png``."""
        return f"nearest: {self.gallery.ids[(self.gallery.vectors @ unit(answer.vector)).argmax()]}"

    def describe(self) -> dict[str, object]:
        gallery = self.gallery
        counts = {"pictures": len(gallery.ids), "left_out": gallery.left_out}
        return super().describe() | {"gallery": counts}


def unit(vector: NDArray[np.float64]) -> NDArray[np.float64]:
    """Of length 1, or of zeros where it is."""
    length = float(np.linalg.norm(vector))
    return vector / length if length > 0 else vector


def average_precision(found: NDArray[np.bool_]) -> float:
    """Mean, over the right ones in a ranking (M,), of the share of right ones up to each."""
    ranks = np.flatnonzero(found) + 1
    return float((np.arange(1, len(ranks) + 1) / ranks).mean())


def plain(sample: Sample) -> NDArray[np.uint8]:
    """The scene encoded as sRGB, without any camera."""
    encoded = gamma_srgb(sample.load().clamp(0.0, 1.0))
    picture: NDArray[np.uint8] = (encoded * 255).round().to(torch.uint8).permute(1, 2, 0).contiguous().numpy()
    return picture
