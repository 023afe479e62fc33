"""Projected gradient ascent on signs, with restarts; Madry et al., ICLR 2018."""

from __future__ import annotations

import numpy as np

from audit.search.mixed import Setting
from audit.search.problem import Problem
from audit.search.strategies.gradient import with_restarts

STEPS = np.geomspace(0.4, 0.02, 10)
"""As fractions of each range."""


def search(problem: Problem, seed: int) -> None:
    """From the device as it is, then from its best change of a stage while that helps, then from random settings."""
    with_restarts(problem, seed, "pgd", _ascend)


def _ascend(problem: Problem, setting: Setting) -> None:
    for step in STEPS:
        _, slope = problem.value_and_gradient(setting)
        setting = Setting(setting.choice, (setting.point + step * np.sign(slope)).clip(0, 1))
    problem.evaluate(setting)
