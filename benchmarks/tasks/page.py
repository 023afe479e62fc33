"""The measured part of docs/tasks.md."""

from __future__ import annotations

from collections.abc import Mapping

from benchmarks.page import grid
from benchmarks.search.store import Entry
from benchmarks.tasks.measure import CLOSE, PROFILES

BEGIN = "<!-- measured: written by `python -m benchmarks.tasks --write-docs` -->"


def markdown(machine: Mapping[str, str], entries: Mapping[str, Entry]) -> str:
    """What was measured of each case."""
    rows = [_row(entry) for entry in entries.values()]
    apart = max(entry["apart"] for entry in entries.values())
    seconds = [sum(entry[key] for entry in entries.values()) for key in ("training_s", "audit_s")]
    cells = sum(entry["samples"] * (1 + len(entry["rows"])) for entry in entries.values())
    heads = ("task", "pictures", "metric", "reference", *PROFILES, "CPU s to train", "CPU s to audit")
    return "\n\n".join(
        (
            grid(heads, rows),
            f"Drops (of errors: rises) are in points for metrics in %, and in bold where the interval excludes 0. "
            "The tiles of aerial photographs come from four photographs and count as four: hence the wide interval. "
            f"The largest difference between the figures of an ONNX file and of its module was {apart:.1g} (allowed: "
            f"{CLOSE:g}). Training took {seconds[0]:.0f} s of CPU time in all, the {cells} cells of the audits "
            f"{seconds[1]:.0f} s with their statistics and reports, on one thread of {machine['processor']}, "
            f"{machine['date']}.",
        )
    )


def _row(entry: Entry) -> list[str]:
    metric = entry["metric"]
    scale, digits = (100, 1) if metric["unit"] == "%" else (1, metric["digits"])
    unit = " %" if metric["unit"] == "%" else f" {metric['unit']}".rstrip()

    def written(value: float, form: str = "") -> str:
        return f"{scale * value + 0.0:{form}.{digits}f}"

    def drop(name: str) -> str:
        found = entry["rows"][name]["drop"]
        text = written(found["value"], "+")
        return f"**{text}**" if found["low"] > 0 or found["high"] < 0 else text

    found = entry["reference"]
    reference = f"{written(found['value'])}{unit} [{written(found['low'])}, {written(found['high'])}]"
    seconds = (f"{entry['training_s']:.0f}", f"{entry['audit_s']:.0f}")
    return [f"`{entry['task']}`", entry["pictures"], metric["title"], reference, *map(drop, PROFILES), *seconds]
