"""What a worker measures."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field


class UnavailableError(Exception):
    """A subject cannot be measured here; the message says why."""


@dataclass(frozen=True)
class Work:
    """One call of ``run`` is what is timed."""

    run: Callable[[], object]
    amount: float
    """Work done by one call: pixels, pictures ..."""
    details: Mapping[str, float] = field(default_factory=dict)
    """Further figures to hand back, known before the first round."""
