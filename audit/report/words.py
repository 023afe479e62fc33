"""The sentences of the report: what was found, what to keep in mind, what is not proven."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from statistics import NormalDist, median
from typing import Any

from audit.report.rows import DROP, FLIPS, View

VERDICT_MEANING = {
    "PASS": "Every profile stays within the margin with its whole interval.",
    "FAIL": "At least one profile is worse than the margin allows, by more than chance explains.",
    "INCONCLUSIVE": "No profile was shown to exceed the margin, but for at least one it could not be ruled out.",
}


@dataclass(frozen=True)
class Caveat:
    """Something that limits what this run's numbers mean."""

    headline: str
    """Short enough for the terminal."""
    text: str
    items: tuple[str, ...] = ()


LIMITS = (
    Caveat(
        "The cameras are emulated.",
        "A profile models a device's sensor, its noise and its processing; of its lens and of motion only what it "
        "states, and those that ship with camsim state nothing of them. It is not the device: units differ and "
        "firmware changes. A pixel of a scene is a pixel of the sensor, so that fine texture and noise look coarser "
        "than through a device of many megapixels.",
    ),
    Caveat(
        "Numbers in a profile can be assumptions.",
        "Each profile states where its numbers come from: measured, from a datasheet, derived or assumed. "
        "The command camsim profiles show NAME lists them.",
    ),
    Caveat(
        "Scenes made from ordinary images are estimates.",
        "An sRGB photograph went through some camera before. Undoing that is a guess: clipped highlights, "
        "compression and the first camera's noise stay in.",
    ),
    Caveat(
        "The worst case found is not the worst case possible.",
        "The search has a limited budget and stays within the stated ranges of each device. "
        "It shows that a failure exists; it cannot show that none does.",
    ),
    Caveat(
        "PASS is relative to the reference.",
        "It says that the model does about as well as on the reference, within the margin. "
        "It does not say that the model is good enough for its task.",
    ),
    Caveat(
        "These scenes stand for themselves.",
        "Intervals cover the chance of drawing other scenes of the same kind. Other places, seasons, subjects or "
        "lighting are not covered.",
    ),
)


def plural(count: int, noun: str) -> str:
    """``1 scene``, ``3 scenes``."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def margin_text(view: View) -> str:
    """The margins in words, ``accuracy may drop by at most 5.0 points``; empty where there are none."""
    parts = {
        "drop": f"accuracy may drop by at most {DROP.with_unit(view.margins.get('drop', 0))}",
        "flips": f"at most {FLIPS.with_unit(view.margins.get('flips', 0))} of the answers may change",
    }
    return " and ".join(text for key, text in parts.items() if key in view.margins)


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
    value, low, high = (view.primary.text(x) for x in (measured.value, measured.low, measured.high))
    found = f"an accuracy drop of {value} points" if view.primary is DROP else f"{value}% of the answers change"
    return f"The worst is {worst.name}: {found} ({view.level} interval {low} to {high})."


def caveats(results: Mapping[str, Any], view: View) -> list[Caveat]:
    """The caveats that apply to this run, the gravest first."""
    found = [
        assumed_preprocessing(results["model"]["input"]),
        _weak_reference(view),
        unlabelled(results["data"]),
        _default_margin(results["gate"], view),
        unreadable(results["data"]),
        _few_samples(results, view),
    ]
    return [caveat for caveat in found if caveat is not None]


def assumed_preprocessing(described: Mapping[str, Any]) -> Caveat | None:
    """Of a model whose input convention nobody declared; ``described`` is what `audit.Model.describe` gives."""
    assumed = described.get("assumed")
    if not assumed:
        return None
    return Caveat(
        "The model's preprocessing is partly assumed",
        "The model file does not state all of its input convention. If an assumption is wrong, so is every number "
        "in this report. Assumed:",
        tuple(str(item) for item in assumed),
    )


def _weak_reference(view: View) -> Caveat | None:
    accuracy, margin = view.reference.intervals.get("accuracy"), view.margins.get("drop")
    if accuracy is None or margin is None or accuracy.value > margin:
        return None
    return Caveat(
        "The model fails on the reference itself",
        f"It is right on {accuracy.value:.1%} of the scenes there, so its accuracy cannot drop by more than the "
        "margin. Check the preprocessing and the order of the classes first.",
    )


def unlabelled(data: Mapping[str, Any]) -> Caveat | None:
    """Of data without labels; ``data`` as in results.json."""
    if data["labelled"]:
        return None
    return Caveat(
        "Without labels, flips measure instability, not error",
        "A flip is an answer that differs from the model's own answer on the reference. It can be a change for "
        "the better, and a model that is always wrong can be perfectly stable.",
    )


def _default_margin(gate: Mapping[str, Any], view: View) -> Caveat | None:
    if gate["given"]:
        return None
    return Caveat(
        "No margin was given: the default was used",
        f"The verdict rests on it ({margin_text(view) or 'no limit at all'}). Choose what your application "
        "tolerates with --max-drop or --max-flips.",
    )


def unreadable(data: Mapping[str, Any], shown: int = 8) -> Caveat | None:
    """Of samples that were left out; ``data`` as in results.json."""
    lost = data["unreadable"]
    if not lost:
        return None
    items = [f"{entry['sample']}: {entry['reason']}" for entry in lost[:shown]]
    if len(lost) > shown:
        items.append(f"and {len(lost) - shown} more, listed in results.json")
    return Caveat(
        f"{plural(len(lost), 'sample')} could not be read",
        f"Left out of {data['samples'] + len(lost)}. If they have something in common, such as one camera or one "
        "class, the rest is no fair sample.",
        tuple(items),
    )


def _few_samples(results: Mapping[str, Any], view: View) -> Caveat | None:
    count, least = results["data"]["samples"], results["gate"]["min_samples"]
    margin = view.margins.get(view.primary.key)
    if count < least:
        return Caveat(
            f"Only {plural(count, 'scene')}", f"The gate asks for at least {least} before it says PASS or FAIL."
        )
    if margin is None or not view.rows:
        return None
    limit = view.primary.with_unit(margin)
    # Without any change, Wilson's interval of a rate and Tango's of a drop both end at z^2 / (n + z^2).
    z2 = NormalDist().inv_cdf((1 + view.confidence) / 2) ** 2
    bound = z2 / (count + z2)
    if 0 < margin <= bound:
        return Caveat(
            f"{plural(count, 'scene')}: too few for a PASS",
            f"Even if no answer changed, the interval would reach {view.primary.with_unit(bound)}, and the margin is "
            f"{limit}. At least {math.floor(z2 / margin - z2) + 1} scenes are needed.",
        )
    measured = [row.intervals[view.primary.key] for row in view.rows if view.primary.key in row.intervals]
    if not measured or not view.counts["INCONCLUSIVE"]:
        return None
    half = median((interval.high - interval.low) / 2 for interval in measured)
    if half <= margin / 2:
        return None
    return Caveat(
        "Few scenes: the intervals are wide",
        f"The typical interval is ±{view.primary.with_unit(half)} against a margin of {limit}. "
        "Four times as many scenes would halve it and settle most of the inconclusive profiles.",
    )
