"""Devices along axes of drift: a figure and a table for each axis."""

from __future__ import annotations

from dataclasses import dataclass

import plotly.graph_objects as go

from audit.axes import AXES, Axis, Point, read_name
from audit.axes.lines import along_axes
from audit.axes.name import number
from audit.report.axes_plot import axis_figure
from audit.report.rows import Row, View, known


@dataclass(frozen=True)
class Step:
    """A device at one value."""

    value: str
    row: Row


@dataclass(frozen=True)
class AxisPart:
    """One axis."""

    axis: Axis
    id: str
    """Of the figure's place."""
    figure: go.Figure | None
    """None: no drop has an interval."""
    devices: tuple[tuple[str, tuple[Step, ...]], ...]
    """By name, in ascending order of the values."""


def axes(view: View) -> list[AxisPart]:
    """The axes of a run in their usual order; empty without any."""
    points = [(point, row) for row in view.beside if row.role == "axis" and (point := read_name(row.name)) is not None]
    return [
        _part(axis, [(point, row) for point, row in points if point.axis == key], view)
        for key, axis in AXES.items()
        if any(point.axis == key for point, _ in points)
    ]


def _part(axis: Axis, points: list[tuple[Point, Row]], view: View) -> AxisPart:
    drops = {row.name: interval for _, row in points if (interval := row.intervals.get(view.primary.key)) is not None}
    lines = along_axes({name: interval for name, interval in drops.items() if known(interval)})
    devices: dict[str, list[Step]] = {}
    for point, row in sorted(points, key=lambda pair: pair[0].value):
        value = number(point.value)
        devices.setdefault(point.device, []).append(Step(f"{value} {axis.unit}".rstrip(), row))
    return AxisPart(
        axis=axis,
        id=f"axis-{axis.key}-plot",
        figure=axis_figure(lines, axis, view.primary, view.level),
        devices=tuple((device, tuple(steps)) for device, steps in devices.items()),
    )
