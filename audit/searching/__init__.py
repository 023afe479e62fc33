"""Searching from end to end: `search_cameras`, and `replay` of what it found."""

from __future__ import annotations

from audit.searching.replaying import replay
from audit.searching.result import SearchResult
from audit.searching.run import search_cameras

__all__ = ["SearchResult", "replay", "search_cameras"]
