"""The sentences of the report: what was found."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from audit.report.rows import FLIPS, View

VERDICT_MEANING = {
    "PASS": "Every profile stays within the margin with its whole interval.",
    "FAIL": "At least one profile is worse than the margin allows, by more than chance explains.",
    "INCONCLUSIVE": "No profile was shown to exceed the margin, but for at least one it could not be ruled out.",
}


def plural(count: int, noun: str) -> str:
    """``1 scene``, ``3 scenes``."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def margin_text(view: View) -> str:
    """The margins in words, ``accuracy may drop by at most 5.0 points``; empty where there are none."""
    parts = {
        "drop": f"{_may(view)} by at most {view.primary.with_unit(view.margins.get('drop', 0))}",
        "flips": f"at most {FLIPS.with_unit(view.margins.get('flips', 0))} of the answers may change",
    }
    return " and ".join(text for key, text in parts.items() if key in view.margins)


def _may(view: View) -> str:
    """``accuracy may drop``, ``MAE may rise``."""
    measure, _, word = view.primary.spoken.rpartition(" ")
    return f"{measure} may {word}"


def counts_text(view: View) -> str:
    """``27 pass, 3 fail, 7 inconclusive``."""
    counts = view.counts
    return f"{counts['PASS']} pass, {counts['FAIL']} fail, {counts['INCONCLUSIVE']} inconclusive"


def summary(results: Mapping[str, Any], view: View) -> str:
    """What was tested and what came out, in plain words."""
    data = results["data"]
    scenes = plural(data["samples"], "labelled scene" if data["labelled"] else "unlabelled scene")
    cameras = plural(len(view.rows), "emulated camera profile")
    margin = margin_text(view)
    sentences = [
        f"{results['model']['name']} was run on {scenes} through {cameras} and compared with "
        f"{view.reference.name}" + (f"; {margin}." if margin else "; no margin was set."),
    ]
    if view.rows:
        sentences.append(f"Of the profiles, {counts_text(view)}.")
        sentences.append(_worst_sentence(view))
    else:
        sentences.append("No profile was judged.")
    return " ".join(sentences)


def _worst_sentence(view: View) -> str:
    worst = view.rows[0]
    measured = worst.intervals.get(view.primary.key)
    if measured is None:
        return f"The worst is {worst.name}, which gave no result."
    if view.primary is FLIPS:
        found = f"{FLIPS.with_unit(measured.value)} of the answers change"
    else:
        found = f"{article(view.primary.spoken)} of {view.primary.with_unit(measured.value)}"
    return f"The worst is {worst.name}: {found} ({view.level} interval {view.primary.limits(measured)})."


def article(noun: str) -> str:
    """``an accuracy drop``, ``an mAP 50:95 drop``, ``a Dice drop``."""
    # Letters one by one are named: an F1, a PCK.
    spelled = len(noun) > 1 and (noun[1].isupper() or noun[1].isdigit())
    return f"{'an' if noun[0].lower() in ('aefhilmnorsx' if spelled else 'aeiou') else 'a'} {noun}"
