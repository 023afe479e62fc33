"""The audit's report as one HTML page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audit.report.agreement import agreement_text, flip_text
from audit.report.axes import axes
from audit.report.caveats import caveats
from audit.report.further import further
from audit.report.groups import groups
from audit.report.hardest import hardest
from audit.report.knobs import changes
from audit.report.limits import limits
from audit.report.page import plain, render_page
from audit.report.planning import planning_sentence
from audit.report.plot import MOST_ROWS, drift_figure
from audit.report.rows import FLIPS, View, read_interval, read_view, score_drop
from audit.report.search_words import FIDELITY, gradient_text
from audit.report.thumbnail import data_uri, thumbnail
from audit.report.words import VERDICT_MEANING, margin_text, plural, summary
from audit.report.worst import comparison
from audit.report.yardstick import yardstick
from audit.spoiled import Spoiled

PLOT_ID = "drift-plot"
SHEET_ROWS = 12
"""Profiles that the contact sheet shows at once; the others unfold."""
KNOB_ROWS = 10
"""The same for the knobs of a worst case."""


def render_html(
    results: Mapping[str, Any],
    manifest: Mapping[str, Any],
    thumbnails: Mapping[str, Mapping[str, NDArray[np.uint8]]],
    spoiled: Sequence[Spoiled] = (),
) -> str:
    """The whole report as one self-contained HTML page.

    ``results`` is results.json (schema 2), ``manifest`` is manifest.json, ``thumbnails`` holds for each scene an
    (H, W, 3) uint8 picture through each profile, by name (a scene may lack some); ``spoiled`` has the pictures of
    ``results["most_changed"]``. Strings in them are escaped.
    Raises KeyError where a key is missing or a thumbnail belongs to no profile, ValueError for a bad picture or
    another number of ``spoiled`` than of ``results["most_changed"]``.
    """
    view = read_view(results)
    known = {view.reference.name, *(row.name for row in view.rows)}
    unknown = {name for pictures in thumbnails.values() for name in pictures} - known
    if unknown:
        raise KeyError(f"thumbnails of profiles that the results lack: {', '.join(sorted(unknown))}")
    along, ladder = axes(view), yardstick(view)
    figures = {PLOT_ID: drift_figure(view)} | {part.id: part.figure for part in along}
    if ladder is not None:
        figures[ladder.id] = ladder.figure
    return render_page(
        "audit.html.j2",
        {place: figure for place, figure in figures.items() if figure is not None},
        results=results,
        manifest=manifest,
        view=view,
        summary=summary(results, view),
        planned=planning_sentence(results, view),
        hits=hardest(results, spoiled),
        groups=groups(results, view),
        axes=along,
        yardstick=ladder,
        further=further(results, view),
        agreement=agreement_text(results["task"]),
        flips=flip_text(results["task"]),
        drop=view.primary,
        meaning=VERDICT_MEANING[results["verdict"]],
        caveats=caveats(results, view),
        limits=limits(results, view),
        described={key: plain(value) for key, value in results["model"]["input"].items()},
        provenance=_provenance(results, view),
        worst_cases=[_worst_case(case, view, results) for case in results["worst_cases"]],
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


def _worst_case(case: Mapping[str, Any], view: View, results: Mapping[str, Any]) -> dict[str, Any]:
    """A worst case with its rows: the base device and the case itself, judged on the held-out half."""
    rows = {row.name: row for row in (view.reference, *view.rows)}
    row, base = rows[case["profile"]], rows[case["base"]]
    metric, lines = comparison(case, base, row, view)
    moved, kept = changes(case["knobs"])
    certificate = case["certificate"]
    return {
        "measure": score_drop(results["task"]["score"]) if certificate["measure"] == "drop" else FLIPS,
        "harm": read_interval(certificate["harm"]),
        "harm_of_device": read_interval(certificate["harm_of_device"]),
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
