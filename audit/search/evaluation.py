"""What a search learns of one setting, and what ends it."""

from __future__ import annotations

from dataclasses import dataclass

from audit.search.mixed import Setting
from camsim.errors import CamsimError


class Spent(Exception):  # noqa: N818  it ends a strategy, and is no error
    """The budget is used up."""


class GradientError(CamsimError):
    """The model's gradient is NaN or infinite."""


@dataclass(frozen=True)
class Evaluation:
    """One setting as the search saw it. On few samples, and chosen for being bad: not a figure to report."""

    setting: Setting
    value: float
    """What is maximised: the loss less what the constraint takes off; -inf where the setting is no valid profile."""
    loss: float
    """Mean loss of the task; NaN where the setting is no valid profile."""
    score: float
    """Mean score in [0, 1]; NaN likewise."""
    changed: float
    """Samples lost: their number less the sum of their scores; NaN likewise."""
    fidelity: float | None
    """Mean of the constraint's measure against the reference; None without a constraint."""
    feasible: bool
    """Whether it may be the result."""
    spent: float
    """Budget used when it was done, in forward passes over the samples."""
