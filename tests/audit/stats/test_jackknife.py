from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from numpy.typing import NDArray

from audit.stats.clusters import cluster_indices, is_clustered, totals
from audit.stats.jackknife import MOST_UNITS, leave_out
from audit.tasks.metric import Columns


def quotient(columns: Columns, weights: NDArray[np.float64]) -> NDArray[np.float64]:
    top, bottom = weights @ columns["top"], weights @ columns["bottom"]
    return np.divide(top, bottom, out=np.full(len(top), np.nan), where=bottom > 0)


def columns_of(count: int) -> dict[str, NDArray[np.float64]]:
    rng = np.random.default_rng(count)
    return {"top": rng.random(count), "bottom": 1 + rng.random(count)}


@pytest.mark.parametrize("clusters", [None, list("aabbbcdddddeefghhhii")])
def test_each_unit_is_left_out_in_turn(clusters: list[str] | None) -> None:
    columns = columns_of(20)
    found = leave_out(quotient, columns, 20, clusters)
    members = cluster_indices(clusters, 20)
    assert found.value == columns["top"].sum() / columns["bottom"].sum()
    for unit in range(members.max() + 1):
        kept = members != unit
        assert found.without[unit] == pytest.approx(columns["top"][kept].sum() / columns["bottom"][kept].sum())
        assert found.sizes[unit] == (~kept).sum()


def test_pseudo_values_add_up_to_the_metric() -> None:
    found = leave_out(quotient, columns_of(30), 30, [place // 4 for place in range(30)])
    assert found.pseudo_sums.sum() / 30 == pytest.approx(found.value)


def test_their_spread_is_the_textbook_variance_of_a_quotient() -> None:
    columns = columns_of(400)
    found = leave_out(quotient, columns, 400)
    residual = (columns["top"] - found.value * columns["bottom"]) / columns["bottom"].mean()
    assert found.pseudo_sums.std() == pytest.approx(residual.std(), rel=0.01)


def test_many_samples_are_left_out_in_groups_and_in_little_memory() -> None:
    columns = columns_of(20_000)
    tracemalloc.start()
    found = leave_out(quotient, columns, 20_000)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(found.without) == MOST_UNITS
    assert found.independent == 20_000
    assert found.sizes.sum() == 20_000
    assert set(found.sizes) == {40.0}
    assert peak < 64 * 2**20
    residual = (columns["top"] - found.value * columns["bottom"]) / columns["bottom"].mean()
    assert (found.pseudo_sums / found.sizes).std() == pytest.approx(residual.std() / np.sqrt(40), rel=0.15)


def test_clusters_stay_whole_in_groups() -> None:
    clusters = np.repeat(np.arange(1500), 2)
    found = leave_out(quotient, columns_of(3000), 3000, clusters)
    assert set(found.sizes) == {6.0}
    assert found.independent == found.minus(found).independent == 1500


def test_one_unit_cannot_be_left_out() -> None:
    found = leave_out(quotient, columns_of(5), 5, ["all"] * 5)
    assert np.isnan(found.without).all()
    assert np.isfinite(found.value)


def test_clusters_are_numbered_as_they_come_and_none_stands_alone() -> None:
    assert cluster_indices(["b", "a", None, "b", None], 5).tolist() == [0, 1, 2, 0, 3]
    assert cluster_indices(None, 3).tolist() == [0, 1, 2]
    assert is_clustered(["a", "a"])
    assert not is_clustered(["a", "b", None, None])
    assert not is_clustered(None)
    sums, sizes = totals(np.array([1.0, 2.0, 4.0]), ["a", "b", "a"])
    assert (sums.tolist(), sizes.tolist()) == ([5.0, 2.0], [2.0, 1.0])


def median(columns: Columns, weights: NDArray[np.float64]) -> NDArray[np.float64]:
    order = np.argsort(columns["value"])
    reached = np.cumsum(weights[:, order], axis=1)
    return columns["value"][order][(reached >= reached[:, -1:] / 2).argmax(axis=1)]


def test_metrics_that_jump_are_given_the_spread_that_resampling_shows() -> None:
    """A median moves by the gap in the middle, whichever sample is left out: the jackknife's textbook failure."""
    ratios = []
    for seed in range(40):
        values = np.random.default_rng(seed).normal(size=200)
        found = leave_out(median, {"value": values}, 200)
        assert found.value == np.sort(values)[99]
        ratios.append(found.pseudo_sums.std() / np.sqrt(np.pi / 2))
    assert max(ratios) < 2


def rounded(columns: Columns, weights: NDArray[np.float64]) -> NDArray[np.float64]:
    mean = weights @ columns["value"] / weights.sum(axis=1)
    result: NDArray[np.float64] = mean.round(2) + 0.01 * mean
    return result


def test_and_so_are_metrics_whose_jumps_leaving_out_does_not_meet() -> None:
    """A mean in steps: no single sample takes it over a step, but another 300 samples would."""
    found = leave_out(rounded, {"value": np.linspace(0, 1, 300)}, 300)
    unmoved = 300 * found.value - 299 * found.without
    assert unmoved.std() < 0.01
    drawn = found.drawn.std() * np.sqrt(300)
    assert drawn > 0.25
    assert found.pseudo_sums.std() == pytest.approx(1.15 * drawn, rel=0.01)


def test_both_sides_are_drawn_alike() -> None:
    columns, clusters = columns_of(60), [place // 3 for place in range(60)]
    one = leave_out(quotient, columns, 60, clusters)
    two = leave_out(quotient, columns | {"top": columns["top"] + 0.1 * columns["bottom"]}, 60, clusters)
    difference = two.minus(one)
    assert difference.value == pytest.approx(0.1)
    assert difference.drawn == pytest.approx(np.full(len(one.drawn), 0.1))
    assert one.drawn.std() > 0.01
