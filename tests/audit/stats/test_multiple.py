from __future__ import annotations

import math
from collections.abc import Callable

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from audit.stats import holm


def test_holm_by_hand() -> None:
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.5, 0.9, 0.2]) == pytest.approx([0.6 + 0.4, 1.0, 0.6])
    assert holm([0.2]) == [0.2]
    assert holm([]) == []


@given(st.lists(st.floats(0, 1), min_size=1, max_size=30), st.floats(0.001, 0.5))
def test_holm_claims_what_the_step_down_procedure_claims(p: list[float], alpha: float) -> None:
    adjusted = holm(p)
    assume(all(abs(value - alpha) > 1e-9 for value in adjusted))
    claimed = 0
    for rank, value in enumerate(sorted(p)):
        if value * (len(p) - rank) > alpha:
            break
        claimed += 1
    assert sum(value <= alpha for value in adjusted) == claimed
    assert all(one <= two <= 1 for one, two in zip(p, adjusted, strict=True))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: holm([0.1, math.nan]), "p-values must lie in"),
        (lambda: holm([1.2]), "p-values must lie in"),
    ],
)
def test_impossible_inputs_are_refused(call: Callable[[], object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()
