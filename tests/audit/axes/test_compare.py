"""Devices on the yardstick of corruptions, with numbers that can be checked by hand."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.axes.compare import Curve, compare, in_words
from audit.axes.lines import Line, along_axes
from audit.stats import Interval


def exact(value: float) -> Interval:
    return Interval(value, value, value)


def fog(*costs: float) -> dict[str, Interval]:
    return {f"corruption/fog@{severity}": exact(cost) for severity, cost in enumerate(costs, 1)}


@pytest.mark.parametrize(
    ("drop", "severity"),
    [(0.05, 0.5), (0.1, 1), (0.15, 1.5), (0.35, 3.25), (0.6, 5), (0.61, math.inf), (0.0, 0), (-0.2, 0)],
)
def test_severity_is_interpolated_from_no_corruption_on(drop: float, severity: float) -> None:
    curve = Curve("fog", {s: exact(c) for s, c in enumerate([0.1, 0.2, 0.3, 0.5, 0.6], 1)})
    assert curve.severity(exact(drop)).value == pytest.approx(severity)


def test_costs_that_fall_are_pooled() -> None:
    """0.3 then 0.1 are taken as 0.2 each: from there on the line is level until the next severity."""
    curve = Curve("fog", {1: exact(0.3), 2: exact(0.1), 3: exact(0.4)})
    assert curve.severity(exact(0.1)).value == pytest.approx(0.5)
    assert curve.severity(exact(0.2)).value == pytest.approx(1)
    assert curve.severity(exact(0.3)).value == pytest.approx(2.5)


def test_only_some_severities_may_have_been_measured() -> None:
    curve = Curve("fog", {1: exact(0.1), 5: exact(0.5)})
    assert curve.severity(exact(0.3)).value == pytest.approx(3)
    assert curve.last == 5


def test_limits_are_those_that_both_intervals_allow() -> None:
    """The device may cost 0.1 to 0.3; severity s costs 0.1 s give or take 0.05."""
    curve = Curve("fog", {s: Interval(0.1 * s, 0.1 * s - 0.05, 0.1 * s + 0.05) for s in range(1, 6)})
    found = curve.severity(Interval(0.2, 0.1, 0.3))
    assert found.value == pytest.approx(2)
    assert found.low == pytest.approx(0.1 / 0.15)  # on the line from (0, 0) to (1, 0.15)
    assert found.high == pytest.approx(3.5)  # between 0.25 at 3 and 0.35 at 4


def test_limits_hold_the_truth_as_often_as_they_say() -> None:
    """Simulated drops around a known line: the true severity lies within in well over 95 % of the runs."""
    random = np.random.default_rng(5)
    held = 0
    for _ in range(2000):
        noisy = [Interval(m, m - 0.0392, m + 0.0392) for m in random.normal([0.0, 0.1, 0.2, 0.3, 0.4, 0.5], 0.02)]
        curve = Curve("fog", dict(enumerate(noisy[1:], 1)))
        drop = random.normal(0.25, 0.02)
        found = curve.severity(Interval(drop, drop - 0.0392, drop + 0.0392))
        held += found.low <= 2.5 <= found.high
    assert held / 2000 > 0.97


costs = st.lists(st.floats(-1, 1), min_size=1, max_size=5)


@given(costs, st.floats(-1, 1), st.floats(0, 1), st.floats(0, 1))
def test_limits_never_cross(centres: list[float], drop: float, below: float, above: float) -> None:
    curve = Curve("fog", {s: Interval(c, c - below, c + above) for s, c in enumerate(centres, 1)})
    found = curve.severity(Interval(drop, drop - below, drop + above))
    assert 0 <= found.low <= found.value <= found.high
    assert found.value <= curve.last or math.isinf(found.value)


def test_devices_are_ordered_and_told_the_nearest() -> None:
    drops = fog(0.1, 0.2, 0.3, 0.4, 0.5) | {
        "corruption/snow@1": exact(0.04),
        "corruption/snow@2": exact(0.17),
        "phone/a": exact(0.16),
        "phone/b": exact(0.9),
        "phone/c": exact(-0.01),
        "phone/d": exact(0.19),
    }
    yardstick = compare(drops)
    assert [device.name for device in yardstick.devices] == ["phone/b", "phone/d", "phone/a", "phone/c"]
    beyond, second, first, none = yardstick.devices
    assert first.nearest == "snow"  # 0.17 is closer than 0.2
    assert first.severities["snow"].value == pytest.approx(1 + 12 / 13)
    assert second.nearest == "fog"  # snow does not reach 0.19
    assert first.typical == pytest.approx((1.6 + 1 + 12 / 13) / 2)
    assert (beyond.nearest, none.nearest) == (None, None)
    assert math.isinf(beyond.typical)
    assert in_words(second) == "as much as fog at severity 1.9 (1.9 to 1.9)"
    assert in_words(beyond) == "more than any corruption at the last severity measured"
    assert in_words(none) == "nothing that a corruption could be compared with"
    read = json.loads(json.dumps(yardstick.to_json(), allow_nan=False))
    assert read["devices"][0]["severities"]["fog"]["value"] is None
    assert read["devices"][1]["nearest"] == "fog"
    assert read["corruptions"]["snow"]["2"] == {"value": 0.17, "low": 0.17, "high": 0.17}


def test_without_corruptions_devices_are_not_compared() -> None:
    (device,) = compare({"phone/a": exact(0.1)}).devices
    assert device.nearest is None
    assert in_words(device) == "not compared"
    assert compare({}).devices == ()


def test_points_on_axes_are_gathered() -> None:
    drops = {
        "a/b@iso=400": exact(0.2),
        "a/b@iso=100": exact(0.1),
        "a/b": exact(0.0),
        "c@iso=100": exact(0.3),
        "a/b@exposure=-1": exact(0.4),
        "corruption/fog@3": exact(0.5),
    }
    assert along_axes(drops) == (
        Line("a/b", "iso", {100.0: exact(0.1), 400.0: exact(0.2)}),
        Line("c", "iso", {100.0: exact(0.3)}),
        Line("a/b", "exposure", {-1.0: exact(0.4)}),
    )
    assert list(along_axes(drops)[0].drops) == [100, 400]
