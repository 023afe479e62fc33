from __future__ import annotations

import numpy as np
import pytest

from audit.stats import tango
from audit.stats.measured import Measured
from audit.stats.worst_groups import break_down
from audit.tasks.metric import Metric

ACCURACY = Metric("accuracy", "Accuracy", "rate", ("score",))


def measured(hits: np.ndarray, clusters: list[int] | None = None) -> Measured:
    return Measured(ACCURACY, {"score": hits.astype(float)}, clusters)


def test_the_group_that_suffers_is_the_worst_and_small_ones_are_not_assessed() -> None:
    labels = ["rain"] * 40 + ["sun"] * 60 + ["snow"] * 5 + [None] * 3
    reference = np.ones(108)
    other = reference.copy()
    other[:20] = 0  # half of the rain
    other[100:105] = 0  # all of the snow, but that is five
    found = break_down("weather", labels, measured(reference), measured(other))
    assert found.worst is not None
    assert [group.group for group in found.groups] == ["rain", "sun", "snow"]
    assert found.worst.group == "rain"
    assert found.worst.samples == 40
    assert found.worst.drop == tango(20, 0, 40, 0.975)  # two groups share the 5 %
    assert found.worst.p_holm is not None
    assert found.worst.p_holm < 1e-4
    assert found.groups[2].drop is found.groups[2].p_holm is None
    assert not found.groups[2].assessed
    assert found.ungrouped == 3


def test_support_is_of_clusters() -> None:
    labels = ["rain"] * 40
    videos = [place // 10 for place in range(40)]
    found = break_down("weather", labels, measured(np.ones(40), videos), measured(np.zeros(40), videos))
    assert found.worst is None
    assert break_down("w", labels, measured(np.ones(40), videos), measured(np.zeros(40), videos), min_support=4).worst


def test_all_intervals_hold_together() -> None:
    """Twelve groups without any drop: in at most 5 % of the data sets does any interval miss it."""
    rng = np.random.default_rng(0)
    labels = [f"class {place % 12}" for place in range(600)]
    missed = claimed = 0
    for _ in range(300):
        sides = [measured(rng.random(600) < 0.85) for _ in range(2)]
        found = break_down("class", labels, sides[0], sides[1])
        drops = [group.drop for group in found.groups if group.drop is not None]
        assert len(drops) == 12
        missed += any(not drop.low <= 0 <= drop.high for drop in drops)
        claimed += any(group.p_holm is not None and group.p_holm < 0.025 for group in found.groups)
    assert missed <= 0.085 * 300  # 5 % and 2.8 standard errors
    assert claimed <= 0.055 * 300


def test_refuses() -> None:
    side = measured(np.ones(3))
    with pytest.raises(ValueError, match="label or None for each of 3 samples, got 2"):
        break_down("class", ["a", "b"], side, side)
    with pytest.raises(ValueError, match="min_support"):
        break_down("class", ["a", "b", "c"], side, side, min_support=1)
