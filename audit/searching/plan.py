"""What a search is asked to do, checked before anything is read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import get_args

from audit.jpeg import check_quality
from audit.search.fidelity import Bound, Weight
from audit.search.groups import ALL, GROUPS, find_group
from audit.search.strategies import STRATEGIES
from audit.searching.aims import LossName
from camsim.errors import CamsimError, did_you_mean

WITH_GRADIENTS = frozenset({"default", "pgd", "adam"})
"""Strategies that use gradients; ``default`` does without where there are none."""
LADDER = (10.0, 1.0, 0.1, 0.01, 0.001)
"""Weights of the fidelity, the tightest first."""


@dataclass(frozen=True)
class Plan:
    """The searches of one run. Each has the same budget, but those of the security curve half of it."""

    strategy: str = "default"
    budget: int = 200
    """Forward passes over the search half."""
    group: str = ALL
    loss: LossName = "soft_error"
    constraint: Bound | Weight | None = None
    """Between the pictures of a setting and those of the device as it is."""
    count: int = 1
    """Distinct worst cases."""
    cross_check: bool = True
    """Search once more without gradients, where they were used."""
    curve: int = 4
    """Points of the security curve, the whole search among them; 0: no curve."""
    each_group: bool = False
    """Search every group of knobs by itself."""
    ladder: bool = False
    """Search every group at each weight of `LADDER`."""
    jpeg: int | None = None
    """Quality of the device's JPEG in the certificate."""

    def __post_init__(self) -> None:
        if self.strategy not in STRATEGIES:
            hint = did_you_mean(self.strategy, STRATEGIES)
            raise CamsimError(f"unknown strategy {self.strategy!r}{hint} ({', '.join(STRATEGIES)})")
        if self.loss not in get_args(LossName):
            hint = did_you_mean(self.loss, get_args(LossName))
            raise CamsimError(f"unknown loss {self.loss!r}{hint} ({', '.join(get_args(LossName))})")
        find_group(self.group)
        for name, least in (("budget", 1), ("count", 1)):
            if getattr(self, name) < least:
                raise CamsimError(f"{name} must be at least {least}, got {getattr(self, name)}")
        if self.curve < 0 or self.curve == 1:
            raise CamsimError(f"curve must be 0 (none) or at least 2 points, got {self.curve}")
        if self.ladder and isinstance(self.constraint, Bound):
            raise CamsimError(
                "a ladder of weights and a bound contradict each other: each rung has a weight in the bound's place; "
                "leave one of them out"
            )
        if self.jpeg is not None:
            check_quality(self.jpeg)

    @property
    def wants_gradients(self) -> bool:
        """Whether the strategy uses gradients where there are any."""
        return self.strategy in WITH_GRADIENTS

    @property
    def groups(self) -> tuple[str, ...]:
        """What is searched group by group."""
        return (ALL, *GROUPS) if self.each_group or self.ladder else ()
