"""The report of forensics as one HTML page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from audit.report.forensics_plot import MOST_KNOBS, contributions, sobol
from audit.report.forensics_words import LIMITS, SHARE, caveats, headline, interactions, score_word, summary
from audit.report.page import plain, render_page
from audit.report.rows import DROP
from audit.report.thumbnail import data_uri, thumbnail
from audit.stats import Interval

if TYPE_CHECKING:
    from audit.forensics.swaps import Swaps
    from audit.forensics.walk import Walk

SIDE = 128
"""Longest side of a picture on the page, pixels."""
DIFFERENCES_SHOWN = 6


def render_forensics(
    results: Mapping[str, Any], manifest: Mapping[str, Any], walks: Sequence[Walk], swaps: Sequence[Swaps]
) -> str:
    """The whole report as one self-contained HTML page.

    ``results`` is results.json of forensics (schema 1), ``manifest`` is manifest.json; ``walks`` and ``swaps`` hold the
    pictures. Strings in them are escaped. Raises KeyError where a key is missing.
    """
    sign = -1 if results["drop"]["value"] < 0 else 1
    players = sorted(results["players"], key=lambda player: -sign * player["value"]["value"])
    drawn = {"contributions-plot": contributions(players), "sobol-plot": sobol(_by(results, "sobol", "total"))}
    figures: dict[str, go.Figure] = {name: figure for name, figure in drawn.items() if figure is not None}
    return render_page(
        "forensics.html.j2",
        figures,
        results=results,
        manifest=manifest,
        players=[_player(player) for player in players],
        headline=headline(results),
        summary=summary(results),
        score=score_word(results),
        caveats=caveats(results),
        limits=LIMITS,
        interactions=[row | {"interval": _interval(row["value"])} for row in interactions(results)],
        drop=DROP,
        share=SHARE,
        total=_interval(results["drop"]),
        walks=[_walk(walk) for walk in walks],
        swaps=[_swaps(item, results) for item in swaps],
        knobs=_knobs(results),
        most_knobs=MOST_KNOBS,
        described={key: plain(value) for key, value in results["model"]["input"].items()},
        provenance=_provenance(results),
    )


def _by(results: Mapping[str, Any], kind: str, key: str) -> list[Mapping[str, Any]]:
    """Knobs, the one with the largest value first."""
    return sorted(results["sensitivity"][kind]["knobs"], key=lambda knob: -knob[key]["value"])


def _knobs(results: Mapping[str, Any]) -> list[dict[str, Any]]:
    """All that was measured of each knob, the one with the largest total index first; else by its gradient."""
    found: dict[str, dict[str, Any]] = {}
    for kind, key in (("sobol", "total"), ("gradient", "effect")):
        for knob in _by(results, kind, key):
            row = found.setdefault(knob["name"], {"name": knob["name"], "player": knob["player"]})
            row |= {part: _texts(knob[part]) for part in ("first", "total", "effect") if part in knob}
    return list(found.values())


def _texts(entry: Mapping[str, float]) -> tuple[str, ...]:
    """Value, lower and upper limit with three decimals."""
    return tuple(f"{entry[part]:z.3f}".replace("-", "−") for part in ("value", "low", "high"))


def _interval(entry: Mapping[str, float]) -> Interval:
    return Interval(entry["value"], entry["low"], entry["high"])


def _player(player: Mapping[str, Any]) -> dict[str, Any]:
    """A player with its numbers as intervals and its differences in words."""
    rows = [(item["field"], _value(item["first"]), _value(item["second"])) for item in player["differences"]]
    return {
        **player,
        "interval": _interval(player["value"]),
        "of_drop": None if player["share"] is None else _interval(player["share"]),
        "alone_interval": _interval(player["alone"]),
        "healed_interval": _interval(player["healed"]),
        "soft": _interval(player["soft_error"]),
        "rows": rows[:DIFFERENCES_SHOWN],
        "more": rows[DIFFERENCES_SHOWN:],
    }


def _value(value: object) -> str:
    """A field's value in one line; what a device lacks is a dash."""
    if value is None:
        return "–"
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {_value(item)}" for key, item in value.items() if item is not None)
    if isinstance(value, Sequence) and not isinstance(value, str):
        same = len(set(map(str, value))) == 1 and len(value) == 4  # per CFA site
        return _value(value[0]) if same else "[" + ", ".join(_value(item) for item in value) + "]"
    return str(value)


def _walk(walk: Walk) -> dict[str, Any]:
    return {
        "sample": walk.sample,
        "gain": walk.gain,
        "steps": [
            {
                "name": step.name,
                "first": _uri(step.first),
                "second": _uri(step.second),
                "difference": _uri(step.difference),
                "rms": step.rms,
                "gradient": None if step.gradient is None else _uri(_diverging(step.gradient)),
            }
            for step in walk.steps
        ],
        "has_gradient": any(step.gradient is not None for step in walk.steps),
    }


def _swaps(swaps: Swaps, results: Mapping[str, Any]) -> dict[str, Any]:
    labels = {player["alone"]["coalition"]: player["label"] for player in results["players"]}
    last = len(swaps.shots) - 1
    shots = []
    for place, shot in enumerate(swaps.shots):
        label = "A" if place == 0 else "B" if place == last else labels[shot.mask]
        shots.append({"label": label, "uri": _uri(shot.picture), "says": shot.says, "right": shot.score == 1})
    return {"sample": swaps.sample, "shots": shots}


def _uri(picture: NDArray[np.uint8] | None) -> str | None:
    return None if picture is None else data_uri(thumbnail(picture, SIDE))


def _diverging(values: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Signed values as a picture: grey at 0, to red above and to blue below, full at the 99th percentile."""
    scale = float(np.percentile(np.abs(values), 99)) or 1.0
    x = np.clip(values / scale, -1, 1)[..., None].astype(np.float64)
    middle, red, blue = (np.array(colour) for colour in ((232, 232, 232), (178, 24, 43), (33, 102, 172)))
    colour = middle + np.maximum(x, 0) * (red - middle) + np.maximum(-x, 0) * (blue - middle)
    picture: NDArray[np.uint8] = np.round(colour).astype(np.uint8)
    return picture


def _provenance(results: Mapping[str, Any]) -> list[tuple[str, str]]:
    data = results["data"]
    return [
        ("A", f"{results['reference']['profile']}: {results['reference']['title']}"),
        ("B", f"{results['device']['profile']}: {results['device']['title']}"),
        ("Seed", str(results["seed"])),
        ("Data", f"{data['name']}: {data['description']}"),
        ("Data, SHA-256", data["sha256"]),
        ("Model", results["model"]["name"]),
        ("Model, SHA-256", results["model"]["sha256"]),
    ]
