"""What to keep in mind about this run."""

from __future__ import annotations

from collections.abc import Mapping
from statistics import median
from typing import Any

from audit.corruptions import read_step
from audit.report.note import Caveat
from audit.report.rows import View, known
from audit.report.words import margin_text, plural
from audit.stats.power import least_samples


def caveats(results: Mapping[str, Any], view: View) -> list[Caveat]:
    """The caveats that apply to this run, the gravest first."""
    found = [
        assumed_preprocessing(results["model"]["input"]),
        _weak_reference(results["model"], view),
        unlabelled(results["data"]),
        _default_margin(results["gate"], view),
        unreadable(results["data"]),
        _data_notes(results["data"]),
        _few_samples(results, view),
        _corruptions_left_out(results),
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


def _weak_reference(model: Mapping[str, Any], view: View) -> Caveat | None:
    if view.first is None or view.primary.short != "Drop":
        return None
    value, margin = view.reference.intervals.get(view.first.key), view.margins.get("drop")
    if value is None or margin is None or value.value > margin:
        return None
    order = " and the order of the classes" if model["classes"] is not None else " and how its output is read"
    return Caveat(
        "The model fails on the reference itself",
        f"Its {view.first.spoken} is {view.first.with_unit(value.value)} there, so it cannot drop by more than the "
        f"margin. Check the preprocessing{order} first.",
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
        "place, the rest is no fair sample.",
        tuple(items),
    )


def _corruptions_left_out(results: Mapping[str, Any]) -> Caveat | None:
    reasons = tuple((results["yardstick"] or {}).get("left_out", ()))
    if not reasons:
        return None
    steps = [read_step(row["profile"]) for row in results["profiles"] if row["role"] == "corruption"]
    measured = len({step.key for step in steps if step is not None})
    return Caveat(
        f"{measured} of the {measured + len(reasons)} corruptions asked for took part",
        "The yardstick's medians are over those that did.",
        reasons,
    )


def _data_notes(data: Mapping[str, Any], shown: int = 8) -> Caveat | None:
    """What was found in the data, and how it was decided."""
    notes = list(data["notes"])
    if not notes:
        return None
    more = [f"and {len(notes) - shown} more, listed in results.json"] if len(notes) > shown else []
    return Caveat(
        "The data were not all taken as they are",
        "Found while reading them, and decided so:",
        (*notes[:shown], *more),
    )


def _few_samples(results: Mapping[str, Any], view: View) -> Caveat | None:
    count, asked = results["data"]["samples"], results["gate"]["min_samples"]
    margin = view.margins.get(view.primary.key)
    if count < asked:
        return Caveat(
            f"Only {plural(count, 'scene')}", f"The gate asks for at least {asked} before it says PASS or FAIL."
        )
    if margin is None or not view.rows:
        return None
    # Of a fraction the size of rare failures is known; the gate asks the same (`audit.gate`).
    of_fractions = [
        view.margins[metric.key] for metric in view.metrics if metric.scale == 100 and view.margins.get(metric.key)
    ]
    least = max((least_samples(margin, view.confidence) for margin in of_fractions), default=0)
    if count < least:
        return Caveat(
            f"{plural(count, 'scene')}: too few for a PASS",
            "Even if nothing changed on them, failures as rare as the margin could have been missed. "
            f"At least {least} scenes are needed.",
        )
    measured = [row.intervals[view.primary.key] for row in view.rows if view.primary.key in row.intervals]
    widths = [interval.high - interval.low for interval in measured if known(interval)]
    if not widths or not view.counts["INCONCLUSIVE"] or median(widths) <= margin:
        return None
    half = view.primary.with_unit(median(widths) / 2)
    return Caveat(
        "Few scenes: the intervals are wide",
        f"The typical interval is ±{half} against a margin of {view.primary.with_unit(margin)}. "
        "Four times as many scenes would halve it and settle most of the inconclusive profiles.",
    )
