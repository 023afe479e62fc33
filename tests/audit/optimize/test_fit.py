"""The loop, on a parabola."""

from __future__ import annotations

from itertools import chain
from pathlib import Path

import pytest
import torch
from torch import Tensor

from audit.optimize.fit import Check, Course, Plan, batch_of, best_of, fit
from audit.optimize.state import load_state, save_state
from camsim.errors import CamsimError

AIM = torch.tensor([0.7, -0.6], dtype=torch.float64)


class Parabola:
    """(x - aim)²; what the checks see lies elsewhere."""

    def __init__(self, state: Path | None = None, checked: Tensor = AIM, stop_at: int = 10**9) -> None:
        self.x = torch.zeros(2, dtype=torch.float64, requires_grad=True)
        self.optimizer = torch.optim.Adam([{"params": [self.x], "initial_lr": 0.1}])
        self.state, self.checked, self.stop_at = state, checked, stop_at

    def gradient(self, step: int) -> float:
        if step >= self.stop_at:
            raise KeyboardInterrupt
        loss = (self.x - AIM - 0.1 * (-1) ** step).square().sum()
        loss.backward()
        return float(loss.detach())

    def check(self) -> tuple[float, float]:
        return float((self.x - self.checked).detach().square().sum()), 0.5

    def run(self, plan: Plan) -> Course[Tensor]:
        known = load_state(self.state, self.x, self.optimizer) if self.state else None

        def after(course: Course[Tensor]) -> None:
            if self.state:
                save_state(self.state, course, self.x, self.optimizer)

        def snapshot() -> Tensor:
            return self.x.detach().clone()

        return fit(
            self.optimizer,
            plan,
            known or Course(snapshot()),
            gradient=self.gradient,
            project=lambda: None,
            check=self.check,
            snapshot=snapshot,
            after_check=after,
        )


def test_it_reaches_the_minimum() -> None:
    course = Parabola().run(Plan(steps=100, patience=20))
    torch.testing.assert_close(course.best, AIM, atol=0.01, rtol=0)
    assert course.stopped == "all steps done"
    assert [check.step for check in course.checks] == list(range(0, 101, 5))
    assert course.checks[0].train_loss is None


def test_it_stops_early_and_keeps_what_the_checks_liked() -> None:
    """They like the way to the minimum, not the minimum."""
    course = Parabola(checked=AIM / 2).run(Plan(steps=100, patience=3))
    assert course.stopped == "3 checks without a better one"
    assert course.step == course.best_check.step + 15 < 100
    torch.testing.assert_close(course.best, AIM / 2, atol=0.2, rtol=0)


def test_nothing_better_keeps_the_start() -> None:
    course = Parabola(checked=-AIM).run(Plan(steps=40))
    assert course.best_check.step == 0
    assert course.best.tolist() == [0, 0]


def test_a_lower_loss_with_a_lower_score_than_the_start_is_not_taken() -> None:
    checks = [Check(0, None, 1.0, 0.5), Check(5, 0.9, 0.8, 0.5), Check(10, 0.7, 0.6, 0.49), Check(15, 0.7, 0.8, 0.9)]
    assert best_of(checks) is checks[1]
    assert best_of([checks[0], checks[2]]) is checks[0]


def test_an_interrupted_one_goes_on_to_the_same_result(tmp_path: Path) -> None:
    whole = Parabola(tmp_path / "whole.json").run(Plan(steps=60))
    with pytest.raises(KeyboardInterrupt):
        Parabola(tmp_path / "part.json", stop_at=31).run(Plan(steps=60))
    resumed = Parabola(tmp_path / "part.json").run(Plan(steps=60))
    assert resumed.checks == whole.checks
    assert torch.equal(resumed.best, whole.best)
    again = Parabola(tmp_path / "part.json", stop_at=0).run(Plan(steps=60))  # finished: nothing is left to do
    assert again.checks == whole.checks


@pytest.mark.parametrize("damage", ["{", "[]", '{"checks": []}', '{"checks": [], "best": [1], "coordinates": 3}'])
def test_a_damaged_state_is_refused(tmp_path: Path, damage: str) -> None:
    path = tmp_path / "state.json"
    path.write_text(damage)
    with pytest.raises(CamsimError, match=r"state\.json: is damaged"):
        Parabola(path).run(Plan(steps=10))


def test_an_epoch_takes_every_sample_once() -> None:
    steps = [batch_of(23, 5, step, seed=3) for step in range(10)]
    for epoch in (0, 1):
        batches = [batch for batch, of in steps if of == epoch]
        assert [len(batch) for batch in batches] == [5, 5, 5, 5, 3]
        assert sorted(chain.from_iterable(batches)) == list(range(23))
    assert steps[0][0] != steps[5][0]
    assert batch_of(23, 5, 7, seed=3) == steps[7]
    assert batch_of(3, 16, 4, seed=-1)[1] == 4


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"steps": 0}, "steps, batch and patience"),
        ({"batch": 0}, "must be at least 1"),
        ({"rate": 0}, "rate must be above 0"),
        ({"rate": float("nan")}, "rate"),
    ],
)
def test_bad_plans_are_refused(given: dict[str, float], message: str) -> None:
    with pytest.raises(CamsimError, match=message):
        Plan(**given)  # type: ignore[arg-type]
