"""Adam on the logits of the knobs' places in their ranges, with restarts; Kingma and Ba, ICLR 2015."""

from __future__ import annotations

import numpy as np
import torch

from audit.search.mixed import Setting
from audit.search.problem import Problem
from audit.search.strategies.flips import try_flips
from audit.search.strategies.gradient import require_gradient
from audit.search.strategies.sampling import uniform

RATE = 0.5
STEPS = 30
_MARGIN = 0.02
"""A logit needs a place inside the range."""


def search(problem: Problem, seed: int) -> None:
    """From the device as it is, then from its best change of a stage while that helps, then from random settings."""
    require_gradient(problem, "adam")
    rng = np.random.default_rng(seed)
    _ascend(problem, problem.space.start())
    while (flipped := try_flips(problem, problem.top)) is not None:
        _ascend(problem, flipped.setting)
    for setting in uniform(problem.space, rng):
        _ascend(problem, setting)


def _ascend(problem: Problem, setting: Setting) -> None:
    inside = torch.from_numpy(setting.point.clip(_MARGIN, 1 - _MARGIN))
    logits = torch.logit(inside).requires_grad_()
    optimiser = torch.optim.Adam([logits], lr=RATE, maximize=True)
    for _ in range(STEPS):
        place = torch.sigmoid(logits)
        _, slope = problem.value_and_gradient(Setting(setting.choice, place.detach().numpy()))
        (logits.grad,) = torch.autograd.grad(place, logits, torch.from_numpy(slope))
        optimiser.step()
