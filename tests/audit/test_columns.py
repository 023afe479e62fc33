"""A profile's rows beside the reference's: the same samples, clusters and facts."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from audit.columns import Pair, pair
from audit.outcome import schema


def table(samples: list[str], profile: str, **columns: list) -> pa.Table:
    rows = [{"sample": name, "profile": profile, "flip": False, "score": 1.0} for name in samples]
    for key, values in columns.items():
        for row, value in zip(rows, values, strict=True):
            row[key] = value
    return pa.Table.from_pylist(rows, schema=schema({}))


def test_rows_stand_beside_those_of_the_same_samples() -> None:
    base = table(["a", "b", "c", "d"], "reference", score=[0.1, 0.2, 0.3, 0.4])
    own = table(["d", "b", "a"], "other", score=[1.4, 1.2, 1.1], flip=[True, None, False], error=[None, "broke", None])
    found = pair(own, base)
    assert (found.samples, found.expected, found.errors) == (2, 3, ("broke",))
    assert found.ids.to_pylist() == ["d", "a"]
    np.testing.assert_array_equal(found.own["score"], [1.4, 1.1])
    np.testing.assert_array_equal(found.reference["score"], [0.4, 0.1])


def test_a_cluster_of_the_name_of_a_sample_is_not_that_sample() -> None:
    names = ["a", "b", "c", "d", "e"]
    rows = table(names, "x", cluster=["c", "c", None, "v", None])
    clusters = pair(rows, rows).clusters
    assert clusters is not None
    assert clusters[0] == clusters[1]
    assert len(set(clusters)) == 4
    alone = table(names, "x")
    assert pair(alone, alone).clusters is None


def test_facts_are_those_of_each_sample_the_class_first() -> None:
    texts = ['{"weather": "rain", "class": "car"}', None, '{"weather": "sun"}']
    rows = table(["a", "b", "c"], "x", groups=texts)
    assert list(pair(rows, rows).facts().items()) == [
        ("class", ["car", None, None]),
        ("weather", ["rain", None, "sun"]),
    ]


def test_the_fingerprint_is_of_the_samples_that_are_kept() -> None:
    def of(names: list[str]) -> Pair:
        rows = table(names, "x")
        return pair(rows, rows)

    every = np.ones(3, dtype=bool)
    assert of(["a", "b", "c"]).fingerprint(every) == of(["a", "b", "c"]).fingerprint(every)
    assert of(["a", "b", "c"]).fingerprint(every) != of(["a", "bc", ""]).fingerprint(every)
    assert of(["a", "b", "c"]).fingerprint(np.array([True, False, True])) == of(["a", "c"]).fingerprint(every[:2])
