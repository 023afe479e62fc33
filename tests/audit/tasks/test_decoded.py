"""What tasks share that read a network's outputs."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

import audit
from audit.data import Dataset, Sample
from audit.decoders import CoordinatesDecoder, Decoder, EmbeddingDecoder, LabelChancesDecoder, ValuesDecoder
from audit.tasks.keypoints import KeypointsTask
from audit.tasks.multilabel import Multilabel
from audit.tasks.regression import Regression
from audit.tasks.retrieval import Retrieval
from camsim.errors import CamsimError

from .simple import Simple, dataset, grey

BOTH_SIDES = 16, 24
UNLABELLED = dataset([None] * 2, None)


def of_the_size(picture: NDArray[np.uint8]) -> NDArray[np.float64]:
    """As of a network whose last map is flattened: the larger the picture, the more numbers."""
    return np.arange(len(picture), dtype=np.float64) - 5


@pytest.mark.parametrize(
    ("kind", "decoder", "parts"),
    [
        (Regression, ValuesDecoder(scale=(1.0,)), 1),
        (Multilabel, LabelChancesDecoder(holds="logits"), 1),
        (KeypointsTask, CoordinatesDecoder(), 2),
    ],
)
def test_answers_that_grow_with_the_picture_are_refused(kind: Any, decoder: Decoder, parts: int) -> None:
    task = kind(Simple(of_the_size), decoder, UNLABELLED)
    assert task.predict([grey(1, 224)])
    wanted = (
        f"gives {16 // parts} numbers, points or classes for a picture of 16x16, but {224 // parts} for one of 224x224"
    )
    with pytest.raises(CamsimError, match=f"simple: {wanted}; if it is made for one size, declare input_size"):
        task.predict([grey(1, 224), grey(1, 16)])


def test_vectors_of_several_lengths_cannot_be_compared() -> None:
    task = Retrieval(Simple(of_the_size), EmbeddingDecoder(), UNLABELLED)
    short, long = task.predict([grey(1, side) for side in BOTH_SIDES])
    assert task.mark(short, short, None).agreement == 1
    for pair in ((short, long), (long, short), (long, long)):
        with pytest.raises(CamsimError, match="numbers, the gallery's 16; if it is made for pictures of one size"):
            task.mark(*pair, None)


def test_pictures_of_another_size_than_the_first_are_left_out_of_the_gallery() -> None:
    samples = tuple(
        Sample(f"s{place}", None, lambda side=BOTH_SIDES[place > 1]: torch.full((3, side, side), 0.1))
        for place in range(4)
    )
    data = Dataset("sizes", samples, None, "0" * 64, "Two sizes.")
    task = Retrieval(Simple(of_the_size), EmbeddingDecoder(), data)
    assert task.gallery.ids.tolist() == ["s0", "s1"]
    assert task.describe()["gallery"] == {"pictures": 2, "left_out": 2}
    results = audit.run(task, data, profiles="still/nikon-d850", max_flips=0.5).results
    assert results["verdict"] == "INCONCLUSIVE"
    (row,) = results["profiles"][1:]
    assert row["samples"] == 2
    assert "the gallery's 16" in row["errors"][0] or "could not be measured" in row["errors"][0]
