"""Problems: values of the true pipeline, budgets, constraints, and going on after an interruption."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from audit.camera import open_camera
from audit.images import as_images
from audit.metrics import soft_errors
from audit.search import Bound, GradientError, Problem, Setting, Spent, Weight
from camsim.errors import CamsimError

from .conftest import CHOICES, FEW, BrokenGradient, MakeProblem, aims_of, device, make_samples


def some_setting(problem: Problem, seed: int = 0) -> Setting:
    start = problem.space.start()
    return Setting(start.choice, np.random.default_rng(seed).random(start.point.size))


def test_the_value_is_the_soft_error_of_the_compiled_cameras_pictures(make_problem: MakeProblem) -> None:
    problem = make_problem()
    setting = some_setting(problem)
    done = problem.evaluate(setting)
    camera = open_camera(problem.space.at(setting))
    model, samples = problem.task.model, make_samples(10)  # type: ignore[attr-defined]
    pictures = [camera.shoot(sample.load(), 0, sample.id) for sample in samples]
    log_p = model.log_probabilities(pictures)
    aims = aims_of(model, device(), samples)
    wanted = np.array([aims[sample.id] for sample in samples])
    assert done.value == done.loss == pytest.approx(soft_errors(log_p, wanted).mean(), rel=1e-12)
    assert done.changed == pytest.approx((log_p.argmax(axis=1) != wanted).sum())
    assert done.score == pytest.approx(1 - done.changed / 10)


def test_the_value_that_comes_with_a_gradient_is_the_value(make_problem: MakeProblem) -> None:
    first, second = make_problem(), make_problem()
    for seed in range(3):
        setting = some_setting(first, seed)
        value, _ = first.value_and_gradient(setting)
        assert value == second.value(setting)


@pytest.mark.parametrize(
    "constraint", [None, Weight("ssim", 0.7), Weight("l2", 0.5), Weight("delta_e", 0.02), Bound("ssim", 0.99)]
)
def test_the_gradient_is_that_of_the_value(make_problem: MakeProblem, constraint: object) -> None:
    problem = make_problem(budget=1e6, constraint=constraint)
    setting = some_setting(problem, 4)
    _, slope = problem.value_and_gradient(setting)
    step = 0.04
    rough = []
    for move in np.eye(slope.size) * step:
        up, down = (problem.value(Setting((), setting.point + sign * move)) for sign in (1, -1))
        rough.append((up - down) / (2 * step))
    cosine = slope @ rough / np.linalg.norm(slope) / np.linalg.norm(rough)
    assert cosine > 0.98


def test_budget_cost_and_trace(make_problem: MakeProblem) -> None:
    told: list[int] = []
    problem = make_problem(budget=9, gradient_cost=3.0, step=told.append)
    a, b, c = (some_setting(problem, seed) for seed in range(3))
    problem.value(a)
    problem.value(a)
    assert problem.spent == 1
    problem.value_and_gradient(a)  # its value is known
    assert problem.spent == 3
    problem.value_and_gradient(b)
    problem.value_and_gradient(b)
    assert problem.spent == 6
    assert [done.setting for done in problem.trace] == [a, b]
    assert [done.spent for done in problem.trace] == [1, 6]
    with problem.up_to(7):
        problem.value(c)
        problem.value_and_gradient(some_setting(problem, 9))
        pytest.fail("goes beyond the phase")
    assert problem.left == 2
    with pytest.raises(Spent):
        problem.value_and_gradient(some_setting(problem, 9))
    assert sum(told) == 70
    model = problem.task.model  # type: ignore[attr-defined]
    assert model.passes == 10 + 3 * 10  # for the aims, and each setting once


def test_a_strategy_that_only_repeats_itself_ends(make_problem: MakeProblem) -> None:
    problem = make_problem()
    setting = some_setting(problem)

    def repeat() -> None:
        for _ in range(5000):
            problem.value(setting)

    with pytest.raises(Spent):
        repeat()


@pytest.mark.parametrize("constraint", [None, Bound("ssim", 0.9)])
def test_what_was_interrupted_goes_on_without_repeating_any(
    make_problem: MakeProblem, tmp_path: Path, constraint: object
) -> None:
    def ask(problem: Problem) -> list[tuple[float, float]]:
        for seed in range(4):
            problem.value(some_setting(problem, seed))
            problem.value_and_gradient(some_setting(problem, seed + 2))
        return [(done.value, done.spent) for done in problem.trace]

    expected = ask(make_problem(constraint=constraint))
    path = tmp_path / "ledger"
    first = make_problem(ledger=path, constraint=constraint)
    first.value(some_setting(first, 0))
    first.value_and_gradient(some_setting(first, 2))
    second = make_problem(ledger=path, constraint=constraint)
    before = second.task.model.passes  # type: ignore[attr-defined]
    assert ask(second) == expected
    assert second.task.model.passes - before == 10 * 4  # type: ignore[attr-defined]
    third = make_problem(ledger=path, constraint=constraint)
    third.task.model.log_probabilities = None  # type: ignore[attr-defined]
    assert ask(third) == expected


def test_a_ledger_of_another_search_is_refused(make_problem: MakeProblem, tmp_path: Path) -> None:
    make_problem(ledger=tmp_path / "ledger")
    make_problem(ledger=tmp_path / "ledger", group="exposure")  # may be in the same
    for other in ({"seed": 1}, {"key": "another model"}, {"profile": device(search=FEW)}):
        with pytest.raises(CamsimError, match="another search"):
            make_problem(ledger=tmp_path / "ledger", **other)


def test_entries_of_other_scopes_are_not_mistaken(make_problem: MakeProblem, tmp_path: Path) -> None:
    path = tmp_path / "ledger"
    plain, bound = make_problem(ledger=path), make_problem(ledger=path, constraint=Bound("ssim", 0.999))
    setting = some_setting(plain)
    assert plain.evaluate(setting).fidelity is None
    done = make_problem(ledger=path, constraint=Bound("ssim", 0.999)).evaluate(setting)
    assert done.value == bound.evaluate(setting).value
    assert done.fidelity is not None


def test_a_bound_is_measured_on_true_pictures_and_kept(make_problem: MakeProblem) -> None:
    problem = make_problem(constraint=Bound("ssim", 0.97))
    start = problem.evaluate(problem.space.start())
    assert start.feasible
    assert start.fidelity == 1
    far = problem.evaluate(Setting((), np.ones(start.setting.point.size)))
    cameras = [open_camera(problem.base), open_camera(problem.space.at(far.setting))]
    shots = [[camera.shoot(s.load(), 0, s.id) for s in make_samples(10)] for camera in cameras]
    from audit.search.fidelity import ssim

    assert far.fidelity == pytest.approx(ssim(as_images(shots[1]), as_images(shots[0])).mean().item(), abs=1e-6)
    assert far.fidelity < 0.97
    assert not far.feasible
    assert far.value < far.loss
    assert problem.best.setting is start.setting
    back = problem.retract(far.setting)
    assert back is not None
    done = problem.evaluate(back)
    assert done.feasible
    assert done.fidelity == pytest.approx(0.97, abs=0.005)


def test_a_weight_takes_off_its_price(make_problem: MakeProblem) -> None:
    problem = make_problem(constraint=Weight("l2", 2.0))
    done = problem.evaluate(some_setting(problem))
    assert done.feasible
    assert done.fidelity is not None
    assert done.value == pytest.approx(done.loss - 2 * done.fidelity)


def test_settings_that_are_no_profile_are_worth_nothing(make_problem: MakeProblem) -> None:
    """The black level of the ISP may come to lie above its white level."""
    isp = [stage.model_dump() for stage in device().isp]
    isp[0] |= {"level": 64.0, "white": 70.0}
    search = {"isp.black_level.level": {"absolute": 20.0}, "sensor.exposure": {"relative": 0.1}}
    problem = make_problem(device(isp=isp, search=search))
    above = problem.evaluate(Setting((), np.ones(problem.space.start().point.size)))
    assert above.value == -np.inf
    assert not above.feasible
    value, slope = problem.value_and_gradient(above.setting)
    assert value == -np.inf
    assert (slope == 0).all()


def test_what_is_excluded_is_no_result(make_problem: MakeProblem) -> None:
    problem = make_problem(budget=1e6)
    center = some_setting(problem, 1)
    near = Setting((), (center.point + 0.05).clip(0, 1))
    plain = problem.value(near)
    with problem.away_from([center], 0.2):
        inside = problem.evaluate(near)
        assert not inside.feasible
        value, _ = problem.value_and_gradient(near)
        assert value == inside.value < plain
        outward = Setting((), near.point + 1e-4 * (near.point - center.point))
        assert problem._exclusion.slope(near) @ (outward.point - near.point) > 0
        assert problem.evaluate(some_setting(problem, 7)).feasible
    assert problem.evaluate(near).value == plain
    assert problem.evaluate(near).feasible


def test_nan_gradients_are_told_and_remembered(make_problem: MakeProblem, tmp_path: Path) -> None:
    path = tmp_path / "ledger"
    for _ in range(2):
        problem = make_problem(gradient=BrokenGradient(0.0), ledger=path)
        with pytest.raises(GradientError, match=r"NaN or infinite.*finite_difference"):
            problem.value_and_gradient(problem.space.start())
        assert problem.spent == 3


def test_without_gradients_the_reason_is_told(make_problem: MakeProblem) -> None:
    problem = make_problem(gradient=False)
    assert problem.no_gradient == "operator Foo has none"
    with pytest.raises(CamsimError, match="operator Foo has none"):
        problem.value_and_gradient(problem.space.start())
    only_stages = device(search={}, choices=CHOICES["choices"])
    assert make_problem(only_stages).no_gradient == "no knob of phone/pixel-4a-imx363 can move, only its stages"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"budget": 0}, "at least 1 evaluation, got 0"),
        ({"budget": float("nan")}, "at least 1 evaluation"),
        ({"gradient_cost": 0.5}, "at least that of 1 evaluation"),
        ({"profile": device(search={})}, "no knob has a plausible range"),
        ({"group": "gamma"}, "no knob of the group 'gamma'"),
    ],
)
def test_refusals(make_problem: MakeProblem, options: dict[str, object], words: str) -> None:
    with pytest.raises(CamsimError, match=words):
        make_problem(**options)
