from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from audit.stats import mcnemar_exact, tango, tango_p_above
from audit.stats.clusters import totals
from audit.stats.drop import AggregateDrop, Drop, MeanDrop, RateDrop
from audit.stats.jackknife import leave_out
from audit.tasks.metric import Columns
from tests.audit.stats.cases import MOSTLY_UNCHANGED_DROP, mostly_unchanged


def ratio(columns: Columns, weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """A metric of all samples together, as IoU is."""
    result: NDArray[np.float64] = (weights @ columns["part"]) / (weights @ columns["whole"])
    return result


def part_and_whole(rng: np.random.Generator, count: int, share: float) -> dict[str, NDArray[np.float64]]:
    whole = rng.gamma(2.0, size=count)
    return {"part": whole * rng.beta(20 * share, 20 * (1 - share), count), "whole": whole}


def every_drop() -> list[Drop]:
    rng = np.random.default_rng(1)
    first, second = (rng.random(80) < rate for rate in (0.9, 0.8))
    columns = part_and_whole(rng, 80, 0.8)
    worse = columns | {"part": columns["part"] * rng.beta(9, 1, 80)}
    clusters = [f"video {place // 5}" for place in range(80)]
    sides = [leave_out(ratio, side, 80) for side in (columns, worse)]
    return [
        RateDrop.paired(first, second),
        MeanDrop(mostly_unchanged(rng, 80)),
        MeanDrop.paired(first, second, clusters=clusters),
        MeanDrop.paired(rng.gamma(2, 3, 80), rng.gamma(2, 4, 80), "lower", None),
        AggregateDrop(sides[0], sides[1]),
        AggregateDrop(leave_out(ratio, columns, 80, clusters), leave_out(ratio, worse, 80, clusters)),
    ]


@pytest.mark.parametrize("drop", every_drop(), ids=lambda drop: type(drop).__name__)
def test_p_values_and_intervals_are_of_one_piece(drop: Drop) -> None:
    interval = drop.interval(0.95)
    width = interval.high - interval.low
    assert width > 0
    assert drop.samples == 80
    assert interval.low < interval.value < interval.high
    assert drop.p_above(interval.low - 0.001 * width) < 0.025 < drop.p_above(interval.low + 0.001 * width)
    assert drop.p_above(interval.high - 0.001 * width) < 0.975 < drop.p_above(interval.high + 0.001 * width)
    wide = drop.interval(0.99)
    assert wide.low < interval.low < interval.high < wide.high
    assert (drop.p_zero() < 0.02) <= (not interval.low <= 0 <= interval.high)


def test_a_rate_is_tangos_and_mcnemars() -> None:
    reference = np.array([1] * 50 + [0] * 10, dtype=float)
    other = np.array([1] * 40 + [0] * 10 + [1] * 3 + [0] * 7, dtype=float)
    drop = RateDrop.paired(reference, other)
    assert drop == RateDrop(10, 3, 60)
    assert RateDrop.paired(reference, other, "lower") == RateDrop(3, 10, 60)
    assert drop.interval(0.9) == tango(10, 3, 60, 0.9)
    assert drop.p_above(0.05) == tango_p_above(10, 3, 60, 0.05)
    assert drop.p_zero() == mcnemar_exact(10, 3)


def test_hits_scored_as_means_hardly_differ_from_tango() -> None:
    for lost, gained, count in ((16, 6, 161), (30, 20, 1000), (3, 0, 400), (0, 0, 200)):
        differences = np.zeros(count)
        differences[:lost], differences[lost : lost + gained] = 1, -1
        ours, tangos = MeanDrop(differences).interval(0.95), tango(lost, gained, count)
        width = tangos.high - tangos.low
        assert (ours.low, ours.high) == pytest.approx((tangos.low, tangos.high), abs=0.02 * width)


def test_no_change_is_an_exact_zero_but_not_certainty() -> None:
    scores = np.random.default_rng(0).random(100)
    columns = part_and_whole(np.random.default_rng(0), 100, 0.8)
    same = leave_out(ratio, columns, 100)
    pixels = MeanDrop.paired(10 * scores, 10 * scores, "lower", None)
    for drop in (
        MeanDrop.paired(scores, scores),
        AggregateDrop(same, same),
        RateDrop.paired(scores > 0.5, scores > 0.5),
    ):
        interval = drop.interval(0.95)
        assert interval.value == 0
        assert 0.036 < interval.high < 0.04  # z^2 / (100 + z^2) and a little more for Student's t
        assert interval.low == -interval.high
        assert drop.p_zero() == 1
    assert 0.036 < pixels.interval(0.95).high / (10 * scores.max()) < 0.04


def test_lower_is_better_turns_the_drop_round() -> None:
    rng = np.random.default_rng(2)
    first, second = rng.random(60), rng.random(60)
    up, down = MeanDrop.paired(first, second), MeanDrop.paired(second, first, "lower")
    assert up.interval(0.95) == down.interval(0.95)


def test_an_aggregate_that_is_a_mean_is_that_mean() -> None:
    rng = np.random.default_rng(3)
    first, second = rng.random(900), rng.random(900)
    clusters = rng.integers(0, 300, 900)
    sides = [leave_out(ratio, {"part": side, "whole": np.ones(900)}, 900, clusters) for side in (first, second)]
    sums, sizes = totals(first - second, clusters)
    drop = AggregateDrop(*sides)
    assert sides[0].minus(sides[1]).pseudo_sums == pytest.approx(sums, abs=1e-9)
    assert sides[0].sizes == pytest.approx(sizes)
    ours, plain = drop.interval(0.95), MeanDrop(first - second, clusters=clusters).interval(0.95)
    assert (ours.value, ours.low, ours.high) == pytest.approx((plain.value, plain.low, plain.high), abs=0.005)


def test_frames_of_a_video_are_not_independent_samples() -> None:
    rng = np.random.default_rng(4)
    videos = np.repeat(rng.random(30) < 0.2, 20).astype(float)
    clusters = np.repeat(np.arange(30), 20)
    naive = MeanDrop(videos).interval(0.95)
    honest = MeanDrop(videos, clusters=clusters).interval(0.95)
    once = MeanDrop(videos[::20]).interval(0.95)
    assert honest.high - honest.low > 3 * (naive.high - naive.low)
    assert (honest.low, honest.high) == pytest.approx((once.low, once.high), abs=1e-9)
    alone = MeanDrop(videos[:50], clusters=[None] * 50)
    assert alone.interval(0.95) == MeanDrop(videos[:50]).interval(0.95)


def test_one_cluster_is_no_evidence() -> None:
    drop = MeanDrop(np.linspace(0, 0.2, 40), clusters=["video"] * 40)
    interval = drop.interval(0.95)
    assert (interval.low, interval.high) == (-1, 1)
    assert drop.p_above(0.0) == drop.p_zero() == 1


def test_what_is_not_defined_is_never_pass_or_fail() -> None:
    def rare(columns: Columns, weights: NDArray[np.float64]) -> NDArray[np.float64]:
        found = weights @ columns["rare"]
        result: NDArray[np.float64] = np.divide(found, found, out=np.full(len(found), np.nan), where=found > 0)
        return result

    one = leave_out(rare, {"rare": np.array([1.0, 0.0, 0.0])}, 3)
    drop = AggregateDrop(one, one)
    assert drop.interval(0.95).value == 0
    assert (drop.interval(0.95).low, drop.interval(0.95).high) == (-1, 1)
    none = leave_out(rare, {"rare": np.zeros(3)}, 3)
    nothing = AggregateDrop(none, none).interval(0.95)
    assert np.isnan([nothing.value, nothing.low, nothing.high]).all()
    assert AggregateDrop(none, none).p_above(-1.0) == AggregateDrop(one, one).p_zero() == 1


def rates(count: int, margin: float, changed: float) -> Callable[[np.random.Generator], Drop]:
    lost, gained = (changed + margin) / 2, (changed - margin) / 2

    def draw(rng: np.random.Generator) -> Drop:
        return RateDrop(*(int(k) for k in rng.multinomial(count, [lost, gained, 1 - changed])[:2]), samples=count)

    return draw


def means(count: int) -> Callable[[np.random.Generator], Drop]:
    return lambda rng: MeanDrop(mostly_unchanged(rng, count))


def videos(count: int) -> Callable[[np.random.Generator], Drop]:
    """A quarter of the clusters lose a tenth of their scores, another tenth gains one."""

    def draw(rng: np.random.Generator) -> Drop:
        kind = rng.random(count)
        level = np.repeat(np.where(kind < 0.25, 0.1, np.where(kind < 0.3, -0.1, 0.0)), 8)
        return MeanDrop(level + rng.normal(0, 0.02, 8 * count), clusters=np.repeat(np.arange(count), 8))

    return draw


@pytest.mark.parametrize(
    ("draw", "margin"),
    [
        (rates(50, 0.1, 0.3), 0.1),
        (rates(400, 0.02, 0.05), 0.02),
        (means(100), MOSTLY_UNCHANGED_DROP),
        (means(500), MOSTLY_UNCHANGED_DROP),
        (videos(40), 0.02),
    ],
    ids=["rate, 50", "rate, 400", "mean, 100", "mean, 500", "40 videos"],
)
def test_at_the_margin_no_more_than_alpha_pass(draw: Callable[[np.random.Generator], Drop], margin: float) -> None:
    """With a true drop equal to the margin; 2.5 % are allowed, 3.5 % of 1500 would be 2.5 standard errors more."""
    rng = np.random.default_rng(5)
    intervals = [draw(rng).interval(0.95) for _ in range(1500)]
    assert sum(interval.high < margin for interval in intervals) <= 0.035 * 1500
    assert sum(interval.low <= margin <= interval.high for interval in intervals) >= 0.935 * 1500


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: RateDrop.paired([0.5, 1], [1, 1]), "hits must be 0 or 1"),
        (lambda: RateDrop.paired([1], [1, 1]), r"got \(1,\) and \(2,\)"),
        (lambda: MeanDrop.paired([], []), "N >= 1"),
        (lambda: MeanDrop(np.array([0.1, np.nan])).interval(0.95), "finite"),
        (lambda: MeanDrop(np.array([0.1, 1.5])).interval(0.95), r"must lie in \[-1, 1\], got 0.1 to 1.5"),
        (lambda: MeanDrop(np.array([0.1, 0.2]), clusters=["a"]).p_zero(), "one label for each of 2 samples, got 1"),
        (lambda: MeanDrop(np.array([0.1, 0.2])).interval(1.0), "confidence must lie"),
    ],
)
def test_refuses(make: Callable[[], object], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        make()


def test_sides_must_match() -> None:
    columns = part_and_whole(np.random.default_rng(0), 20, 0.8)
    with pytest.raises(ValueError, match="same units"):
        AggregateDrop(leave_out(ratio, columns, 20), leave_out(ratio, columns, 20, [0, 0, *range(1, 19)]))
