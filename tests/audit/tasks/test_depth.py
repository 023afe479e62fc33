"""Depth figures by their definitions; alignment against numpy's least squares."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from audit.data.truth import Depth
from audit.decoders import DepthDecoder
from audit.predictions import DepthMap
from audit.tasks.depth import DepthTask, least_squares, median_ratio, ratios, squared_correlation
from camsim.errors import CamsimError

from .simple import Simple, dataset

SHAPE = (12, 14)
RNG = np.random.default_rng(0)
METRES = RNG.uniform(1, 20, SHAPE).astype(np.float32)
METRES[:2] = np.nan
METRES[3, 3] = 0.0  # a sensor's way to say nothing
KNOWN = np.isfinite(METRES) & (METRES > 0)


def build(truth: Any = METRES, **decoder: Any) -> DepthTask:
    data = dataset([Depth(truth)], "depth") if truth is not None else dataset([None], None)
    return DepthTask(Simple(lambda picture: np.ones(picture.shape[:2])), DepthDecoder(**decoder), data)


def marked(task: DepthTask, found: NDArray[Any], reference: NDArray[Any] | None = None) -> Any:
    truth = task.truth(task.data.samples[0], SHAPE)
    answer = DepthMap(found.astype(np.float32))
    return task.mark(answer, answer if reference is None else DepthMap(reference.astype(np.float32)), truth)


def test_figures_are_their_definitions() -> None:
    found = (METRES * RNG.uniform(0.5, 1.6, SHAPE)).astype(np.float32)
    mark = marked(build(), found)
    d, t = found[KNOWN].astype(np.float64), METRES[KNOWN].astype(np.float64)
    assert mark.own["abs_rel"] == pytest.approx(np.mean(np.abs(d - t) / t))
    assert mark.own["rmse"] == pytest.approx(np.sqrt(np.mean((d - t) ** 2)))
    assert mark.score == pytest.approx(np.mean(np.maximum(d / t, t / d) < 1.25))
    assert 0 < mark.loss < 1


@pytest.mark.parametrize("inverse", [False, True])
def test_a_relative_model_is_aligned(inverse: bool) -> None:
    known = np.where(KNOWN, METRES, 5.0)
    space = 1 / known if inverse else known
    scaled = build(relative="scale", inverse=inverse, farthest=100)
    assert marked(scaled, 13 * space).own["abs_rel"] == pytest.approx(0, abs=1e-5)
    assert marked(scaled, 13 * space + 9).own["abs_rel"] > 0.02
    shifted = build(relative="scale_and_shift", inverse=inverse, farthest=100)
    assert marked(shifted, 13 * space - 4).own["abs_rel"] == pytest.approx(0, abs=1e-5)
    assert marked(build(), 13 * space).own["abs_rel"] > 0.5


def test_least_squares_are_numpys() -> None:
    x, y = RNG.normal(size=(2, 50))
    slope, shift = np.polyfit(x, y, 1)
    np.testing.assert_allclose(least_squares(x, y), slope * x + shift)
    np.testing.assert_allclose(least_squares(np.ones(50), y), np.full(50, y.mean()))
    assert squared_correlation(x, x * 3 + 1) == pytest.approx(1)
    assert squared_correlation(x, -x) == 0
    assert squared_correlation(x, np.ones(50)) == 0
    assert squared_correlation(x, y) == pytest.approx(max(0.0, np.corrcoef(x, y)[0, 1]) ** 2)
    assert median_ratio(np.array([2.0, 4, 6]), np.array([1.0, 2, 3])) == 0.5
    assert median_ratio(np.zeros(3), np.ones(3)) == 1.0


def test_an_aligned_inverse_is_cut_off_at_the_farthest_truth() -> None:
    space = 1 / np.where(KNOWN, METRES, 5.0)
    space[4, 4] = -50.0  # aligned, far below 0
    mark = marked(build(relative="scale_and_shift", inverse=True), space)
    assert np.isfinite(mark.own["rmse"])
    assert mark.own["rmse"] <= np.nanmax(METRES)


def test_depth_that_is_not_above_0_is_wrong() -> None:
    np.testing.assert_array_equal(ratios(np.array([-1.0, 0, 2, 4]), np.array([1.0, 1, 2, 2])), [0, 0, 1, 0.5])
    mark = marked(build(), np.where(KNOWN, -METRES, 1.0))
    assert (mark.score, mark.loss) == (0.0, 1.0)


def test_agreement_of_relative_models_does_not_see_what_is_unknown() -> None:
    base = RNG.uniform(1, 9, SHAPE)
    assert marked(build(None), 2 * base, base).agreement == 0
    assert marked(build(None, relative="scale"), 2 * base, base).agreement == 1
    assert marked(build(None, relative="scale"), 2 * base + 30, base).agreement < 0.9
    assert marked(build(None, relative="scale_and_shift"), 2 * base + 30, base).agreement == pytest.approx(1)
    other = marked(build(None, relative="scale_and_shift"), RNG.uniform(1, 9, SHAPE), base)
    assert other.flip
    assert other.loss == pytest.approx(1 - other.agreement)
    constant = np.full(SHAPE, 3.0)
    same = marked(build(None, relative="scale_and_shift"), constant, constant)
    assert (same.agreement, same.flip, same.loss) == (1.0, False, 0.0)


def test_pixels_that_were_not_seen_do_not_count() -> None:
    found = METRES.copy()
    found[:, :7] = np.nan
    assert marked(build(), found).score == 1.0
    with pytest.raises(CamsimError, match="preprocessing crops them away"):
        marked(build(), np.full(SHAPE, np.nan), METRES)
    with pytest.raises(CamsimError, match="what it is compared with"):
        marked(build(), METRES[:5], METRES[:5])


def test_a_truth_without_a_known_pixel_is_refused() -> None:
    task = build(np.full(SHAPE, np.nan, dtype=np.float32))
    with pytest.raises(CamsimError, match="s000: the depth of none"):
        task.truth(task.data.samples[0], SHAPE)


def sketched(task: DepthTask, found: NDArray[Any], reference: NDArray[Any]) -> list[Any]:
    truth = task.data.samples[0].load_truth(SHAPE) if task.labelled else None
    answers = [DepthMap(one.astype(np.float32)) for one in (reference, found)]
    return [None if one is None else one.distances for one in task.sketches(*answers, truth, SHAPE)]


@pytest.mark.parametrize("inverse", [False, True])
def test_maps_of_a_relative_model_are_metres_where_the_truth_is_known(inverse: bool) -> None:
    known = np.where(KNOWN, METRES, 5.0)
    space = 1 / known if inverse else known
    task = build(relative="scale_and_shift", inverse=inverse, farthest=100)
    before, after, truth = sketched(task, 13 * space - 4, 2 * space)
    for found in (before, after):
        np.testing.assert_allclose(found.values, known, rtol=1e-4)  # also where the truth is not known
        assert (found.unit, found.inverse) == ("m", False)
    np.testing.assert_array_equal(truth.values, np.where(KNOWN, METRES, np.nan).astype(np.float32))


def test_without_a_truth_the_device_is_brought_to_the_reference() -> None:
    space = RNG.uniform(1, 9, SHAPE)
    before, after, truth = sketched(build(None, relative="scale_and_shift", inverse=True), 3 * space + 1, space)
    assert truth is None
    assert (after.unit, after.inverse) == ("", True)
    np.testing.assert_allclose(after.values, before.values, rtol=1e-5)
    np.testing.assert_array_equal(before.values, space.astype(np.float32))
    before, after, _ = sketched(build(None), 3 * space, space)
    assert after.unit == "m"
    np.testing.assert_allclose(after.values, 3 * before.values, rtol=1e-5)
