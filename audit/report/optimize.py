"""The report of a tuning as one HTML page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from audit.report.escape import plotly_text
from audit.report.figure import CALM, GUIDE, INK, legend_above, page_layout
from audit.report.knobs import changes
from audit.report.limits import GENERAL
from audit.report.note import Caveat
from audit.report.page import plain, render_page
from audit.report.rows import Metric
from audit.report.thumbnail import data_uri, thumbnail
from audit.report.words import plural
from audit.stats import Interval

KNOB_ROWS = 12
"""Knobs that the page shows at once; the others unfold."""
TRAJECTORY, GAIN = "trajectory-plot", "gain-plot"
POINTS = Metric("gain", "Gain", "points", 100, 1)
CHANCE = Caveat(
    "An answer for this model, these samples and this light.",
    "Another model, or other scenes, may want other knobs. The figures come from samples of the same kind that neither "
    "the tuning nor the choice of the best step saw.",
)
MEANING = {
    "better": "The learned camera serves this model better than the frozen one, by more than chance explains.",
    "worse": "The learned camera serves this model worse than the frozen one on the samples held out.",
    "unclear": "On the samples held out it cannot be told whether the learned camera serves this model better.",
}
LOSSES = {"soft_error": "soft error", "cross_entropy": "cross-entropy"}
LIMIT_WORDS = {
    "plausible": "as far as it plausibly strays between units and settings of the device",
    "physical": "as far as physics or the method allows",
}


def render_optimize(
    results: Mapping[str, Any],
    manifest: Mapping[str, Any],
    pictures: Mapping[str, Mapping[str, NDArray[np.uint8]]],
) -> str:
    """The whole report of a tuning as one self-contained HTML page.

    ``results`` is results.json (schema 1, see `audit.optimize.results`), ``manifest`` is manifest.json, ``pictures``
    holds scenes (H, W, 3) uint8 through the cameras, by name. Strings in them are escaped. Raises KeyError where a key
    is missing.
    """
    held, moved_kept = results["held_out"], changes(results["knobs"])
    intervals = {key: _interval(held[key]) for key in ("frozen", "learned", "gain")}
    return render_page(
        "optimize.html.j2",
        {
            GAIN: gain_figure(intervals["frozen"], intervals["learned"], held["measure"]),
            TRAJECTORY: trajectory_figure(results["trajectory"], results["best_step"], _unit(results), held["measure"]),
        },
        results=results,
        manifest=manifest,
        intervals=intervals,
        score=score_of(held["measure"]),
        points=POINTS,
        meaning=MEANING[results["answer"]],
        summary=summary(results),
        caveats=_caveats(results),
        limits=[CHANCE, *GENERAL],
        moved=moved_kept[0],
        kept=moved_kept[1],
        knob_rows=KNOB_ROWS,
        loss=_loss(results),
        steps=_unit(results),
        roles=_roles(results),
        pictures={
            scene: {name: data_uri(thumbnail(rgb)) for name, rgb in taken.items()} for scene, taken in pictures.items()
        },
        ids={"trajectory": TRAJECTORY, "gain": GAIN},
        described={key: plain(value) for key, value in results["model"]["input"].items()},
        provenance=_provenance(results),
    )


def summary(results: Mapping[str, Any]) -> str:
    """What was tuned and what came out, in plain words."""
    held = results["held_out"]
    gain, score = _interval(held["gain"]), score_of(held["measure"])
    light = "" if results["exposure"] == 1 else f" at {100 * results['exposure']:g} % of its exposure"
    return (
        f"The knobs of {results['profile']}{light} were tuned for {results['model']['name']}. "
        f"On {plural(held['samples'], 'sample')} held out, {held['measure']} is "
        f"{score.with_unit(held['frozen']['value'])} with "
        f"the camera frozen and {score.with_unit(held['learned']['value'])} with it learned: a gain of "
        f"{POINTS.with_unit(gain.value)} ({100 * held['confidence']:.0f}% interval {POINTS.text(gain.low)} to "
        f"{POINTS.text(gain.high)})."
    )


def score_of(measure: str) -> Metric:
    """How a task's score is written, such as ``accuracy`` or ``mean IoU``."""
    return Metric("score", measure[:1].upper() + measure[1:], "%", 100, 1)


def gain_figure(frozen: Interval, learned: Interval, measure: str = "accuracy") -> go.Figure:
    """The measure of both cameras on the held-out samples, with their intervals."""
    figure = go.Figure()
    for name, found, colour in (("learned", learned, CALM), ("frozen", frozen, GUIDE)):
        figure.add_scatter(
            x=[100 * found.value],
            y=[name],
            mode="markers",
            marker={"size": 13, "color": colour},
            error_x={
                "type": "data",
                "symmetric": False,
                "array": [100 * (found.high - found.value)],
                "arrayminus": [100 * (found.value - found.low)],
                "color": colour,
                "thickness": 2.5,
                "width": 7,
            },
            showlegend=False,
            hovertemplate=f"{name}: %{{x:.1f}} %<extra></extra>",
        )
    figure.update_layout(
        page_layout(170),
        xaxis=_axis(f"{plotly_text(score_of(measure).title)} on the samples held out, %"),
        yaxis={"automargin": True, "showgrid": False, "zeroline": False, "range": [1.6, -0.6], "ticksuffix": "  "},
    )
    return figure


def trajectory_figure(
    checks: Sequence[Mapping[str, Any]], best: int, steps: str, measure: str = "accuracy"
) -> go.Figure:
    """Loss on the tuning and validation parts, and the step that was kept; below it the measure on the validation
    part."""
    figure = go.Figure()
    at = [check["step"] for check in checks]
    trained = [check for check in checks if check["train_loss"] is not None]
    line = {"width": 2.5}
    figure.add_scatter(
        x=[check["step"] for check in trained],
        y=[check["train_loss"] for check in trained],
        mode="lines",
        name="loss, tuning part",
        line=line | {"color": GUIDE, "dash": "dot"},
    )
    figure.add_scatter(
        x=at,
        y=[check["loss"] for check in checks],
        mode="lines",
        name="loss, validation part",
        line=line | {"color": INK},
    )
    figure.add_scatter(
        x=at,
        y=[100 * check["score"] for check in checks],
        mode="lines",
        name=f"{plotly_text(measure)}, validation part, %",
        yaxis="y2",
        line=line | {"color": CALM},
    )
    figure.add_shape(
        type="line", x0=best, x1=best, y0=0, y1=1, yref="paper", line={"color": GUIDE, "width": 1.5, "dash": "dash"}
    )
    figure.add_annotation(text="kept", x=best, y=1, yref="paper", yanchor="bottom", showarrow=False)
    figure.update_layout(
        page_layout(460, top=64),
        legend=legend_above(0.05),
        xaxis=_axis(steps.capitalize()) | {"anchor": "y2"},
        yaxis=_axis("Loss") | {"domain": [0.46, 1]},
        yaxis2=_axis(f"{plotly_text(score_of(measure).title)}, %") | {"domain": [0, 0.38]},
    )
    return figure


def _axis(title: str) -> dict[str, Any]:
    return {
        "title": {"text": title},
        "automargin": True,
        "zeroline": False,
        "gridcolor": "rgba(122,133,148,0.25)",
        "fixedrange": True,
    }


def _interval(entry: Mapping[str, Any]) -> Interval:
    return Interval(entry["value"], entry["low"], entry["high"])


def _loss(results: Mapping[str, Any]) -> str:
    """What was lowered, in words; of tasks without classes it is their own."""
    if results.get("task", "classification") in ("classification", "segmentation"):
        return LOSSES[results["loss"]]
    return "loss"


def _unit(results: Mapping[str, Any]) -> str:
    return "steps of the optimiser" if results["method"] == "gradient descent" else "passes over the tuning part"


def _roles(results: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Rows of the pictures: what it is, and the profile's name."""
    frozen, learned = results["profiles"]["frozen"], results["profiles"]["learned"]
    if results["exposure"] == 1:
        return [("Frozen", frozen), ("Learned", learned)]
    light = f"{100 * results['exposure']:g} % of the light"
    return [("Full exposure", results["profile"]), (f"Frozen, {light}", frozen), (f"Learned, {light}", learned)]


def _caveats(results: Mapping[str, Any]) -> list[Caveat]:
    found = []
    if results["no_gradient"] is not None:
        found.append(
            Caveat(
                "Tuned without gradients",
                f"By pattern search, which finds less in many knobs. Of the model there are none: "
                f"{results['no_gradient']}.",
            )
        )
    if results["best_step"] == 0:
        found.append(
            Caveat(
                "Nothing was learned",
                "No step did better on the validation part than the camera as it is; the learned profile is the "
                "frozen one.",
            )
        )
    assumed = results["model"]["input"].get("assumed")
    if assumed:
        found.append(
            Caveat(
                "The model's preprocessing is partly assumed",
                "If an assumption is wrong, so is every number on this page. Assumed:",
                tuple(str(item) for item in assumed),
            )
        )
    return found


def _provenance(results: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What decided the numbers, for the section on reproduction."""
    data, plan, parts = results["data"], results["plan"], results["data"]["parts"]
    return [
        ("Seed", str(results["seed"])),
        ("Exposure", f"{results['exposure']:g} of that of {results['profile']}"),
        ("Knobs", f"{results['group'].replace('_', ' ')}: each {LIMIT_WORDS[results['limits']]}"),
        ("Lowered", _loss(results)),
        (
            "Method",
            f"{results['method']}: at most {plan['steps']} {_unit(results)}, rate {plan['rate']:g}, "
            f"{plan['batch']} samples a step; ended: {results['stopped']}",
        ),
        ("Parts", f"{parts['train']} to tune on, {parts['validation']} to choose by, {parts['held_out']} held out"),
        ("Judged with", f"noise seeds {', '.join(map(str, results['held_out']['noise_seeds']))}"),
        ("Data", f"{data['name']}: {data['description']}"),
        ("Data, SHA-256", data["sha256"]),
        ("Model", results["model"]["name"]),
        ("Model, SHA-256", results["model"]["sha256"]),
    ]
