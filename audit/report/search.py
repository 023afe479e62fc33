"""The report of a search as one HTML page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from audit.report.knobs import changes
from audit.report.page import plain, render_page
from audit.report.rows import ERRORS, FLIPS, LOST, Metric
from audit.report.search_plots import AXES, curve_figure, groups_figure, ladder_figure, trajectory_figure
from audit.report.search_words import (
    FIDELITY,
    MEANING,
    SEARCH_LIMITS,
    caveats,
    constraint_text,
    gradient_text,
    is_classification,
    loss_text,
    metric_of,
    summary,
)
from audit.report.thumbnail import data_uri, thumbnail
from audit.report.words import plural
from audit.stats import Interval

KNOB_ROWS = 10
"""Knobs of a case that the page shows at once; the others unfold."""
TRAJECTORY, CURVE, GROUPS, LADDER = "trajectory-plot", "curve-plot", "groups-plot", "ladder-plot"
REFERENCE, DEVICE = "reference", "device"


@dataclass(frozen=True)
class Shot:
    """A scene through a camera, and what the model says of it."""

    picture: NDArray[np.uint8]
    """(H, W, 3)."""
    answer: str
    confidence: float | None
    """Of the answer, in [0, 1]; None where the model states none."""
    right: bool
    """Whether the answer is right; without labels: the same as the reference's."""


Gallery = Mapping[str, Mapping[str, Shot]]
"""Scene -> `REFERENCE`, `DEVICE` or the name of a case -> what was shot."""


def render_search(results: Mapping[str, Any], manifest: Mapping[str, Any], gallery: Gallery) -> str:
    """The whole report of a search as one self-contained HTML page.

    ``results`` is results.json (schema 1, see `audit.searching.results`), ``manifest`` is manifest.json. Strings in
    them, and in ``gallery``, are escaped. Raises KeyError where a key is missing.
    """
    metric = metric_of(results)
    return render_page(
        "search.html.j2",
        _figures(results, metric),
        results=results,
        manifest=manifest,
        metric=metric,
        rate=FLIPS if metric is FLIPS else ERRORS if is_classification(results) else LOST,
        score=_score(results),
        meaning=MEANING[results["verdict"]],
        summary=summary(results),
        caveats=caveats(results),
        limits=SEARCH_LIMITS,
        loss=loss_text(results),
        constraint=constraint_text(results["constraint"]),
        gradients=gradient_text(results["strategy"]),
        cases=[_case(case, results) for case in results["cases"]],
        runs=[run | {"case": _case(run["case"], results)} for run in results["runs"]],
        curve=results["curve"] and _curve(results["curve"], results),
        groups=[
            {"name": _spoken(group), "case": _case(case, results)}
            for group, case in sorted(
                results["groups"].items(), key=lambda item: -item[1]["certificate"]["harm"]["value"]
            )
        ],
        ladder=results["ladder"] and _ladder(results["ladder"]),
        gallery={scene: {name: _shown(shot) for name, shot in shots.items()} for scene, shots in gallery.items()},
        of_role={REFERENCE: results["reference"], DEVICE: results["device"]["profile"]},
        ids={"trajectory": TRAJECTORY, "curve": CURVE, "groups": GROUPS, "ladder": LADDER},
        fidelity_names=FIDELITY,
        knob_rows=KNOB_ROWS,
        described={key: plain(value) for key, value in results["model"]["input"].items()},
        provenance=_provenance(results),
    )


def _figures(results: Mapping[str, Any], metric: Metric) -> dict[str, go.Figure]:
    first = results["cases"][0]
    of_device = _interval(first["certificate"]["harm_of_device"])
    loss = loss_text(results).capitalize()
    figures = {TRAJECTORY: trajectory_figure(results["runs"], first["value_of_device"], loss)}
    if curve := results["curve"]:
        points = [(point["at"], _interval(point["case"]["certificate"]["harm"])) for point in curve["points"]]
        figures[CURVE] = curve_figure(points, curve["axis"], of_device, metric)
    if groups := results["groups"]:
        bars = {_spoken(group): _interval(case["certificate"]["harm"]) for group, case in groups.items()}
        figures[GROUPS] = groups_figure(bars, of_device, metric)
    if ladder := results["ladder"]:
        rows = _ladder(ladder)["rows"]
        figures[LADDER] = ladder_figure(
            rows, ladder["weights"], first["certificate"]["score_of_device"], _score(results)
        )
    return figures


def _case(case: Mapping[str, Any], results: Mapping[str, Any]) -> dict[str, Any]:
    """A case with what the page shows beside it."""
    certificate, data = case["certificate"], results["data"]
    moved, kept = changes(case["knobs"])
    harm, of_device = (_interval(certificate[key]) for key in ("harm", "harm_of_device"))
    searched, held = f"{data['search_samples']}, search half", f"{data['judged_samples']}, held out"
    count = data["search_samples"]
    before, after = "The device as it is", "Worst case"
    return {
        **case,
        "harm": harm,
        "excess": _interval(certificate["excess"]),
        "moved": moved,
        "kept": kept,
        # What the search saw, and what held up: setting, scenes, rate, drop or flips, loss.
        "lines": [
            (before, searched, case["changed_of_device"] / count, None, case["value_of_device"]),
            (after, searched, case["changed"] / count, None, case["loss"]),
            (before, held, 1 - certificate["score_of_device"], of_device, certificate["loss_of_device"]),
            (after, held, 1 - certificate["score"], harm, certificate["loss"]),
        ],
    }


def _curve(curve: Mapping[str, Any], results: Mapping[str, Any]) -> dict[str, Any]:
    points = [{"at": point["at"], "case": _case(point["case"], results)} for point in curve["points"]]
    return {**curve, "points": points, "title": AXES[curve["axis"]]}


def _ladder(ladder: Mapping[str, Any]) -> dict[str, Any]:
    """Scores on held-out samples, group by group, in the order of the weights."""
    rows: dict[str, list[float]] = {}
    for rung in ladder["rungs"]:
        rows.setdefault(_spoken(rung["group"]), []).append(rung["case"]["certificate"]["score"])
    return {**ladder, "rows": rows}


def _shown(shot: Shot) -> dict[str, Any]:
    return {
        "uri": data_uri(thumbnail(shot.picture)),
        "answer": shot.answer,
        "confidence": "" if shot.confidence is None else f"{shot.confidence:.2f}",
        "right": shot.right,
    }


def _spoken(group: str) -> str:
    return group.replace("_", " ")


def _score(results: Mapping[str, Any]) -> str:
    score: str = results["task"]["score"]
    return "Agreement with the reference" if results["measure"] == "flips" else score[0].upper() + score[1:]


def _interval(entry: Mapping[str, Any]) -> Interval:
    return Interval(entry["value"], entry["low"], entry["high"])


def _provenance(results: Mapping[str, Any]) -> Sequence[tuple[str, str]]:
    """What decided the numbers, for the section on reproduction."""
    data, strategy = results["data"], results["strategy"]
    certificate = results["cases"][0]["certificate"]
    jpeg = f"JPEG quality {certificate['jpeg']} (4:2:0)" if certificate["jpeg"] else "no JPEG"
    return [
        ("Seed", str(results["seed"])),
        ("Strategy", f"{strategy['name']}, {strategy['evaluations']:g} evaluations of {strategy['budget']}"),
        ("Gradients", gradient_text(strategy)),
        ("Raised", loss_text(results)),
        ("Constraint", constraint_text(results["constraint"])),
        ("Knobs", f"{_spoken(results['group'])}: {plural(results['space']['axes'], 'number')}"),
        ("Stages", plural(results["space"]["combinations"], "combination")),
        ("Certificate", f"noise seeds {', '.join(map(str, certificate['seeds']))}; {jpeg}"),
        ("Data", f"{data['name']}: {data['description']}"),
        ("Data, SHA-256", data["sha256"]),
        ("Model", results["model"]["name"]),
        ("Model, SHA-256", results["model"]["sha256"]),
    ]
