"""The tables of docs/third-party-models.md."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.machine import describe
from benchmarks.page import grid
from benchmarks.thirdparty.measure import PROFILES, REFERENCE, Row

BEGIN = "<!-- measured: written by `python -m benchmarks.thirdparty --write-docs` -->"

_READ = ("model", "inputs", "outputs", "without a sidecar", "declared in the sidecar", "assumed", "task, decoder")
_FOUND = ("model", "scenes", "under the reference", "most answers changed", "verdict", "beside other code")


def markdown(rows: Sequence[Row]) -> str:
    """The measured part of the page."""
    machine = describe()
    return "\n\n".join(
        [
            f"Measured on {machine['date']}: {machine['processor']}, onnxruntime {machine['onnxruntime']}.",
            "### What camsim reads, and what has to be told",
            grid(_READ, [_read(row) for row in rows]),
            "### What they say",
            f"Reference {REFERENCE}; profiles {', '.join(PROFILES)}; margins as usual (5 points, or 10 % of changed "
            "answers without labels).",
            grid(_FOUND, [_found(row) for row in rows]),
            "### Where they come from",
            grid(("model", "package and file", "sidecar"), [_source(row) for row in rows]),
        ]
    )


def _read(row: Row) -> tuple[str, ...]:
    return (
        row.case.title,
        "; ".join(row.inputs),
        "; ".join(row.outputs),
        row.alone,
        ", ".join(row.declared) or "nothing",
        ", ".join(row.assumed) or "nothing",
        row.task if row.decoder == "none needed" else f"{row.task}, `{row.decoder}`",
    )


def _found(row: Row) -> tuple[str, ...]:
    return (
        row.case.title,
        f"{row.case.shown} ({row.samples})",
        row.reference or "no labels",
        row.worst,
        row.verdict,
        "; ".join(row.beside) or "-",
    )


def _source(row: Row) -> tuple[str, ...]:
    sidecar = row.case.sidecar
    link = "none needed" if sidecar is None else f"[{sidecar.name}](../examples/sidecars/{sidecar.name})"
    return row.case.title, row.case.source, link
