"""Numbers, label scores, embeddings and depth: what is read, and what is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from audit.decoders import DepthDecoder, EmbeddingDecoder, LabelChancesDecoder, ValuesDecoder
from audit.frame import Frame
from camsim.errors import CamsimError

FRAME = Frame.unchanged((4, 6))


def decode(decoder: Any, values: Any, frame: Frame = FRAME) -> Any:
    return decoder.decode({"output": np.asarray(values)}, frame)


def test_numbers_get_their_unit_back() -> None:
    np.testing.assert_array_equal(decode(ValuesDecoder(), [[1.0, -2.0]]).numbers, [1, -2])
    np.testing.assert_array_equal(decode(ValuesDecoder(mean=(10, 20), std=(2, 3)), [1.0, -2.0]).numbers, [12, 14])
    one = ValuesDecoder.model_validate({"mean": 5, "std": 2.0})
    np.testing.assert_array_equal(decode(one, [1.0, -2.0]).numbers, [7, 1])
    assert decode(ValuesDecoder(), 3.0).numbers.shape == (1,)
    with pytest.raises(CamsimError, match="'mean' lists 3"):
        decode(ValuesDecoder(mean=(1.0, 2.0, 3.0)), [1.0, 2.0])
    with pytest.raises(ValidationError, match="above 0"):
        ValuesDecoder(std=(0.0,))
    with pytest.raises(ValidationError, match="equally many"):
        ValuesDecoder(mean=(1.0, 2.0), std=(1.0, 2.0, 3.0))


def test_label_scores_pass_a_sigmoid_unless_they_are_probabilities() -> None:
    np.testing.assert_allclose(decode(LabelChancesDecoder(), [0.0, 2.0]).probabilities, [0.5, 0.8807970779778823])
    given = LabelChancesDecoder(holds="probabilities")
    np.testing.assert_allclose(decode(given, [[[0.25]], [[1.0]]]).probabilities, [0.25, 1.0])
    low, high = {"output": np.array([0.25, 1.0])}, {"output": np.array([0.25, 1.1])}
    LabelChancesDecoder().check_assumed([low, high])
    LabelChancesDecoder(holds="logits").check_assumed([low, low])
    with pytest.raises(CamsimError, match="holds: probabilities"):
        LabelChancesDecoder().check_assumed([low, low])
    with pytest.raises(CamsimError, match="holds: logits"):
        decode(given, [0.25, 4.0])
    with pytest.raises(CamsimError, match="a score for each class"):
        decode(given, np.zeros((2, 2)))
    with pytest.raises(ValidationError, match="less than or equal to 1"):
        LabelChancesDecoder(threshold=1.5)


def test_embeddings_are_pooled_as_declared() -> None:
    tokens = np.arange(12.0).reshape(4, 3)
    np.testing.assert_array_equal(decode(EmbeddingDecoder(), [[[1.0]], [[2.0]]]).vector, [1, 2])
    np.testing.assert_array_equal(decode(EmbeddingDecoder(pool="first"), tokens).vector, [0, 1, 2])
    np.testing.assert_array_equal(decode(EmbeddingDecoder(pool="mean"), tokens).vector, tokens.mean(axis=0))
    cells = np.arange(12.0).reshape(3, 2, 2)
    np.testing.assert_array_equal(decode(EmbeddingDecoder(pool="mean"), cells).vector, cells.mean(axis=(1, 2)))
    for decoder, values in ((EmbeddingDecoder(), tokens), (EmbeddingDecoder(pool="first"), cells)):
        with pytest.raises(CamsimError, match="a vector"):
            decode(decoder, values)


def test_depth_is_metres() -> None:
    values = np.linspace(1, 4, 24).reshape(4, 6)
    for shape in [(4, 6), (1, 4, 6), (4, 6, 1)]:
        np.testing.assert_allclose(decode(DepthDecoder(), values.reshape(shape)).metres, values, rtol=1e-6)
    np.testing.assert_allclose(decode(DepthDecoder(scale=0.5, farthest=1.5), values).metres.max(), 1.5)
    np.testing.assert_allclose(decode(DepthDecoder(inverse=True, scale=2), values).metres, 2 / values, rtol=1e-6)
    relative = DepthDecoder(inverse=True, relative="scale_and_shift")
    np.testing.assert_allclose(decode(relative, values - 2).metres, values - 2, atol=1e-6)
    with pytest.raises(CamsimError, match="Declare 'farthest'"):
        decode(DepthDecoder(inverse=True), values - 1)
    with pytest.raises(CamsimError, match="too large for float32; declare 'farthest'"):
        decode(DepthDecoder(inverse=True), np.full((4, 6), 1e-39))
    far = decode(DepthDecoder(inverse=True, farthest=80), values - 1)
    assert far.metres.max() == 80
    with pytest.raises(ValidationError, match="no scale in metres"):
        DepthDecoder(relative="scale", scale=2.0)
    with pytest.raises(CamsimError, match=r"a map \(h, w\)"):
        decode(DepthDecoder(), np.zeros((2, 4, 6)))


def test_depth_that_a_crop_cut_away_is_not_known() -> None:
    metres = decode(DepthDecoder(), np.ones((4, 6)), Frame((4, 10), (4, 6), (4, 10), 0, -2)).metres
    assert np.isnan(metres[:, [0, 1, 8, 9]]).all()
    assert (metres[:, 2:8] == 1).all()


@pytest.mark.parametrize("decoder", [ValuesDecoder(), LabelChancesDecoder(), EmbeddingDecoder(), DepthDecoder()])
def test_nan_is_refused(decoder: Any) -> None:
    with pytest.raises(CamsimError, match="NaN or infinity"):
        decode(decoder, [[1.0, np.nan]])
