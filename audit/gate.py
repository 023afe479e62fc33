"""The verdict: is a model's drift on a profile within the margin, beyond it, or not known yet?

A non-inferiority test for each profile and metric: the upper confidence limit below the margin is PASS, the
lower one above it FAIL, all else INCONCLUSIVE. A FAIL must also stand after Holm's correction over everything
tested. "All profiles pass" needs none: an intersection-union test (Berger, Technometrics 24 (1982) 295-300).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Final, Literal, Protocol, TypeVar

from audit.stats import Interval, holm
from audit.stats.power import least_samples
from audit.tasks.metric import Metric, Unit
from camsim.errors import CamsimError

Verdict = Literal["PASS", "FAIL", "INCONCLUSIVE"]

EXIT_CODES: Final[Mapping[Verdict, int]] = MappingProxyType({"PASS": 0, "FAIL": 1, "INCONCLUSIVE": 3})
"""What ``camsim audit`` and ``camsim gate`` exit with."""

_BEST_FIRST: Final[tuple[Verdict, ...]] = ("PASS", "INCONCLUSIVE", "FAIL")


@dataclass(frozen=True)
class Gate:
    """How much drift is allowed. At least one of the margins is set; a metric without one is not gated."""

    max_drop: float | None
    """Drop of the task's first metric against the reference (of an error: its rise), in ``unit``."""
    max_flips: float | None
    """Rate of samples whose prediction differs from the reference's, as a fraction."""
    confidence: float = 0.95
    """Of the two-sided intervals; PASS and FAIL each err with some (1 - confidence) / 2."""
    min_samples: int = 10
    given: bool = True
    """False: the user stated no margin, these are the defaults."""
    unit: Unit = "%"
    """Of max_drop: ``%`` for a fraction, where 0.05 is 5 points."""

    def __post_init__(self) -> None:
        for name, margin, unit in (("max_drop", self.max_drop, self.unit), ("max_flips", self.max_flips, "%")):
            if margin is None:
                continue
            if unit == "%" and not 0 <= margin < 1:
                raise CamsimError(f"{name}: must be a fraction in [0, 1), got {margin:g} (5 points or 5 % are 0.05)")
            if not 0 <= margin < math.inf:
                raise CamsimError(
                    f"{name}: must be a number from 0 on, in {unit or 'the unit of the metric'}, got {margin:g}"
                )
        if self.max_drop is None and self.max_flips is None:
            raise CamsimError("gate: needs max_drop, max_flips or both; with neither there is nothing to judge")
        if not 0.5 < self.confidence < 1:
            raise CamsimError(f"confidence: must lie in (0.5, 1), got {self.confidence:g} (95 % is 0.95)")
        if self.min_samples < 1:
            raise CamsimError(f"min_samples: must be at least 1, got {self.min_samples}")

    @property
    def alpha(self) -> float:
        """The one-sided error of a verdict."""
        return (1 - self.confidence) / 2


class Estimate(Protocol):
    """A number that was measured, with its uncertainty; see `audit.stats`."""

    def interval(self, confidence: float) -> Interval:
        """Two-sided."""
        ...

    def p_above(self, margin: float) -> float:
        """One-sided, of H0: it is at most ``margin``."""
        ...


class PairedDrop(Estimate, Protocol):
    """A drop against the reference, sample by sample."""

    def p_zero(self) -> float:
        """Two-sided, of H0: no drop."""
        ...


@dataclass(frozen=True)
class Evidence:
    """What was measured on one profile. ValueError: if impossible."""

    profile: str
    samples: int
    """Measured under both the profile and the reference."""
    expected: int
    """Samples that should have been measured."""
    drop: PairedDrop | None
    """Of the task's first metric; None without labels or samples."""
    flips: Estimate | None
    """Rate of samples whose answer differs from the reference's; None without samples."""

    def __post_init__(self) -> None:
        if not 0 <= self.samples <= self.expected:
            raise ValueError(f"{self.profile}: {self.samples} samples of {self.expected} expected")


@dataclass(frozen=True)
class Drop:
    """The metric under the reference minus that under the profile; of an error, the other way round."""

    interval: Interval
    p_margin: float | None
    """One-sided, of H0: drop <= margin; None when not gated."""
    p_holm: float | None
    """The same, adjusted for everything tested in the run."""
    p_zero: float
    """Two-sided, of H0: no drop, whatever the margin; of a rate McNemar's exact test."""


@dataclass(frozen=True)
class Flips:
    """Rate of samples whose answer differs from the reference's, a fraction: instability, not error."""

    interval: Interval
    p_margin: float | None
    """One-sided, of H0: rate <= margin; None when not gated."""
    p_holm: float | None
    """The same, adjusted for everything tested in the run."""


@dataclass(frozen=True)
class Judgement:
    """The verdict on one profile, the sentences that say why (the worst first) and the numbers behind it."""

    profile: str
    verdict: Verdict
    reasons: tuple[str, ...]
    drop: Drop | None
    """None without labels or samples."""
    flips: Flips | None
    """None without samples."""


def judge(rows: Sequence[Evidence], gate: Gate, metric: Metric | None) -> list[Judgement]:
    """One judgement for each row, in order; the reference itself is not a row.

    The rows are one family for Holm's correction: pass all profiles of a run at once. ``metric`` is what the drops are
    of, and how they are spoken of; None where there are none.
    CamsimError: a gate on the drop, and data without labels.
    """
    if gate.max_drop is not None and any(row.drop is None and row.samples for row in rows):
        raise CamsimError(
            f"max_drop: a drop of at most {gate.max_drop:g} cannot be judged without labels; "
            "give labelled data, or gate on changed answers with --max-flips"
        )
    drops = [_drop(row, gate) for row in rows]
    flips = [_flips(row, gate) for row in rows]
    tested = [found.p_margin for found in (*drops, *flips) if found is not None and found.p_margin is not None]
    adjusted = iter(holm(tested))
    drops = [_adjust(drop, adjusted) for drop in drops]
    flips = [_adjust(flip, adjusted) for flip in flips]
    judgements = []
    for row, drop, flip in zip(rows, drops, flips, strict=True):
        verdict, reasons = _verdict(row, gate, _drop_words(metric), drop, flip, len(tested))
        judgements.append(Judgement(row.profile, verdict, reasons, drop, flip))
    return judgements


def overall(judgements: Sequence[Judgement]) -> Verdict:
    """The verdict on the model: FAIL if any profile fails, PASS if there are profiles and all pass."""
    return max((judgement.verdict for judgement in judgements), key=_BEST_FIRST.index, default="INCONCLUSIVE")


def _drop(row: Evidence, gate: Gate) -> Drop | None:
    if row.drop is None:
        return None
    p_margin = None if gate.max_drop is None else row.drop.p_above(gate.max_drop)
    return Drop(row.drop.interval(gate.confidence), p_margin, None, row.drop.p_zero())


def _flips(row: Evidence, gate: Gate) -> Flips | None:
    if row.flips is None:
        return None
    p_margin = None if gate.max_flips is None else row.flips.p_above(gate.max_flips)
    return Flips(row.flips.interval(gate.confidence), p_margin, None)


_Drift = TypeVar("_Drift", Drop, Flips)


def _adjust(found: _Drift | None, adjusted: Iterator[float]) -> _Drift | None:
    """The same with the next adjusted p-value, where it was tested."""
    if found is None or found.p_margin is None:
        return found
    return replace(found, p_holm=next(adjusted))


@dataclass(frozen=True)
class _Words:
    """How a metric is spoken of."""

    name: str
    unit: str
    stays: str
    exceeds: str
    whether: str
    margin: str
    lowest: float
    """The least value of the metric: a margin there can never be met."""
    scale: float = 100.0
    """From the metric's number to the one that is written."""
    digits: int = 1
    """Decimals, at the least."""


_FLIPS_WORDS = _Words("flips", "%", "stay", "exceed", "they stay", "{} %", 0.0)


def _drop_words(metric: Metric | None) -> _Words:
    if metric is None:
        return _FLIPS_WORDS  # nothing will be said of a drop
    unit, scale = ("points", 100.0) if metric.unit == "%" else (metric.unit, 1.0)
    return _Words(
        metric.drop_title, unit, "stays", "exceeds", "it stays", "the margin {}", -math.inf, scale, metric.digits
    )


def _verdict(
    row: Evidence, gate: Gate, words: _Words, drop: Drop | None, flips: Flips | None, tests: int
) -> tuple[Verdict, tuple[str, ...]]:
    if row.samples < gate.min_samples:
        too_few = f"{_samples(row.samples)} measured: a verdict needs at least {gate.min_samples}"
        return "INCONCLUSIVE", (too_few,)
    metrics = ((words, drop, gate.max_drop), (_FLIPS_WORDS, flips, gate.max_flips))
    findings = [
        _judge_metric(how, found.interval, margin, found.p_holm, gate, tests, row.samples)
        for how, found, margin in metrics
        if found is not None and found.p_holm is not None and margin is not None
    ]
    if row.samples < row.expected:
        missing = row.expected - row.samples
        unmeasured = f"{missing} of {row.expected} samples were not measured: the profile cannot pass"
        findings.append(("INCONCLUSIVE", unmeasured))
    findings.sort(key=lambda finding: _BEST_FIRST.index(finding[0]), reverse=True)
    verdict = findings[0][0]
    return verdict, tuple(reason for found, reason in findings if found != "PASS" or verdict == "PASS")


def _samples(count: int) -> str:
    return f"{count} sample" + ("" if count == 1 else "s")


def _judge_metric(
    words: _Words, interval: Interval, margin: float, p_holm: float, gate: Gate, tests: int, samples: int
) -> tuple[Verdict, str]:
    value, low, high, bound = _written(interval, margin, words.scale, words.digits)
    if not (math.isfinite(interval.low) and math.isfinite(interval.high)):
        measured = f"{words.name} {value} {words.unit}".rstrip() if math.isfinite(interval.value) else words.name
        unknown = "its interval is not known from these samples" if math.isfinite(interval.value) else "is not defined"
        return "INCONCLUSIVE", f"{measured}: {unknown}, so it cannot be held against {words.margin.format(bound)}"
    text = " ".join(part for part in (words.name, value, words.unit, f"[{low}, {high}]") if part)
    limit = words.margin.format(bound)
    # Of a fraction the size of rare failures is known; gains elsewhere must not hide that they could be unseen.
    least = least_samples(margin, gate.confidence) if words.scale == 100 and margin > 0 else 0
    if interval.high < margin and samples < least:
        return "INCONCLUSIVE", f"{text}: below {limit}, but fewer than {least} samples may miss rare failures"
    if interval.high < margin:
        return "PASS", f"{text} {words.stays} below {limit}"
    if interval.low > margin and p_holm < gate.alpha:
        return "FAIL", f"{text} {words.exceeds} {limit}"
    if interval.low > margin:
        doubt = f"Holm-adjusted p {p_holm:.2g}, FAIL needs less than {gate.alpha:.3g}"
        reason = f" {words.exceeds} {limit}, but not clearly for {tests} tests ({doubt}): more samples are needed"
    elif margin <= words.lowest:
        reason = f": no number of samples can show that {words.whether} below {limit}; allow more than that"
    else:
        reason = f": more samples are needed to tell whether {words.whether} below {limit}"
    return "INCONCLUSIVE", text + reason


def _written(interval: Interval, margin: float, scale: float, digits: int) -> tuple[str, str, str, str]:
    """Value, low, high and margin times ``scale``, with the decimals that tell the limits from the margin."""
    numbers = [scale * number for number in (interval.value, interval.low, interval.high, margin)]
    for decimals in range(digits, max(digits, 4) + 1):
        # Adding 0.0 turns -0.0 into 0.0.
        value, low, high, bound = (f"{round(number, decimals) + 0.0:.{decimals}f}" for number in numbers)
        blurred = (low == bound and interval.low != margin) or (high == bound and interval.high != margin)
        if not blurred and math.isclose(float(bound), numbers[-1], rel_tol=0.005):
            break
    return value, low, high, bound
