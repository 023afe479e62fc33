"""Maps of depth as pictures: both answers and the truth in one scale of colours, and its legend."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from plotly.colors import convert_colors_to_same_type as to_rgb
from plotly.colors import sequential, unlabel_rgb

from audit.report.thumbnail import veil_uri
from audit.sketch import Distances, Sketch

ENDS = (2, 98)
"""Percentiles of all numbers shown that the scale reaches from and to: a single pixel must not take all its colours."""
BAR = 120
"""Colours of the legend."""


@dataclass(frozen=True)
class Legend:
    """What the colours mean."""

    uri: str
    """Of the bar, from left to right."""
    low: str
    high: str
    words: str


@dataclass(frozen=True)
class Maps:
    """Addresses of pictures."""

    reference: str
    device: str
    truth: str | None
    legend: Legend


def maps_of(reference: Sketch | None, device: Sketch | None, truth: Sketch | None, side: int) -> Maps | None:
    """Those of sketches that hold distances, their longer sides at most ``side``; None: they do not."""
    shown = [None if sketch is None else sketch.distances for sketch in (reference, device, truth)]
    if shown[0] is None or shown[1] is None:
        return None
    known = np.concatenate([one.values[np.isfinite(one.values)].ravel() for one in shown if one is not None])
    if not known.size:
        return None
    low, high = (float(end) for end in np.percentile(known, ENDS))
    first, second, third = (None if one is None else veil_uri(coloured(one.values, low, high), side) for one in shown)
    assert first is not None
    assert second is not None
    return Maps(first, second, third, _legend(shown[0], low, high))


def coloured(values: NDArray[np.float32], low: float, high: float) -> NDArray[np.uint8]:
    """(H, W, 4) RGBA: viridis from ``low`` to ``high``, what lies beyond like the ends; NaN is clear."""
    places = np.clip((values - low) / (high - low), 0, 1) if high > low else np.where(np.isnan(values), np.nan, 0.5)
    known = np.isfinite(places)
    stops = _viridis()
    at = np.where(known, places, 0) * (len(stops) - 1)
    rgba = np.empty((*values.shape, 4), dtype=np.uint8)
    for channel in range(3):
        rgba[..., channel] = np.rint(np.interp(at, np.arange(len(stops)), stops[:, channel]))
    rgba[..., 3] = np.where(known, 255, 0)
    return rgba


def _viridis() -> NDArray[np.float64]:
    """(stops, 3), 0..255: Smith and van der Walt's, even to the eye and rising in lightness."""
    colours, _ = to_rgb(sequential.Viridis, "rgb")
    return np.array([unlabel_rgb(colour) for colour in colours], dtype=np.float64)


def _legend(found: Distances, low: float, high: float) -> Legend:
    bar = coloured(np.linspace(low, high, BAR, dtype=np.float32)[None], low, high)
    unit = f" {found.unit}" if found.unit else ""
    if found.unit:
        words = "depth"
    elif found.inverse:
        words = "the model's own numbers, large where it is near; the device's brought to those on the reference"
    else:
        words = "the model's own numbers, large where it is far; the device's brought to those on the reference"
    return Legend(veil_uri(bar, BAR), f"{low:.3g}{unit}", f"{high:.3g}{unit}", words)
