"""Every strategy: within budget, the same for the same seed, and better than the start."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import camsim
from audit.search import STRATEGIES, Bound, Problem, Spent, search_worst
from camsim.errors import CamsimError

from .conftest import CHOICES, FEW, BrokenGradient, MakeProblem, device

NAMES = sorted(STRATEGIES)
WITH_GRADIENT = ["adam", "pgd"]
MIXED = device(**CHOICES)


def asked(problem: Problem) -> list[tuple[str, float]]:
    return [(done.setting.key, done.value) for done in problem.trace]


@pytest.mark.parametrize("mixed", [False, True])
@pytest.mark.parametrize("name", NAMES)
def test_it_keeps_the_budget_stays_inside_and_gets_better(make_problem: MakeProblem, name: str, mixed: bool) -> None:
    problem = make_problem(MIXED if mixed else None, samples=6, budget=45)
    (case,) = search_worst(problem, name, seed=1)
    assert problem.spent <= 45
    assert problem.spent > 40
    assert problem.trace[0].setting.key == problem.space.start().key
    for done in problem.trace:
        assert ((done.setting.point >= 0) & (done.setting.point <= 1)).all()
    assert case.value == max(done.value for done in problem.trace)
    assert case.value > case.start.value + 0.05
    assert case.profile.name == "worst/phone/pixel-4a-imx363"


@pytest.mark.parametrize("name", NAMES)
def test_same_seed_same_trace_also_after_an_interruption(make_problem: MakeProblem, tmp_path: Path, name: str) -> None:
    """The search is killed in the middle of its evaluations, and again later on."""
    path = tmp_path / "ledger"
    whole = make_problem(MIXED, samples=4, budget=30)
    search_worst(whole, name, seed=2)
    for stop in (7, 15):
        killed = make_problem(MIXED, samples=4, budget=30, ledger=path)
        judge, calls = killed.task.model.log_probabilities, 0  # type: ignore[attr-defined]

        def failing(images, judge=judge, stop=stop):  # type: ignore[no-untyped-def]
            nonlocal calls
            calls += 1
            if calls > stop:
                raise KeyboardInterrupt
            return judge(images)

        killed.task.model.log_probabilities = failing  # type: ignore[attr-defined]
        with pytest.raises(KeyboardInterrupt):
            search_worst(killed, name, seed=2)
    resumed = make_problem(MIXED, samples=4, budget=30, ledger=path)
    search_worst(resumed, name, seed=2)
    assert asked(resumed) == asked(whole)
    assert [done.spent for done in resumed.trace] == [done.spent for done in whole.trace]


def test_seeds_differ(make_problem: MakeProblem) -> None:
    traces = []
    for seed in (0, 1):
        problem = make_problem(samples=4, budget=12)
        search_worst(problem, "random", seed)
        traces.append(asked(problem))
    assert traces[0][0] == traces[1][0]
    assert traces[0] != traces[1]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("search", [{"sensor.exposure": {"relative": 0.4}}, {}])
def test_one_knob_or_only_stages_will_do(make_problem: MakeProblem, name: str, search: dict[str, object]) -> None:
    problem = make_problem(device(**CHOICES | {"search": search}), samples=3, budget=15)
    if not search and name in WITH_GRADIENT:
        with pytest.raises(CamsimError, match=rf"{name}.*needs gradients.*only its stages"):
            search_worst(problem, name)
        return
    (case,) = search_worst(problem, name)
    assert case.value >= case.start.value
    assert problem.spent <= 15


@pytest.mark.parametrize("name", NAMES)
def test_without_gradients(make_problem: MakeProblem, name: str) -> None:
    problem = make_problem(gradient=False, samples=4, budget=45)
    if name in WITH_GRADIENT:
        with pytest.raises(CamsimError, match=r"needs gradients.*operator Foo has none; take 'default'"):
            search_worst(problem, name)
        return
    (case,) = search_worst(problem, name)
    assert case.value > case.start.value
    assert problem.notes == (
        ["searched without gradients, by finite differences and pattern search: operator Foo has none"]
        if name == "default"
        else []
    )


def test_the_default_ends_well_wherever_the_budget_ends(make_problem: MakeProblem) -> None:
    """Stages come and go with knobs of their own, and the budget may end between any two steps."""
    phone = camsim.load("phone/google-pixel-imx378")
    for budget in range(30, 38):
        problem = make_problem(phone, samples=1, gradient=False, budget=budget)
        with pytest.raises(Spent):
            STRATEGIES["default"](problem, 0)
        assert problem.spent == budget


def test_nan_gradients_stop_a_gradient_strategy_and_turn_the_default_to_differences(make_problem: MakeProblem) -> None:
    bright = BrokenGradient(0.55)
    with pytest.raises(CamsimError, match="gradient is NaN or infinite"):
        search_worst(make_problem(gradient=bright, samples=4, budget=200), "pgd")
    problem = make_problem(gradient=bright, samples=4, budget=60)
    (case,) = search_worst(problem, "default")
    assert case.value > case.start.value
    (note,) = problem.notes
    assert "gradient is NaN or infinite" in note


@pytest.mark.parametrize("name", NAMES)
def test_a_bound_is_kept(make_problem: MakeProblem, name: str) -> None:
    problem = make_problem(MIXED, samples=4, budget=45, constraint=Bound("ssim", 0.95))
    (case,) = search_worst(problem, name)
    assert case.fidelity >= 0.95
    assert problem.best is case.evaluation


def test_the_default_goes_up_to_a_bound(make_problem: MakeProblem) -> None:
    """Where more is gained further out, the worst case lies close to the bound."""
    free = search_worst(make_problem(samples=6, budget=60))[0]
    bound = search_worst(make_problem(samples=6, budget=60, constraint=Bound("l2", 0.03)))[0]
    assert free.value > bound.value > bound.start.value
    assert 0.024 < bound.fidelity <= 0.03


@pytest.mark.parametrize(("gradient", "budget"), [(True, 40), (False, 40)])
def test_it_finds_what_an_exhaustive_grid_finds(make_problem: MakeProblem, gradient: bool, budget: int) -> None:
    """Two knobs, 21 x 21 cameras: within half a point of soft error and error rate, with a tenth of the evaluations."""
    profile = device(search=FEW)
    grid = make_problem(profile, samples=16, budget=21 * 21 + 1)
    (truth,) = search_worst(grid, "grid")
    assert len(grid.trace) >= 21 * 21
    problem = make_problem(profile, samples=16, gradient=gradient, budget=budget)
    (case,) = search_worst(problem, "default")
    assert problem.spent < len(grid.trace) / 10
    assert case.value > truth.value - 0.005
    assert case.evaluation.score <= truth.evaluation.score + 0.005


def test_the_grid_is_the_grid(make_problem: MakeProblem) -> None:
    problem = make_problem(device(search=FEW), samples=2, budget=26)
    search_worst(problem, "grid")
    points = {tuple(done.setting.point) for done in problem.trace}
    assert {(a / 4, b / 4) for a in range(5) for b in range(5)} <= points
    assert np.isclose(problem.spent, len(points))
