"""The verdict: is a model's drift on a profile within the margin, beyond it, or not known yet?

A non-inferiority test for each profile and metric: the upper confidence limit below the margin is PASS, the
lower one above it FAIL, all else INCONCLUSIVE. A FAIL must also stand after Holm's correction over everything
tested. "All profiles pass" needs none: an intersection-union test (Berger, Technometrics 24 (1982) 295-300).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from numbers import Integral
from types import MappingProxyType
from typing import Final, Literal, TypeVar

from audit.stats import Interval, holm, mcnemar_exact, tango, tango_p_above, wilson, wilson_p_above
from camsim.errors import CamsimError

Verdict = Literal["PASS", "FAIL", "INCONCLUSIVE"]

EXIT_CODES: Final[Mapping[Verdict, int]] = MappingProxyType({"PASS": 0, "FAIL": 1, "INCONCLUSIVE": 3})
"""What ``camsim audit`` and ``camsim gate`` exit with."""

_BEST_FIRST: Final[tuple[Verdict, ...]] = ("PASS", "INCONCLUSIVE", "FAIL")


@dataclass(frozen=True)
class Gate:
    """How much drift is allowed. At least one of the margins is set; a metric without one is not gated."""

    max_drop: float | None
    """Drop of the accuracy against the reference, as a fraction: 0.05 is 5 points."""
    max_flips: float | None
    """Rate of samples whose prediction differs from the reference's, as a fraction."""
    confidence: float = 0.95
    """Of the two-sided intervals; PASS and FAIL each err with some (1 - confidence) / 2."""
    min_samples: int = 10
    given: bool = True
    """False: the user stated no margin, these are the defaults."""

    def __post_init__(self) -> None:
        for name, margin in (("max_drop", self.max_drop), ("max_flips", self.max_flips)):
            if margin is not None and not 0 <= margin < 1:
                raise CamsimError(f"{name}: must be a fraction in [0, 1), got {margin:g} (5 points or 5 % are 0.05)")
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


@dataclass(frozen=True)
class Counts:
    """What was counted on one profile, sample by sample against the reference. ValueError: if impossible."""

    profile: str
    samples: int
    """Measured under both, with a finite outcome."""
    flips: int
    """Samples whose prediction differs from the reference's."""
    ref_only: int | None
    """Samples right under the reference alone; None when the data have no labels."""
    other_only: int | None
    """Samples right under this profile alone; None when the data have no labels."""
    expected: int
    """Samples that should have been measured."""

    def __post_init__(self) -> None:
        if (self.ref_only is None) != (self.other_only is None):
            raise ValueError(f"{self.profile}: ref_only and other_only must both be counts or both None")
        counts = [self.samples, self.flips, self.ref_only or 0, self.other_only or 0, self.expected]
        if not all(isinstance(count, Integral) and count >= 0 for count in counts):
            raise ValueError(f"{self.profile}: counts must be whole numbers, not negative, got {self}")
        if not max(self.flips, sum(counts[2:4])) <= self.samples <= self.expected:
            raise ValueError(
                f"{self.profile}: flips and discordant pairs must not exceed the samples, "
                f"nor the samples the expected, got {self}"
            )


@dataclass(frozen=True)
class Drop:
    """Accuracy under the reference minus accuracy under the profile, as a fraction."""

    interval: Interval
    p_margin: float | None
    """One-sided, of H0: drop <= margin; None when not gated."""
    p_holm: float | None
    """The same, adjusted for everything tested in the run."""
    p_mcnemar: float
    """Two-sided exact, of H0: no drop; whatever the margin."""


@dataclass(frozen=True)
class Flips:
    """Rate of samples whose prediction differs from the reference's, a fraction: instability, not error."""

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


def judge(rows: Sequence[Counts], gate: Gate) -> list[Judgement]:
    """One judgement for each row, in order; the reference itself is not a row.

    The rows are one family for Holm's correction: pass all profiles of a run at once.
    CamsimError: a gate on the drop, and data without labels.
    """
    if gate.max_drop is not None and any(row.ref_only is None for row in rows):
        raise CamsimError(
            f"max_drop: an accuracy drop of at most {gate.max_drop:g} cannot be judged without labels; "
            "give labelled data (one folder per class), or gate on changed predictions with --max-flips"
        )
    drops = [_drop(row, gate) for row in rows]
    flips = [_flips(row, gate) for row in rows]
    tested = [found.p_margin for found in (*drops, *flips) if found is not None and found.p_margin is not None]
    adjusted = iter(holm(tested))
    drops = [_adjust(drop, adjusted) for drop in drops]
    flips = [_adjust(flip, adjusted) for flip in flips]
    judgements = []
    for row, drop, flip in zip(rows, drops, flips, strict=True):
        verdict, reasons = _verdict(row, gate, drop, flip, len(tested))
        judgements.append(Judgement(row.profile, verdict, reasons, drop, flip))
    return judgements


def overall(judgements: Sequence[Judgement]) -> Verdict:
    """The verdict on the model: FAIL if any profile fails, PASS if there are profiles and all pass."""
    return max((judgement.verdict for judgement in judgements), key=_BEST_FIRST.index, default="INCONCLUSIVE")


def _drop(row: Counts, gate: Gate) -> Drop | None:
    if row.ref_only is None or row.other_only is None or row.samples == 0:
        return None
    pairs = (row.ref_only, row.other_only, row.samples)
    p_margin = None if gate.max_drop is None else tango_p_above(*pairs, gate.max_drop)
    return Drop(tango(*pairs, gate.confidence), p_margin, None, mcnemar_exact(row.ref_only, row.other_only))


def _flips(row: Counts, gate: Gate) -> Flips | None:
    if row.samples == 0:
        return None
    p_margin = None if gate.max_flips is None else wilson_p_above(row.flips, row.samples, gate.max_flips)
    return Flips(wilson(row.flips, row.samples, gate.confidence), p_margin, None)


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


_DROP_WORDS = _Words("accuracy drop", "points", "stays", "exceeds", "it stays", "the margin {}", -1.0)
_FLIPS_WORDS = _Words("flips", "%", "stay", "exceed", "they stay", "{} %", 0.0)


def _verdict(
    row: Counts, gate: Gate, drop: Drop | None, flips: Flips | None, tests: int
) -> tuple[Verdict, tuple[str, ...]]:
    if row.samples < gate.min_samples:
        too_few = f"{_samples(row.samples)} measured: a verdict needs at least {gate.min_samples}"
        return "INCONCLUSIVE", (too_few,)
    metrics = ((_DROP_WORDS, drop, gate.max_drop), (_FLIPS_WORDS, flips, gate.max_flips))
    findings = [
        _judge_metric(words, found.interval, margin, found.p_holm, gate, tests)
        for words, found, margin in metrics
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
    words: _Words, interval: Interval, margin: float, p_holm: float, gate: Gate, tests: int
) -> tuple[Verdict, str]:
    value, low, high, bound = _in_hundredths(interval, margin)
    text = f"{words.name} {value} {words.unit} [{low}, {high}]"
    limit = words.margin.format(bound)
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


def _in_hundredths(interval: Interval, margin: float) -> tuple[str, str, str, str]:
    """Value, low, high and margin times 100, with the decimals that tell the limits from the margin."""
    numbers = [100 * number for number in (interval.value, interval.low, interval.high, margin)]
    for decimals in range(1, 5):
        # Adding 0.0 turns -0.0 into 0.0.
        value, low, high, bound = (f"{round(number, decimals) + 0.0:.{decimals}f}" for number in numbers)
        blurred = (low == bound and interval.low != margin) or (high == bound and interval.high != margin)
        if not blurred and math.isclose(float(bound), numbers[-1], rel_tol=0.005):
            break
    return value, low, high, bound
