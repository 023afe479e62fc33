"""An even choice of many, for what is shown or checked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")


def evenly(items: Sequence[T], most: int) -> list[T]:
    """``most`` of the items at most, evenly spaced, the first and the last among them; in order."""
    count = min(most, len(items))
    return [items[round(index * (len(items) - 1) / max(count - 1, 1))] for index in range(count)]
