"""Scenes of a search: stacked once where they fit into memory."""

from __future__ import annotations

import pytest
import torch

from audit.data import Sample
from audit.search.scenes import CHUNK, Scenes


def samples(count: int) -> list[Sample]:
    light = torch.rand(count, 3, 8, 9, generator=torch.Generator().manual_seed(0))
    return [Sample(f"{place:03}", None, lambda one=one: one) for place, one in enumerate(light)]  # type: ignore[misc]


@pytest.mark.parametrize("room", [2**29, 0])
def test_scenes_are_stacked_once_where_there_is_room(room: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("audit.search.scenes.STACKED_BYTES", room)
    scenes = Scenes(samples(CHUNK + 3), 0)
    first, again = list(scenes.batches()), list(scenes.batches())
    assert [ids for ids, _ in first] == [ids for ids, _ in again] == [scenes.ids[:CHUNK], scenes.ids[CHUNK:]]
    for (_, one), (_, other) in zip(first, again, strict=True):
        torch.testing.assert_close(one, other, rtol=0, atol=0)
        assert (one.data_ptr() == other.data_ptr()) is bool(room)


def test_an_interrupted_round_keeps_nothing() -> None:
    scenes = Scenes(samples(2 * CHUNK), 0)
    next(scenes.batches())
    assert [len(ids) for ids, _ in scenes.batches()] == [CHUNK, CHUNK]
