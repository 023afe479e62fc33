"""The matrix runner: outcomes do not depend on how the work is cut, and an interruption leaves only whole chunks."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pytest
import torch

import audit
import audit.shooting
import camsim
from audit.camera import Lineup, open_camera
from audit.data import Dataset, Sample
from audit.matrix import mark, measure
from audit.outcome import Failure, Outcome
from audit.tasks.classification import Classification
from camsim.errors import CamsimError

from .conftest import PythonModel, by_brightness, make_dataset

NAMES = ["reference/srgb", "seed/drone/bi-s-ga", "still/nikon-d850", "seed/drone/me-u-me"]


@pytest.fixture(scope="module")
def lineup() -> Lineup:
    return Lineup([open_camera(camsim.load(name)) for name in NAMES])


def outcomes(dataset: Dataset, lineup: Lineup, batch: int = 3) -> list[Outcome]:
    task = Classification(PythonModel(by_brightness), dataset)
    return [row for chunk in measure(task, dataset.samples, lineup, seed=1, batch=batch) for row in chunk.outcomes]


def test_outcomes_do_not_depend_on_how_the_work_is_cut(
    dataset: Dataset, lineup: Lineup, monkeypatch: pytest.MonkeyPatch
) -> None:
    together = outcomes(dataset, lineup)
    assert [(row.sample, row.profile) for row in together] == [(s.id, n) for s in dataset.samples for n in NAMES]
    assert outcomes(dataset, lineup, batch=1) == together
    monkeypatch.setattr(audit.shooting, "SHOT_BYTES", 1)  # sensor by sensor
    assert outcomes(dataset, lineup) == together
    for name in NAMES[1:]:
        alone = outcomes(dataset, Lineup([open_camera(camsim.load(n)) for n in (NAMES[0], name)]))
        assert [row for row in alone if row.profile == name] == [row for row in together if row.profile == name]


def test_only_the_picture_that_breaks_the_model_is_missing(dataset: Dataset, lineup: Lineup) -> None:
    """By turns, one camera's picture or another's."""
    whole = outcomes(dataset, lineup)
    ids = [sample.id for sample in dataset.samples]
    pictures = [dict(p for some in lineup.shoot(s.load(), 1, s.id) for p in some.items()) for s in dataset.samples]
    broken = {ids[n]: NAMES[1 + n % 3] for n in range(len(ids))}
    forbidden = {pictures[n][broken[ids[n]]].tobytes() for n in range(len(ids))}
    model = PythonModel(lambda image: (np.nan,) * 2 if image.tobytes() in forbidden else by_brightness(image))
    task = Classification(model, dataset)
    got = [row for chunk in measure(task, dataset.samples, lineup, seed=1, batch=8) for row in chunk.outcomes]
    for row, expected in zip(got, whole, strict=True):
        if broken[row.sample] == row.profile:
            assert (row.error, row.mark) == ("python: gave NaN", None)
        else:
            assert row == expected


def test_without_a_reference_there_is_no_mark() -> None:
    task = Classification(PythonModel(by_brightness), make_dataset(4, labelled=False))
    even = np.log(np.full(2, 0.5))
    broken = mark(task, even, Failure("broke"), None)
    assert broken == Failure("the reference could not be measured on this sample")
    assert mark(task, Failure("broke too"), Failure("broke"), None) == Failure("broke too")
    assert mark(task, Failure("broke too"), even, None) == Failure("broke too")


def test_a_sample_whose_truth_cannot_be_read_is_left_out(dataset: Dataset, lineup: Lineup) -> None:
    samples = [*dataset.samples[:2], Sample("z", None, dataset.samples[0].loader)]
    (chunk,) = measure(Classification(PythonModel(by_brightness), dataset), samples, lineup, seed=1, batch=8)
    assert len(chunk.outcomes) == 2 * len(NAMES)
    assert [(item.sample, "has no class" in item.reason) for item in chunk.unreadable] == [("z", True)]


def test_what_a_loader_raises_comes_after_the_chunks_before_it(dataset: Dataset, lineup: Lineup) -> None:
    def broken() -> torch.Tensor:
        raise RuntimeError("no such disk")

    samples = [*dataset.samples[:4], Sample("z", "dark", broken)]
    chunks = measure(Classification(PythonModel(by_brightness), dataset), samples, lineup, seed=1, batch=2)
    assert [next(chunks).samples, next(chunks).samples] == [("000", "001"), ("002", "003")]
    with pytest.raises(RuntimeError, match="no such disk"):
        next(chunks)


def test_an_interruption_leaves_whole_chunks_no_thread_and_can_be_resumed(tmp_path: Path) -> None:
    data, calls = make_dataset(9), 0

    def interrupted(image: np.ndarray) -> tuple[float, float]:
        nonlocal calls
        calls += 1
        if calls == 12:  # the first is a grey picture; then two of each sample: in the sixth
            raise KeyboardInterrupt
        return by_brightness(image)

    settings = {"profiles": ["still/nikon-d850"], "max_drop": 0.3, "batch": 2, "out": tmp_path / "run"}
    before = set(threading.enumerate())
    with pytest.raises(KeyboardInterrupt):
        audit.run(PythonModel(interrupted), data, **settings)  # type: ignore[arg-type]
    assert set(threading.enumerate()) == before
    assert len(list((tmp_path / "run" / "parts").glob("*.parquet"))) == 2
    resumed = audit.run(PythonModel(by_brightness), data, resume=True, **settings)  # type: ignore[arg-type]
    whole = audit.run(PythonModel(by_brightness), data, **(settings | {"out": None}))  # type: ignore[arg-type]
    assert resumed.results == whole.results
    assert resumed.to_frame().equals(whole.to_frame())


def test_a_model_that_fails_on_the_first_picture_is_an_error_though_others_work(
    dataset: Dataset, lineup: Lineup
) -> None:
    first = next(lineup.shoot(dataset.samples[0].load(), 1, "000"))[NAMES[0]].tobytes()
    model = PythonModel(lambda image: (np.nan,) * 2 if image.tobytes() == first else by_brightness(image))
    with pytest.raises(CamsimError, match="gave NaN"):
        next(measure(Classification(model, dataset), dataset.samples, lineup, seed=1, batch=1))
