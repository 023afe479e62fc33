"""Segmentation outputs in every form give the same classes, and are refused where they are not what was declared."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from pydantic import TypeAdapter, ValidationError
from scipy.special import softmax

from audit.decoders import AnyDecoder, ClassMapDecoder, TextMapDecoder
from audit.frame import Frame
from camsim.errors import CamsimError

FRAME = Frame.unchanged((6, 8))
LOGITS = np.random.default_rng(0).normal(0, 3, (4, 6, 8)).astype(np.float32)


def decoded(values: NDArray[Any], frame: Frame = FRAME, **fields: Any) -> Any:
    return ClassMapDecoder(**fields).decode({"output": values}, frame)


def test_every_form_gives_the_same_classes() -> None:
    best, chances = LOGITS.argmax(axis=0), softmax(LOGITS, axis=0)
    answers = [
        decoded(LOGITS),
        decoded(LOGITS.astype(np.float64), holds="logits"),
        decoded(np.moveaxis(LOGITS, 0, -1), channels="last"),
        decoded(chances, holds="probabilities"),
    ]
    for answer in answers:
        np.testing.assert_array_equal(answer.indices, best)
        assert answer.confidence == pytest.approx(chances.max(axis=0).mean(), abs=1e-6)
    index_map = decoded(best.astype(np.int64), holds="indices")
    np.testing.assert_array_equal(index_map.indices, best)
    assert np.isnan(index_map.confidence)
    np.testing.assert_array_equal(decoded(best[None].astype(np.float32), holds="indices").indices, best)


def test_one_channel_is_the_chance_of_the_second_class() -> None:
    logits = np.array([[-3.0, -0.1, 0.0, 2.0]])
    frame = Frame.unchanged((1, 4))
    np.testing.assert_array_equal(decoded(logits, frame).indices, [[0, 0, 1, 1]])
    np.testing.assert_array_equal(decoded(logits[None], frame, threshold=0.8).indices, [[0, 0, 0, 1]])
    chances = np.array([[0.1, 0.29, 0.3, 0.9]])
    text = TextMapDecoder().decode({"maps": chances[None]}, frame)
    np.testing.assert_array_equal(text.indices, [[0, 0, 1, 1]])
    assert text.confidence == pytest.approx(np.mean([0.9, 0.71, 0.3, 0.9]))


def test_scores_are_resized_before_the_best_is_taken() -> None:
    """Two classes that meet between cells: a resized argmax would put the border at the middle, the scores do not."""
    logits = np.array([[[4.0, -4.0]], [[0.0, 0.0]]])
    answer = decoded(logits, Frame((1, 8), (1, 2), (1, 2), 0, 0))
    np.testing.assert_array_equal(answer.indices, [[0, 0, 0, 0, 1, 1, 1, 1]])
    tilted = np.concatenate([logits[:1], logits[1:] + 2])
    uneven = decoded(tilted, Frame((1, 8), (1, 2), (1, 2), 0, 0))
    np.testing.assert_array_equal(uneven.indices, [[0, 0, 0, 1, 1, 1, 1, 1]])


def test_a_tie_goes_to_the_first_class() -> None:
    assert (decoded(np.full((3, 6, 8), 7.0)).indices == 0).all()


def test_what_a_crop_cut_away_is_no_class() -> None:
    answer = decoded(LOGITS, Frame((6, 16), (6, 8), (6, 16), 0, -4))
    assert (answer.indices[:, :4] == -1).all()
    assert (answer.indices[:, 12:] == -1).all()
    np.testing.assert_array_equal(answer.indices[:, 4:12], LOGITS.argmax(axis=0))


@pytest.mark.parametrize(
    ("values", "fields", "message"),
    [
        (np.where(LOGITS.max() == LOGITS, np.nan, LOGITS), {}, "NaN or infinity"),
        (softmax(LOGITS, axis=0), {}, "declare 'holds: probabilities'"),
        (LOGITS, {"holds": "probabilities"}, "declared as probabilities"),
        (LOGITS[0], {"holds": "probabilities"}, "if they are logits"),
        (LOGITS, {"holds": "indices"}, "class indices"),
        (LOGITS[0], {"holds": "indices"}, "other numbers than 0, 1, 2"),
        (LOGITS, {"output": "mask"}, "no output 'mask'"),
        (np.zeros((2, 3, 4, 5)), {}, "2x3x4x5"),
        (np.zeros((1001, 2, 2)), {}, "channels: last"),
        (np.array([["a"]]), {}, "not numbers"),
    ],
    ids=lambda given: given if isinstance(given, str) else "",
)
def test_what_cannot_be_read_is_refused(values: NDArray[Any], fields: dict[str, Any], message: str) -> None:
    with pytest.raises(CamsimError, match=message):
        decoded(values, **fields)


def test_a_single_channel_of_probabilities_is_noticed() -> None:
    between, outside = {"o": np.random.default_rng(0).random((6, 8))}, {"o": LOGITS[0]}
    ClassMapDecoder().check_assumed([between, outside])
    ClassMapDecoder(holds="probabilities").check_assumed([between, between])
    with pytest.raises(CamsimError, match="for all test pictures its numbers lie in"):
        ClassMapDecoder().check_assumed([between, between])


def test_several_outputs_need_a_name() -> None:
    outputs = {"out": LOGITS, "aux": -LOGITS}
    with pytest.raises(CamsimError, match=r"2 outputs \('out', 'aux'\)"):
        ClassMapDecoder().decode(outputs, FRAME)
    answer = ClassMapDecoder(output="aux").decode(outputs, FRAME)
    np.testing.assert_array_equal(answer.indices, (-LOGITS).argmax(axis=0))


def test_a_sidecar_can_declare_every_decoder() -> None:
    kinds = {
        "class_map",
        "text_map",
        "label_chances",
        "values",
        "embedding",
        "depth",
        "heatmaps",
        "coordinates",
        "simcc",
        "ctc",
    }
    for kind in kinds:
        decoder = TypeAdapter(AnyDecoder).validate_python({"kind": kind})
        assert decoder.kind == kind
        with pytest.raises(ValidationError, match="extra_forbidden"):
            TypeAdapter(AnyDecoder).validate_python({"kind": kind, "no_such": 1})
