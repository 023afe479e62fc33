"""Which pictures a report shows: those whose answers suffer, before those that only come close to it."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from audit.columns import Pair
from audit.most_changed import SHOWN, MostChanged


def pair(
    loss: list[float],
    agreement: list[float],
    scores: list[float] | None = None,
    reference_scores: list[float] | None = None,
    reference_loss: float = 0.1,
) -> Pair:
    count = len(loss)
    unknown = [np.nan] * count
    names = pa.array([f"s{place:03}" for place in range(count)])
    own = {"loss": np.array(loss), "agreement": np.array(agreement)}
    own |= {"score": np.array(scores or unknown), "flip": np.array(agreement) < 1}
    reference = own | {"loss": np.full(count, reference_loss), "score": np.array(reference_scores or unknown)}
    nothing = pa.nulls(count, pa.string())
    return Pair(own, reference, names, nothing, nothing, count, ())


def test_without_labels_another_answer_comes_before_a_worse_loss() -> None:
    changed = MostChanged()
    changed.add("phone/a", pair([0.9, 0.2, 0.3], [1.0, 0.5, 0.0]))
    assert [one.sample for one in changed.worst()] == ["s002", "s001", "s000"]


def test_with_labels_what_is_lost_of_the_score_decides_then_the_loss() -> None:
    changed = MostChanged()
    changed.add("phone/a", pair([0.9, 0.5, 0.6], [1.0, 0.0, 0.0], [1.0, 0.0, 0.0], [1.0, 1.0, 1.0]))
    assert [one.sample for one in changed.worst()] == ["s002", "s001", "s000"]
    assert [one.harm for one in changed.worst()] == pytest.approx([0.5, 0.4, 0.8])


def test_each_sample_once_with_its_worst_profile() -> None:
    changed = MostChanged()
    changed.add("phone/a", pair([0.5, 0.5], [0.4, 0.9]))
    changed.add("phone/b", pair([0.5, 0.5], [0.6, 0.2]))
    assert [(one.sample, one.profile) for one in changed.worst()] == [("s001", "phone/b"), ("s000", "phone/a")]


def test_what_gains_or_stays_is_not_shown() -> None:
    changed = MostChanged()
    changed.add("phone/a", pair([0.05, 0.1, 0.9], [1.0, 1.0, 0.0], [1.0, 1.0, 1.0], [1.0, 1.0, 0.0]))
    assert changed.worst() == []


def test_equals_come_by_name_and_no_more_than_a_page_holds() -> None:
    changed = MostChanged()
    changed.add("phone/a", pair([0.5] * 40, [0.0] * 40))
    assert [one.sample for one in changed.worst()] == [f"s{place:03}" for place in range(SHOWN)]
