"""Search for the worst plausible pipeline of a device."""

from __future__ import annotations

from audit.search.space import Space
from audit.search.worst_case import WorstCase, find_worst_case

__all__ = ["Space", "WorstCase", "find_worst_case"]
