"""A paragraph with a headline: a caveat of a run, or a limit of the method."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Caveat:
    """Something that limits what this run's numbers mean."""

    headline: str
    """Short enough for the terminal."""
    text: str
    items: tuple[str, ...] = ()
