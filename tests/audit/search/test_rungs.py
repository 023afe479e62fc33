"""The ladder: what its rungs share, and that the score falls with the price whatever was tried."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.search import Evaluation, Setting, Weight, ladder, search_worst
from audit.search.rungs import pick
from camsim.errors import CamsimError

from .conftest import FEW, MakeProblem, device

fractions = st.floats(0, 1)
outcomes = st.builds(
    lambda loss, score, fidelity: Evaluation(
        Setting((), np.zeros(0)), np.nan, loss, score, 100 * (1 - score), fidelity, True, 1.0
    ),
    st.floats(0, 20),
    # Scores of few samples tie often; the others are as awkward as floats can be.
    st.integers(0, 4).map(lambda hits: hits / 4) | fractions,
    st.floats(-1, 1),
)
invalid = Evaluation(Setting((), np.zeros(0)), -np.inf, np.nan, np.nan, np.nan, None, False, 1.0)


@given(
    st.lists(outcomes, min_size=1, max_size=12),
    st.lists(st.floats(0, 1e6), min_size=2, max_size=5),
)
def test_over_any_pool_the_score_falls_with_the_weight(pool: list[Evaluation], weights: list[float]) -> None:
    picked = [pick(pool, weight, "ssim") for weight in sorted(weights, reverse=True)]
    scores = [done.score for done in picked]
    away = [1 - done.fidelity for done in picked if done.fidelity is not None]
    assert scores == sorted(scores, reverse=True)
    assert away == sorted(away)
    for weight, done in zip(sorted(weights, reverse=True), picked, strict=True):
        assert done.fidelity is not None
        worth = 1 - done.score - weight * (1 - done.fidelity)
        for other in pool:
            assert other.fidelity is not None
            assert worth >= 1 - other.score - weight * (1 - other.fidelity) - 1e-9 * (1 + weight)


def test_a_pick_is_a_valid_profile_and_ties_go_to_the_higher_loss() -> None:
    one, other = (
        Evaluation(Setting((), np.array([place])), np.nan, loss, 0.5, 1.0, 0.9, True, 1.0)
        for place, loss in ((0.1, 0.4), (0.2, 0.6))
    )
    assert pick([invalid, one, other], 1.0, "ssim") is other
    with pytest.raises(CamsimError, match="no setting"):
        pick([invalid], 1.0, "ssim")


def test_the_ladder_falls_with_lambda(make_problem: MakeProblem) -> None:
    problem = make_problem(device(search=FEW), samples=5, budget=20)
    rungs = ladder(problem, [0.0, 100.0, 1.0], groups=["all", "exposure"])
    assert [(rung.group, rung.weight) for rung in rungs] == [
        (group, weight) for group in ("all", "exposure") for weight in (100.0, 1.0, 0.0)
    ]
    for group in (rungs[:3], rungs[3:]):
        losses = [rung.found.evaluation.loss for rung in group]
        scores = [rung.found.evaluation.score for rung in group]
        closeness = [rung.found.fidelity for rung in group]
        assert scores == sorted(scores, reverse=True)
        assert closeness == sorted(closeness, reverse=True)
        assert closeness[0] > 0.99
        assert losses[-1] > losses[0] + 0.05
        for rung in group:
            constraint = Weight("ssim", rung.weight)
            assert (
                rung.found.value == make_problem(samples=5, constraint=constraint).revalue(rung.found.evaluation).value
            )
            assert rung.found.evaluation.fidelity == rung.found.fidelity
    assert rungs[-1].found.profile.name == "worst/phone/pixel-4a-imx363/exposure/lambda-0"
    with pytest.raises(CamsimError, match="at least one weight"):
        ladder(problem, [])


def test_all_knobs_do_at_least_what_a_group_does(make_problem: MakeProblem) -> None:
    # Too few random settings to come close by itself.
    problem = make_problem(samples=5, budget=3)
    weights = [10.0, 0.1]
    rungs = ladder(problem, weights, groups=["sharpening", "all", "white_balance"], strategy="random")
    assert [rung.group for rung in rungs] == ["sharpening"] * 2 + ["all"] * 2 + ["white_balance"] * 2

    def worth(group: str) -> list[float]:
        cases = [(rung.weight, rung.found) for rung in rungs if rung.group == group]
        return [1 - case.evaluation.score - weight * (1 - case.fidelity) for weight, case in cases]

    for group in ("sharpening", "white_balance"):
        assert all(one >= other for one, other in zip(worth("all"), worth(group), strict=True))
    alone = ladder(make_problem(samples=5, budget=3), weights, groups=["all"], strategy="random")
    assert rungs[2].found.space.group != "all" or rungs[3].found.space.group != "all"
    assert [rung.found.profile.name for rung in rungs[2:4]] == [rung.found.profile.name for rung in alone]
    for rung in rungs[2:4]:
        again = rung.found.space.at(rung.found.setting, rung.found.profile.name)
        assert again == rung.found.profile


def test_a_rung_is_a_profile_that_gives_its_figures_again(make_problem: MakeProblem) -> None:
    problem = make_problem(device(search=FEW), samples=4, budget=12)
    for rung in ladder(problem, [10.0, 0.1], groups=["all"]):
        replay = make_problem(
            rung.found.profile, samples=4, reference=problem.base, constraint=Weight("ssim", rung.weight)
        )
        replay.oracle.task = problem.task  # what the model says of the device as it is
        done = replay.evaluate(replay.space.start())
        assert (done.value, done.score, done.fidelity) == (
            rung.found.value,
            rung.found.evaluation.score,
            rung.found.fidelity,
        )


def test_what_is_recalled_costs_nothing_and_is_where_a_search_begins(make_problem: MakeProblem) -> None:
    tight, loose = (make_problem(device(search=FEW), samples=3, constraint=Weight("ssim", w)) for w in (50.0, 0.5))
    search_worst(tight)
    loose.recall(tight.trace)
    assert loose.spent == 0
    assert loose.start.key == max(tight.trace, key=lambda done: loose.revalue(done).value).setting.key
    again = loose.evaluate(tight.trace[-1].setting)
    assert loose.spent == 0
    assert again.loss == tight.trace[-1].loss
    assert again.value == pytest.approx(again.loss - 0.5 * (1 - (again.fidelity or 0)))
    (case,) = search_worst(loose)
    assert case.value >= loose.revalue(tight.best).value


def test_an_interrupted_ladder_ends_as_one_in_one_go(make_problem: MakeProblem, tmp_path: Path) -> None:
    def climb(path: Path) -> list[tuple[float, str, float]]:
        problem = make_problem(device(search=FEW), samples=3, budget=15, ledger=path)
        rungs = ladder(problem, [10.0, 1.0, 0.1], groups=["all"])
        model = problem.task.model  # type: ignore[attr-defined]
        passes.append(model.passes)
        return [(rung.weight, rung.found.setting.key, rung.found.value) for rung in rungs]

    passes: list[int] = []
    whole = climb(tmp_path / "whole")
    lines = (tmp_path / "whole").read_text().splitlines(keepends=True)
    (tmp_path / "cut").write_text("".join(lines[: len(lines) // 2]))
    assert climb(tmp_path / "cut") == whole
    assert climb(tmp_path / "cut") == whole
    assert passes[0] > passes[1] > passes[2]
