"""Adam on the logits of the knobs' places in their ranges, with restarts; Kingma and Ba, ICLR 2015."""

from __future__ import annotations

import torch

from audit.search.mixed import Setting
from audit.search.problem import Problem
from audit.search.strategies.gradient import with_restarts

RATE = 0.5
STEPS = 30
_MARGIN = 0.02
"""A logit needs a place inside the range."""


def search(problem: Problem, seed: int) -> None:
    """From the device as it is, then from its best change of a stage while that helps, then from random settings."""
    with_restarts(problem, seed, "adam", _ascend)


def _ascend(problem: Problem, setting: Setting) -> None:
    inside = torch.from_numpy(setting.point.clip(_MARGIN, 1 - _MARGIN))
    logits = torch.logit(inside).requires_grad_()
    optimiser = torch.optim.Adam([logits], lr=RATE, maximize=True)
    for _ in range(STEPS):
        place = torch.sigmoid(logits)
        _, slope = problem.value_and_gradient(Setting(setting.choice, place.detach().numpy()))
        (logits.grad,) = torch.autograd.grad(place, logits, torch.from_numpy(slope))
        optimiser.step()
