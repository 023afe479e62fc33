"""Retrieval figures against torchmetrics, and how the gallery is made."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torchmetrics.functional.retrieval import retrieval_average_precision, retrieval_hit_rate

from audit.decoders import EmbeddingDecoder
from audit.predictions import Embedding
from audit.tasks import retrieval
from audit.tasks.retrieval import Retrieval
from camsim.errors import CamsimError

from .simple import Simple, dataset, grey

COUNT = 30
RNG = np.random.default_rng(0)
CLASSES = ("a", "b", "c")
TARGETS = [CLASSES[place % 3] for place in range(COUNT)]
VECTORS = np.eye(3, 8)[np.arange(COUNT) % 3] + RNG.normal(0, 0.6, (COUNT, 8))
QUERIES = VECTORS + RNG.normal(0, 0.4, VECTORS.shape)
UNITS = VECTORS / np.linalg.norm(VECTORS, axis=1, keepdims=True)


def shown(sample: Any) -> NDArray[np.uint8]:
    return grey(int(sample.id[1:]))


def build(labelled: bool = True, targets: Any = TARGETS, **given: Any) -> Retrieval:
    network = Simple(lambda picture: VECTORS[int(picture[0, 0, 0]) % COUNT])
    data = dataset([None] * COUNT, None, CLASSES if labelled else None, targets if labelled else None)
    return Retrieval(network, EmbeddingDecoder(), data, **{"show": shown, **given})


def marks(task: Retrieval, queries: NDArray[np.float64] = QUERIES) -> list[Any]:
    return [
        task.mark(Embedding(query), Embedding(vector), task.truth(sample, (16, 16)))
        for query, vector, sample in zip(queries, VECTORS, task.data.samples, strict=True)
    ]


def test_figures_are_those_of_torchmetrics_leaving_the_query_out() -> None:
    for place, mark in enumerate(marks(build())):
        others = np.arange(COUNT) != place
        likeness = torch.from_numpy(UNITS[others] @ (QUERIES[place] / np.linalg.norm(QUERIES[place])))
        right = torch.tensor([TARGETS[other] == TARGETS[place] for other in np.flatnonzero(others)])
        assert mark.score == float(retrieval_hit_rate(likeness, right, top_k=1))
        assert mark.own["hit_5"] == float(retrieval_hit_rate(likeness, right, top_k=5))
        # Shifted, since torchmetrics takes what is not above 0 for wrong.
        expected = float(retrieval_average_precision(likeness + 2, right))
        assert mark.own["average_precision"] == pytest.approx(expected, abs=1e-6)


def test_the_loss_is_half_where_two_classes_are_equally_near() -> None:
    lead = [mark.loss - 0.5 for mark in marks(build())]
    hits = [mark.score for mark in marks(build())]
    assert all((excess < 0) == bool(hit) for excess, hit in zip(lead, hits, strict=True))


def test_agreement_is_the_cosine_and_a_flip_another_nearest_class_or_picture() -> None:
    for labelled in (True, False):
        for place, mark in enumerate(marks(build(labelled))):
            cosine = UNITS[place] @ QUERIES[place] / np.linalg.norm(QUERIES[place])
            assert mark.agreement == pytest.approx(max(0.0, cosine))
            nearest = int((UNITS @ QUERIES[place]).argmax())
            assert mark.flip == (TARGETS[nearest] != TARGETS[place] if labelled else nearest != place)
    # Twice as long is the same direction: nothing has changed.
    for mark in marks(build(), 2 * VECTORS):
        assert mark.agreement == pytest.approx(1.0)
        assert not mark.flip


def test_equal_vectors_find_nothing() -> None:
    task = build()
    task.network.function = lambda picture: np.ones(8)  # type: ignore[attr-defined]
    found = marks(task, np.ones_like(QUERIES))
    assert {mark.score for mark in found} == {0.0}
    assert {mark.flip for mark in found} == {False}
    zeros = task.mark(Embedding(np.zeros(8)), Embedding(np.zeros(8)), None)
    assert (zeros.agreement, zeros.flip) == (1.0, False)
    assert task.mark(Embedding(np.zeros(8)), Embedding(np.ones(8)), None).agreement == 0.0


def test_the_gallery_is_what_the_given_camera_shows() -> None:
    seen = []

    def show(sample: Any) -> NDArray[np.uint8]:
        seen.append(sample.id)
        return shown(sample)

    task = build(show=show)
    assert not seen  # nothing is run before it is needed
    marks(task)
    assert seen == [sample.id for sample in task.data.samples]
    np.testing.assert_allclose(task.gallery.vectors, UNITS)
    other = task.through(lambda sample: grey(0))
    np.testing.assert_allclose(other.gallery.vectors, np.broadcast_to(UNITS[0], UNITS.shape))
    assert build().sha256 == task.sha256


def test_without_a_camera_the_gallery_is_the_scenes_in_srgb() -> None:
    task = build(show=None)
    level = round(255 * (1.055 * (0.03 ** (1 / 2.4)) - 0.055))
    sample = task.data.samples[29]  # its scene is 30 / 1000
    picture = retrieval.plain(sample)
    assert picture.shape == (16, 16, 3)
    assert (picture == level).all()
    np.testing.assert_allclose(task.gallery.vectors[29], UNITS[level % COUNT])
    assert task.describe()["gallery"] == {"pictures": COUNT, "left_out": 0}
    assert task.sha256 != build().sha256


def test_a_large_gallery_is_taken_evenly_from_the_classes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retrieval, "MAX_GALLERY", 6)
    gallery = build().gallery
    assert sorted(gallery.targets) == ["a", "a", "b", "b", "c", "c"]


def test_what_cannot_be_shown_is_left_out_and_counted() -> None:
    def show(sample: Any) -> NDArray[np.uint8]:
        if sample.id < "s010":
            raise CamsimError("s000: is broken")
        return shown(sample)

    assert build(show=show).describe()["gallery"] == {"pictures": 20, "left_out": 10}

    def none(sample: Any) -> NDArray[np.uint8]:
        raise CamsimError(f"{sample.id}: is broken")

    with pytest.raises(CamsimError, match="the first: s000: is broken"):
        marks(build(show=none))


def test_a_sample_without_another_of_its_class_is_refused() -> None:
    task = build(targets=["b", *["a", "c"] * 14, "a"])
    with pytest.raises(CamsimError, match="s000: no other sample of the gallery is a 'b'"):
        task.truth(task.data.samples[0], (16, 16))


def test_filling_the_gallery_tells_how_far_it_has_come_and_happens_once() -> None:
    told: list[object] = []

    class Told:
        def start(self, what: str, total: int) -> None:
            told.append((what, total))

        def advance(self, steps: int) -> None:
            told.append(steps)

    task = build()
    task.fill_gallery(Told())
    assert told == [("Gallery", COUNT), *[1] * COUNT]
    task.fill_gallery(Told())
    assert len(told) == 1 + COUNT
    np.testing.assert_array_equal(task.gallery.vectors, build().gallery.vectors)
