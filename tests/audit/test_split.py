from __future__ import annotations

import torch
from hypothesis import given
from hypothesis import strategies as st

from audit.data import Sample
from audit.split import take


def samples_of(targets: list[str | None]) -> list[Sample]:
    return [Sample(f"s{n}", target, lambda: torch.zeros(3, 8, 8)) for n, target in enumerate(targets)]


@given(st.lists(st.sampled_from(["a", "b", "c"]), max_size=60), st.integers(0, 5))
def test_halves_are_disjoint_complete_even_and_in_order(targets: list[str], seed: int) -> None:
    samples = samples_of(list(targets))
    search, held_out = take(samples, "search", seed), take(samples, "held-out", seed)
    assert {s.id for s in search} | {s.id for s in held_out} == {s.id for s in samples}
    assert not {s.id for s in search} & {s.id for s in held_out}
    assert 0 <= len(search) - len(held_out) <= 1
    for name in "abc":
        counts = [sum(s.target == name for s in half) for half in (search, held_out)]
        assert abs(counts[0] - counts[1]) <= 1
    assert [s for s in samples if s in search] == list(search)
    assert take(samples, "all", seed) == tuple(samples)


def test_the_seed_decides_and_the_order_does_not() -> None:
    samples = samples_of([None] * 30)
    halves = {frozenset(s.id for s in take(samples, "search", seed)) for seed in range(4)}
    assert len(halves) == 4
    backward = {s.id for s in take(samples[::-1], "search", 0)}
    assert backward == {s.id for s in take(samples, "search", 0)}
