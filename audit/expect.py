"""A check that the model is fed as it should be: its figures on the reference are those that its maker knows."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from camsim.errors import CamsimError, did_you_mean

TOLERANCE = 0.01
"""Allowed difference where none is given: one point of a fraction."""

_NUMBER = r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?"
_EXPECTED = re.compile(rf"\s*(\w+)\s*=\s*({_NUMBER})\s*(%?)\s*(?:(?:±|\+/-|\+-)\s*({_NUMBER})\s*(%?)\s*)?")

_CAUSES = (
    "likely causes: preprocessing (channel order, scale, mean and std, resizing; see 'camsim inspect MODEL'), the "
    "order of the classes, other data than those it was measured on"
)


@dataclass(frozen=True)
class Expected:
    """A figure that should come out."""

    value: float
    tolerance: float = TOLERANCE
    """How far the measured one may be from it."""


def parse_expected(texts: Sequence[str]) -> dict[str, Expected]:
    """``accuracy=0.83``, ``accuracy=83%``, ``map=0.41±0.02`` (or ``+-0.02``), several with commas between.

    Raises:
        CamsimError: another form, or a metric that is given twice.
    """
    found: dict[str, Expected] = {}
    for part in (part for text in texts for part in text.split(",")):
        match = _EXPECTED.fullmatch(part)
        if match is None:
            raise CamsimError(
                f"--expect: must be METRIC=VALUE, as in accuracy=0.83 or accuracy=0.83±0.02; got {part!r}"
            )
        name, value, percent, tolerance, percent_of = match.groups()
        if name in found:
            raise CamsimError(f"--expect: {name} is given twice")
        allowed = TOLERANCE if tolerance is None else float(tolerance) / (100 if percent_of else 1)
        if not 0 <= allowed < math.inf:
            raise CamsimError(f"--expect: the tolerance of {name} must not be negative, got {tolerance}")
        found[name] = Expected(float(value) / (100 if percent else 1), allowed)
    return found


def check_expected(expected: Mapping[str, Expected | float], measured: Mapping[str, float | None]) -> None:
    """Compare what should come out with what came out.

    Args:
        expected: by metric; a plain number has the usual tolerance.
        measured: the metrics on the reference; None or NaN: it could not be measured.

    Raises:
        CamsimError: each metric that is unknown, could not be measured or is too far off, one a line.
    """
    problems = []
    missed = False
    for name, wanted in expected.items():
        aim = wanted if isinstance(wanted, Expected) else Expected(wanted)
        if name not in measured:
            hint = did_you_mean(name, measured) or f"; measured are {', '.join(measured) or 'none'}"
            problems.append(f"expected {name}: there is no such metric{hint}")
            continue
        found = measured[name]
        if found is None or math.isnan(found):
            problems.append(f"expected {name} = {_shown(aim.value)}, but it could not be measured: are there labels?")
        # A float may be the nearest above the limit that was meant.
        elif abs(found - aim.value) > aim.tolerance + 1e-9:
            missed = True
            problems.append(
                f"expected {name} = {_shown(aim.value)} ± {_shown(aim.tolerance)} on the reference, measured "
                f"{_shown(found)}"
            )
    if problems:
        raise CamsimError("\n".join([*problems, *([_CAUSES] if missed else [])]))


def _shown(value: float) -> str:
    return f"{value:.4g}"
