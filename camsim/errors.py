"""Errors that a user can act on. Each message is complete: where, what was given, what is allowed, the likely fix."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass


class CamsimError(Exception):
    """A mistake in what was given (exit code 2). ``str(error)`` may have several lines, one for each problem."""

    exit_code = 2


class NoDataError(CamsimError):
    """There is nothing to judge: no verdict can be given (exit code 3)."""

    exit_code = 3


class UnsafeError(CamsimError):
    """The file would run code when loaded, or reaches outside its folder (exit code 4)."""

    exit_code = 4


@dataclass(frozen=True)
class Problem:
    """One thing wrong in a profile: where it stands and what is allowed there."""

    where: str
    """``file.yaml:17``, or the profile's name when it was built in Python."""
    path: str
    """The field, such as ``isp[3].sharpen.radius``; empty for the file as a whole."""
    message: str

    def __str__(self) -> str:
        return ": ".join(part for part in (self.where, self.path, self.message) if part)


class ProfileError(CamsimError):
    """Everything that is wrong with a profile, at once."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


def did_you_mean(given: str, allowed: Iterable[str], count: int = 3) -> str:
    """``; did you mean 'sharpen'?`` for near misses, else an empty string."""
    by_lower = {name.lower(): name for name in allowed}
    near = [by_lower[name] for name in difflib.get_close_matches(given.lower(), by_lower, n=count, cutoff=0.5)]
    if not near:
        return ""
    return "; did you mean " + " or ".join(repr(name) for name in near) + "?"
