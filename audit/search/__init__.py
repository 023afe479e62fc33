"""Search for the worst plausible setting of a device.

>>> problem = Problem(camsim.load("phone/pixel-4a-imx363"), ClassTask(model, aims, gradient), samples, budget=100)
>>> worst = search_worst(problem)[0]        # worst.profile, worst.setting, worst.value, worst.fidelity
"""

from __future__ import annotations

from audit.search.evaluation import Evaluation, GradientError, Spent
from audit.search.fidelity import Bound, Measure, Weight
from audit.search.groups import ALL, GROUPS
from audit.search.mixed import MixedSpace, Setting
from audit.search.problem import Problem
from audit.search.rungs import Rung, ladder
from audit.search.space import Space
from audit.search.strategies import STRATEGIES, Strategy
from audit.search.worst import Found, movable_groups, search_each, search_groups, search_worst

__all__ = [
    "ALL",
    "GROUPS",
    "STRATEGIES",
    "Bound",
    "Evaluation",
    "Found",
    "GradientError",
    "Measure",
    "MixedSpace",
    "Problem",
    "Rung",
    "Setting",
    "Space",
    "Spent",
    "Strategy",
    "Weight",
    "ladder",
    "movable_groups",
    "search_each",
    "search_groups",
    "search_worst",
]
