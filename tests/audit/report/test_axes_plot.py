"""Plots of drift axes and of the yardstick: every number at its place, and nothing in it that runs."""

from __future__ import annotations

import pytest

from audit.axes import AXES
from audit.axes.compare import compare
from audit.axes.lines import Line, along_axes
from audit.report.axes_plot import MOST_DEVICES, MOST_LINES, axis_figure, yardstick_figure
from audit.report.rows import DROP
from audit.stats import Interval


def interval(value: float) -> Interval:
    return Interval(value, value - 0.02, value + 0.03)


def test_an_axis_has_a_line_for_each_device_with_its_intervals() -> None:
    drops = {f"phone/{device}@iso={iso}": interval(iso / 1e4) for device in "ab" for iso in (100, 400, 1600)}
    figure = axis_figure(along_axes(drops), AXES["iso"], DROP, "95%")
    assert figure is not None
    first, second = figure.data
    assert [trace.name for trace in figure.data] == ["phone/a", "phone/b"]
    assert list(first.y) == [1, 4, 16]
    assert list(first.error_y.array) == pytest.approx([3, 3, 3])
    assert list(first.error_y.arrayminus) == pytest.approx([2, 2, 2])
    assert figure.layout.xaxis.type == "log"
    assert list(figure.layout.xaxis.ticktext) == ["100", "400", "1600"]
    assert figure.layout.xaxis.title.text == "ISO speed"
    # beside each other, but closer to their own tick than to the next
    for place, iso in enumerate((100, 400, 1600)):
        assert 0.95 * iso < first.x[place] < iso < second.x[place] < 1.05 * iso
    assert "ISO speed 400<br>" in first.hovertext[1]
    assert "Accuracy drop 4.0 points<br>95% interval 2.0 to 7.0" in first.hovertext[1]


def test_units_are_points_without_a_line() -> None:
    drops = {f"phone/a@unit={unit}": interval(0.01) for unit in range(1, 4)}
    figure = axis_figure(along_axes(drops), AXES["unit"], DROP, "95%")
    assert figure is not None
    assert figure.data[0].mode == "markers"
    assert list(figure.data[0].x) == [1, 2, 3]


def test_there_may_be_nothing_or_too_much_to_draw() -> None:
    assert axis_figure([], AXES["iso"], DROP, "95%") is None
    many = [Line(f"phone/{number}", "exposure", {0.0: interval(0.1)}) for number in range(40)]
    figure = axis_figure(many, AXES["exposure"], DROP, "95%")
    assert figure is not None
    assert len(figure.data) == MOST_LINES


def test_the_yardstick_shows_devices_above_corruptions() -> None:
    drops = {"phone/a": interval(0.05), "phone/b": interval(0.2), "corruption/fog@1": interval(0.1)}
    drops |= {"corruption/fog@3": interval(0.3), "corruption/snow@2": interval(0.4)}
    figure = yardstick_figure(compare(drops), DROP, "95%")
    assert figure is not None
    devices, snow, fog = figure.data
    assert list(figure.layout.yaxis.ticktext) == ["phone/b", "phone/a", "snow", "fog"]
    assert list(figure.layout.yaxis.tickvals) == [0, 1, 3, 4]
    assert list(devices.x) == [20, 5]
    assert list(devices.y) == [0, 1]
    assert (list(snow.x), list(snow.y), list(snow.text)) == ([40], [3], ["2"])
    assert (list(fog.x), list(fog.y), list(fog.text)) == ([10, 30], [4, 4], ["1", "3"])
    assert "costs as much as fog at severity 2.0" in devices.hovertext[0]


def test_the_yardstick_needs_both() -> None:
    assert yardstick_figure(compare({"phone/a": interval(0.1)}), DROP, "95%") is None
    assert yardstick_figure(compare({"corruption/fog@1": interval(0.1)}), DROP, "95%") is None
    many = {f"phone/{number:02}": interval(number / 1000) for number in range(60)} | {"corruption/fog@1": interval(0.1)}
    figure = yardstick_figure(compare(many), DROP, "95%")
    assert figure is not None
    assert len(figure.data[0].x) == MOST_DEVICES


def test_a_name_cannot_mark_up_a_plot() -> None:
    evil = Line("<b>bad</b>", "exposure", {0.0: interval(0.1)})
    figure = axis_figure([evil], AXES["exposure"], DROP, "95%")
    assert figure is not None
    assert figure.data[0].name == "&lt;b&gt;bad&lt;/b&gt;"
    assert "<b>bad" not in figure.data[0].hovertext[0]
    board = yardstick_figure(compare({"<i>x": interval(0.1), "corruption/fog@1": interval(0.1)}), DROP, "95%")
    assert board is not None
    assert board.layout.yaxis.ticktext[0] == "&lt;i&gt;x"
