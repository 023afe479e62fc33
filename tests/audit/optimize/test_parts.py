"""Three parts of the samples."""

from __future__ import annotations

from itertools import chain

import pytest
import torch

from audit.data import Sample
from audit.optimize.parts import MIN_SAMPLES, three_parts
from camsim.errors import NoDataError


def samples(count: int, classes: int = 2) -> list[Sample]:
    return [Sample(f"s{number}", f"c{number % classes}", lambda: torch.zeros(3, 8, 8)) for number in range(count)]


@pytest.mark.parametrize("count", [20, 21, 64, 100])
def test_every_sample_is_in_one_part_and_the_shares_are_kept(count: int) -> None:
    given = samples(count)
    parts = three_parts(given, 0)
    ids = [[sample.id for sample in part] for part in (parts.train, parts.validation, parts.held_out)]
    assert sorted(chain.from_iterable(ids)) == sorted(sample.id for sample in given)
    for part, share in zip(ids, (0.4, 0.2, 0.4), strict=True):
        assert abs(len(part) - share * count) <= 1.2
        place = [sample.id for sample in given]
        assert part == sorted(part, key=place.index)


def test_each_class_is_shared_out_alike() -> None:
    parts = three_parts(samples(90, classes=3), 4)
    for part, share in ((parts.train, 12), (parts.validation, 6), (parts.held_out, 12)):
        counts = [sum(sample.target == name for sample in part) for name in ("c0", "c1", "c2")]
        assert counts == [share] * 3


def test_it_depends_on_ids_and_seed_alone() -> None:
    given = samples(40)
    part = {sample.id for sample in three_parts(given, 1).held_out}
    assert part == {sample.id for sample in three_parts(given[::-1], 1).held_out}
    assert part != {sample.id for sample in three_parts(given, 2).held_out}


def test_too_few_are_refused() -> None:
    with pytest.raises(NoDataError, match=f"at least {MIN_SAMPLES} samples .* got 19"):
        three_parts(samples(19), 0)
