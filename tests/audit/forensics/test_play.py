"""Coalitions on samples: the same figures as from each device alone, kept on disk, and never made twice."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from numpy.typing import NDArray

import camsim
from audit.camera import open_camera
from audit.forensics.play import play
from audit.progress import Silent
from audit.task import ClassTask, Judged
from camsim.errors import CamsimError, NoDataError

from .conftest import REDDISH, SHARP, Planted, altered, scenes

DATA = scenes(8)
PROFILES = {
    0: camsim.load("reference/srgb").model_copy(update={"name": "between/0"}),
    1: altered(dict(REDDISH), name="between/1"),
    2: altered(dict(SHARP), name="between/2"),
    5: camsim.load("phone/google-pixel-imx378").model_copy(update={"name": "between/5"}),
}


class Counting:
    """A task that counts the pictures it judges, and may refuse some."""

    no_gradient = "none"

    def __init__(self, refuses: str = "", stops_after: int = 10**6) -> None:
        self.task = ClassTask(Planted(0.3, 0.2), {sample.id: 0 for sample in DATA.samples})
        self.refuses, self.stops_after, self.seen = refuses, stops_after, 0

    def judge(self, pictures: Sequence[NDArray[np.uint8]], ids: Sequence[str]) -> Judged:
        if self.seen >= self.stops_after:
            raise KeyboardInterrupt
        self.seen += len(pictures)
        if self.refuses and self.refuses in ids:
            raise CamsimError("gave NaN")
        return self.task.judge(pictures, ids)

    def losses(self, images: object, ids: Sequence[str]) -> object:
        raise AssertionError("not asked for")


def run(task: Counting, parts: Path | None = None, batch: int = 3):
    return play(task, DATA.samples, PROFILES, seed=5, batch=batch, parts=parts, show=Silent())


def test_the_same_as_through_each_device_alone() -> None:
    table = run(Counting())
    assert table.samples == tuple(sample.id for sample in DATA.samples)
    assert table.masks == (0, 1, 2, 5)
    task = ClassTask(Planted(0.3, 0.2), {sample.id: 0 for sample in DATA.samples})
    for row, profile in enumerate(PROFILES.values()):
        camera = open_camera(profile)
        alone = [task.judge([camera.shoot(s.load(), 5, s.id)], [s.id]) for s in DATA.samples]
        assert table.scores[row].tolist() == [judged.scores[0] for judged in alone]
        assert table.losses[row].tolist() == [judged.losses[0] for judged in alone]
    assert (table.drops()[0] == 0).all()
    assert (table.harms()[5] == table.losses[3] - table.losses[0]).all()


def test_it_goes_on_where_it_stopped(tmp_path: Path) -> None:
    whole = run(Counting())
    with pytest.raises(KeyboardInterrupt):
        run(Counting(stops_after=4 * 5), parts=tmp_path)
    assert len(list(tmp_path.glob("*.json"))) == 1
    rest = Counting()
    again = run(rest, parts=tmp_path)
    assert rest.seen == 4 * 5
    assert (again.scores == whole.scores).all()
    assert (again.losses == whole.losses).all()
    nothing = Counting()
    run(nothing, parts=tmp_path)
    assert nothing.seen == 0


def test_a_sample_that_the_model_fails_on_is_left_out_of_all_devices() -> None:
    table = run(Counting(refuses="003"))
    assert len(table.samples) == 7
    assert [(item.sample, item.reason) for item in table.left_out] == [("003", "003: gave NaN")]
    assert table.scores.shape == (4, 7)


def test_nothing_left_is_an_error_with_the_first_reason() -> None:
    class Broken(Counting):
        def judge(self, pictures: Sequence[NDArray[np.uint8]], ids: Sequence[str]) -> Judged:
            raise CamsimError("gave NaN")

    with pytest.raises(NoDataError, match="none of the 8 samples could be measured; the first: 000: gave NaN"):
        run(Broken())


def test_a_damaged_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "coalitions-000000.json").write_text("{")
    with pytest.raises(CamsimError, match="damaged"):
        run(Counting(), parts=tmp_path)


def test_the_table_on_disk_holds_every_cell(tmp_path: Path) -> None:
    table = run(Counting())
    table.save(tmp_path / "coalitions.parquet")
    frame = pq.read_table(tmp_path / "coalitions.parquet").to_pandas()
    assert len(frame) == 4 * 8
    row = frame[(frame.coalition == 5) & (frame["sample"] == "004")].iloc[0]
    assert (row.score, row.loss) == (table.scores[3, 4], table.losses[3, 4])
