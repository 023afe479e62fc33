"""What came of a tuning, by whatever method."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from audit.optimize.fit import Check
from camsim import Profile

Method = Literal["gradient descent", "pattern search"]

_APART = 1_000_000


@dataclass(frozen=True)
class Outcome:
    """A tuned camera and the way there."""

    method: Method
    no_gradient: str | None
    """Why it was not gradient descent."""
    learned: Profile
    """As it did best on the validation part."""
    checks: tuple[Check, ...]
    best: Check
    stopped: str


def validation_noise(seed: int) -> int:
    """Seed of the noise of the validation part: the same at every check, so that they do not differ by chance."""
    return seed + _APART


def training_noise(seed: int, epoch: int) -> int:
    """Seed of the noise of the tuning part, another one each epoch. None of them is that of a judgement."""
    return seed + 2 * _APART + epoch
