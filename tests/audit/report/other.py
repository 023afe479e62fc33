"""Results of other tasks than classification, and what runs have besides profiles."""

from __future__ import annotations

from typing import Any

from tests.audit.report.conftest import metric

Results = dict[str, Any]


def span(value: float, half: float = 0.02) -> Results:
    """An interval, as in results.json."""
    return {"value": value, "low": value - half, "high": value + half}


def of_task(results: Results, key: str, score: str, metrics: list[Results], further: list[Results]) -> Results:
    """The same run of another task: every metric is 0.5 on the reference, and less (an error: more) elsewhere."""
    labelled = results["data"]["labelled"]
    results["task"] = {
        "key": key, "title": key.capitalize(), "score": score, "metrics": metrics, "further": further
    }  # fmt: skip
    results["model"]["classes"] = None
    for row in results["profiles"]:
        first = row["role"] == "reference"
        lost = 0.0 if first else row["drop" if labelled else "flips"]["value"]
        signs = {one["key"]: 1 if one["better"] == "higher" else -1 for one in [*metrics, *further]}
        row["metrics"] = {
            one["key"]: None if first and one["against_reference"] else span(0.5 - signs[one["key"]] * lost)
            for one in metrics
        }
        compared = [one["key"] for one in metrics[1 if labelled else 0 :] if not one["against_reference"]]
        row["drops"] = {} if first else {name: span(lost) for name in compared}
        row["further"] = {one["key"]: span(0.5 - signs[one["key"]] * lost) for one in further}
    return results


def detection(results: Results) -> Results:
    """Objects in boxes."""
    agreement = metric("agreement", "Agreement", against_reference=True)
    metrics = [
        metric("map", "mAP 50:95", short="mAP"),
        metric("map50", "mAP 50"),
        metric("map_small", "mAP 50:95 of small objects", short="mAP small"),
    ]
    labelled = results["data"]["labelled"]
    return of_task(
        results,
        "detection",
        "F1 at IoU 0.5",
        [*(metrics if labelled else []), agreement],
        [metric("ap/car", "AP of car"), metric("ap/van", "AP of van")] if labelled else [],
    )


def regression(results: Results) -> Results:
    """Numbers in pixels, with a margin of half a pixel."""
    results["gate"] |= {"max_drop": 0.5, "unit": "px"}
    metrics = [
        metric("mae", "MAE", unit="px", digits=2, better="lower"),
        metric("r2", "R2", unit="", digits=3),
        metric("agreement", "Agreement", against_reference=True),
    ]
    further = [metric("mae/x", "MAE of x", unit="px", digits=2, better="lower")]
    return of_task(results, "regression", "1 - error / scale", metrics, further)


def beside(results: Results, role: str, name: str, value: float) -> Results:
    """A row of an axis or a corruption, which has no verdict."""
    template = next(row for row in results["profiles"] if row["role"] == "profile")
    row = template | {"profile": name, "title": name, "role": role, "verdict": None, "reasons": []}
    key = "drop" if results["data"]["labelled"] else "flips"
    results["profiles"].append(row | {key: span(value)})
    return results
