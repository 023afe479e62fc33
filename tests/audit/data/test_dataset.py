from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from audit.data.dataset import Dataset, Sample, check_max_side, fingerprint, reduce, subset
from camsim.errors import CamsimError, NoDataError

GREY = torch.full((3, 8, 9), 0.5)


def test_a_sample_gives_its_scene_and_refuses_what_is_none() -> None:
    assert torch.equal(Sample("a", None, lambda: GREY).load(), GREY)
    spoiled = GREY.clone()
    spoiled[0, 0, 0] = torch.nan
    for scene, why in (
        (GREY[None], r"got \(1, 3, 8, 9\)"),
        (GREY[:, :7], r"got \(3, 7, 9\)"),
        (GREY.double(), "float32, got torch.float64"),
        (spoiled, "NaN or infinite"),
    ):
        with pytest.raises(CamsimError, match=rf"^folder/a\.jpg: .*{why}"):
            Sample("folder/a.jpg", None, lambda scene=scene: scene).load()  # type: ignore[misc]


def test_a_failure_to_load_names_the_sample() -> None:
    def fail() -> Tensor:
        raise CamsimError("damaged")

    with pytest.raises(CamsimError, match=r"^cat/a\.jpg: damaged$"):
        Sample("cat/a.jpg", "cat", fail).load()


def test_a_dataset_needs_samples_with_ids_of_their_own() -> None:
    sample = Sample("a", None, lambda: GREY)
    with pytest.raises(NoDataError, match="mine: holds no samples"):
        Dataset("mine", (), None, "", "")
    with pytest.raises(CamsimError, match="mine: the sample id 'a' is not unique"):
        Dataset("mine", (sample, sample), None, "", "")


def test_the_fingerprint_tells_samples_apart() -> None:
    base = [("a", "x", "1"), ("b", None, "2")]
    others = [
        [("a", "x", "1")],
        [("b", None, "2"), ("a", "x", "1")],
        [("a", "y", "1"), ("b", None, "2")],
        [("a", "x", "1"), ("b", "None", "2")],
        [("a", "x", "3"), ("b", None, "2")],
        [("a', 'x", "1", ""), ("b", None, "2")],
    ]
    prints = {fingerprint(parts) for parts in [base, *others]}
    assert len(prints) == 7
    assert fingerprint(iter(base)) in prints


@given(st.lists(st.integers(1, 12), min_size=1, max_size=8), st.integers(1, 40))
def test_a_limit_is_even_over_classes(counts: list[int], limit: int) -> None:
    targets = [str(index) for index, count in enumerate(counts) for _ in range(count)]
    chosen = subset(targets, limit)
    assert chosen == subset(targets, limit) == sorted(set(chosen))
    assert len(chosen) == min(limit, len(targets))
    taken = [sum(targets[index] == str(name) for index in chosen) for name in range(len(counts))]
    unfilled = [number for number, count in zip(taken, counts, strict=True) if number < count]
    # no class that has samples left is more than one behind any other
    assert not unfilled or max(taken) - min(unfilled) <= 1


def test_a_limit_is_evenly_spaced_within_a_class_and_over_classes() -> None:
    assert subset([None] * 9, 3) == [1, 4, 7]
    assert subset(list("aaabbbbb"), 4) == [0, 2, 4, 6]
    assert subset(list("abcdef"), 2) == [1, 4]
    assert subset(list("ab"), None) == subset(list("ab"), 99) == [0, 1]
    with pytest.raises(CamsimError, match="--limit must be at least 1, got 0"):
        subset(["a"], 0)


def test_reducing_keeps_light_and_aspect() -> None:
    torch.manual_seed(0)
    scene = torch.rand(3, 300, 450)
    small = reduce(scene, 100)
    assert small.shape == (3, 67, 100)
    assert small.mean().item() == pytest.approx(scene.mean().item(), abs=1e-3)
    assert reduce(scene, 450) is scene
    torch.testing.assert_close(reduce(torch.full((3, 300, 450), 0.3), 128), torch.full((3, 85, 128), 0.3))


def test_reducing_neither_aliases_nor_rings() -> None:
    stripes = torch.zeros(3, 64, 400)
    stripes[..., ::2] = 1  # at the Nyquist limit: nothing of it can be left
    small = reduce(stripes, 100)[..., 2:-2]
    assert (small - 0.5).abs().max() < 1e-3
    lamp = torch.zeros(3, 64, 64)
    lamp[:, 30, 30] = 1e4
    assert reduce(lamp, 20).min() >= 0


def test_sizes_that_leave_no_scene_are_refused() -> None:
    with pytest.raises(CamsimError, match="1000x10 is too elongated to be reduced to 100 px"):
        reduce(torch.zeros(3, 10, 1000), 100)
    with pytest.raises(CamsimError, match="max_side must be at least 8 px, got 7"):
        check_max_side(7)
