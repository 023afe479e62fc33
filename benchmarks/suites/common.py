"""What suites that time things share: from timings to rows, ratios and targets."""

from __future__ import annotations

from collections.abc import Mapping

from benchmarks.launch import Timing
from benchmarks.report import Check, Row, number

ROUNDS = 5
QUICK_ROUNDS = 3


def rounds(quick: bool) -> int:
    """How often everything is measured."""
    return QUICK_ROUNDS if quick else ROUNDS


def per_unit(timing: Timing) -> float:
    """Median seconds of CPU for one unit of work."""
    return timing.cpu.median / timing.amount


def rows(case: str, timings: Mapping[str, Timing], baseline: str, unit: str) -> list[Row]:
    """Rows of CPU time, with rates in ``unit`` a second and ratios to the baseline for the same amount of work."""
    base = timings.get(baseline)
    found = []
    for name, timing in timings.items():
        speed = 1 / per_unit(timing)
        rate = f"{number(speed / 1e6)} M{unit}/s" if speed >= 1e5 else f"{number(speed)} {unit}/s"
        ratio = per_unit(timing) / per_unit(base) if base is not None else None
        found.append(Row(case, name, timing.cpu.scaled(1e3), "ms", rate, ratio))
    return found


def check(
    text: str, timings: Mapping[str, Timing], over: str, under: str, limit: float, *, at_most: bool = True
) -> list[Check]:
    """The time of ``over`` for a unit of work over that of ``under``; nothing where one of them was not measured."""
    if over not in timings or under not in timings:
        return []
    return [Check(text, per_unit(timings[over]) / per_unit(timings[under]), limit, at_most)]
