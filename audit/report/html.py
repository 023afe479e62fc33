"""The audit's report as one HTML page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audit.report.knobs import changes
from audit.report.page import plain, render_page
from audit.report.plot import MOST_ROWS, drift_figure
from audit.report.rows import DROP, FLIPS, View, read_view
from audit.report.search_words import FIDELITY, gradient_text
from audit.report.thumbnail import data_uri, thumbnail
from audit.report.words import LIMITS, VERDICT_MEANING, caveats, margin_text, plural, summary
from audit.report.worst import comparison
from audit.stats import Interval

PLOT_ID = "drift-plot"
SHEET_ROWS = 12
"""Profiles that the contact sheet shows at once; the others unfold."""
KNOB_ROWS = 10
"""The same for the knobs of a worst case."""


def render_html(
    results: Mapping[str, Any],
    manifest: Mapping[str, Any],
    thumbnails: Mapping[str, Mapping[str, NDArray[np.uint8]]],
) -> str:
    """The whole report as one self-contained HTML page.

    ``results`` is results.json (schema 1), ``manifest`` is manifest.json, ``thumbnails`` holds for each scene an
    (H, W, 3) uint8 picture through each profile, by name (a scene may lack some). Strings in them are escaped.
    Raises KeyError where a key is missing or a thumbnail belongs to no profile, ValueError for a bad picture.
    """
    view = read_view(results)
    known = {view.reference.name, *(row.name for row in view.rows)}
    unknown = {name for pictures in thumbnails.values() for name in pictures} - known
    if unknown:
        raise KeyError(f"thumbnails of profiles that the results lack: {', '.join(sorted(unknown))}")
    drift = drift_figure(view)
    return render_page(
        "audit.html.j2",
        {} if drift is None else {PLOT_ID: drift},
        results=results,
        manifest=manifest,
        view=view,
        summary=summary(results, view),
        drop=DROP,
        meaning=VERDICT_MEANING[results["verdict"]],
        caveats=caveats(results, view),
        limits=LIMITS,
        described={key: plain(value) for key, value in results["model"]["input"].items()},
        provenance=_provenance(results, view),
        worst_cases=[_worst_case(case, view) for case in results["worst_cases"]],
        scenes=list(thumbnails),
        pictures={
            scene: {name: data_uri(thumbnail(rgb)) for name, rgb in pictures.items()}
            for scene, pictures in thumbnails.items()
        },
        sheet_rows=SHEET_ROWS,
        knob_rows=KNOB_ROWS,
        plot_rows=MOST_ROWS,
        plot_id=PLOT_ID,
    )


def _provenance(results: Mapping[str, Any], view: View) -> list[tuple[str, str]]:
    """What decided the numbers, for the section on reproduction."""
    data, gate = results["data"], results["gate"]
    return [
        ("Seed", str(results["seed"])),
        ("Data", f"{data['name']}: {data['description']}"),
        ("Part of the data", data["split"]),
        ("Data, SHA-256", data["sha256"]),
        ("Model", results["model"]["name"]),
        ("Model, SHA-256", results["model"]["sha256"]),
        (
            "Gate",
            f"{margin_text(view) or 'no margin'}; confidence {100 * gate['confidence']:.0f}%, at least "
            f"{plural(gate['min_samples'], 'scene')}{'' if gate['given'] else ' (default)'}",
        ),
    ]


def _worst_case(case: Mapping[str, Any], view: View) -> dict[str, Any]:
    """A worst case with its rows: the base device and the case itself, judged on the held-out half."""
    rows = {row.name: row for row in (view.reference, *view.rows)}
    row, base = rows[case["profile"]], rows[case["base"]]
    metric, lines = comparison(case, base, row)
    moved, kept = changes(case["knobs"])
    certificate = case["certificate"]
    return {
        "measure": DROP if certificate["measure"] == "drop" else FLIPS,
        "harm": Interval(**certificate["harm"]),
        "harm_of_device": Interval(**certificate["harm_of_device"]),
        "gradients": gradient_text(case["strategy"]),
        "fidelity_name": FIDELITY[case["fidelity_measure"]],
        "case": case,
        "row": row,
        "base": base,
        "metric": metric,
        "lines": lines,
        "moved": moved,
        "kept": kept,
    }
