"""The loop of an optimisation: Adam with a falling rate, checks on other samples, an early stop."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

import torch

from camsim.errors import CamsimError

T = TypeVar("T")


@dataclass(frozen=True)
class Plan:
    """How long and how boldly."""

    steps: int = 200
    """Of the optimiser, at most."""
    rate: float = 0.1
    """Of Adam at the start, in coordinates of the box; it falls to 0 along a cosine."""
    batch: int = 16
    """Samples a step."""
    patience: int = 6
    """Checks without a better one before it stops."""

    def __post_init__(self) -> None:
        if self.steps < 1 or self.batch < 1 or self.patience < 1:
            raise CamsimError(
                f"steps, batch and patience must be at least 1, got {self.steps}, {self.batch} and {self.patience}"
            )
        if not (math.isfinite(self.rate) and self.rate > 0):
            raise CamsimError(f"rate must be above 0, got {self.rate:g}; 0.01 to 0.3 are usual")

    @property
    def every(self) -> int:
        """Steps from check to check: 20 checks in all."""
        return math.ceil(self.steps / 20)


@dataclass(frozen=True)
class Check:
    """How well it stands on the validation part."""

    step: int
    train_loss: float | None
    """Mean over the steps since the check before; None at the start."""
    loss: float
    score: float


@dataclass
class Course(Generic[T]):
    """What has happened so far."""

    best: T
    """What was best on the validation part, the start among it."""
    checks: list[Check] = field(default_factory=list)
    stopped: str | None = None
    """Why it ended; None: it goes on."""

    @property
    def step(self) -> int:
        """Steps done at the last check."""
        return self.checks[-1].step

    @property
    def best_check(self) -> Check:
        """See `best_of`."""
        return best_of(self.checks)


def best_of(checks: Sequence[Check]) -> Check:
    """The lowest loss among those that score no lower than the first, the start; the earliest of equals.

    The loss has finer steps than the score, but is not it: it can fall where answers get worse.
    """
    as_good = [check for check in checks if check.score >= checks[0].score]
    return min(as_good, key=lambda check: (check.loss, check.step))


def fit(
    optimizer: torch.optim.Optimizer,
    plan: Plan,
    course: Course[T],
    *,
    gradient: Callable[[int], float],
    project: Callable[[], None],
    check: Callable[[], tuple[float, float] | None],
    snapshot: Callable[[], T],
    after_check: Callable[[Course[T]], None] = lambda course: None,
) -> Course[T]:
    """Go on with a course until it ends.

    Args:
        optimizer: its parameter groups each with an ``initial_lr``.
        plan: how long.
        course: without checks: the start; else as it was after its last check, as are optimizer and parameters.
        gradient: given the number of a step (from 0), leaves the gradients of its batch and returns the mean loss.
        project: puts parameters that left their limits back.
        check: mean loss and score on the validation part; None where the parameters make no valid camera.
        snapshot: the parameters, to come back to.
        after_check: told of the course after each check.
    """
    if not course.checks:
        found = check()
        assert found is not None
        course.checks.append(Check(0, None, *found))
        after_check(course)
    while course.stopped is None:
        begin, end = course.step, min(course.step + plan.every, plan.steps)
        total = 0.0
        for step in range(begin, end):
            for group in optimizer.param_groups:
                group["lr"] = group["initial_lr"] * (1 + math.cos(math.pi * step / plan.steps)) / 2
            optimizer.zero_grad()
            total += gradient(step)
            optimizer.step()
            with torch.no_grad():
                project()
        found = check()
        if found is None:
            course.stopped = f"the knobs of step {end} contradict each other"
            break
        course.checks.append(Check(end, total / (end - begin), *found))
        if course.best_check is course.checks[-1]:
            course.best = snapshot()
        if end - course.best_check.step >= plan.patience * plan.every:
            course.stopped = f"{plan.patience} checks without a better one"
        if end == plan.steps:
            course.stopped = "all steps done"
        after_check(course)
    return course


def batch_of(count: int, size: int, step: int, seed: int) -> tuple[list[int], int]:
    """Which of ``count`` samples a step takes, and its epoch; each sample comes once an epoch, in random order."""
    in_epoch = math.ceil(count / size)
    epoch, place = divmod(step, in_epoch)
    generator = torch.Generator().manual_seed((seed * 1_000_003 + epoch) % 2**63)
    order = torch.randperm(count, generator=generator).tolist()
    return order[place * size : (place + 1) * size], epoch
