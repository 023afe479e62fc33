"""Pictures after every stage, and those of single exchanges."""

from __future__ import annotations

import numpy as np
import torch

import camsim
from audit.camera import open_camera
from audit.data import Sample
from audit.forensics.divide import divide
from audit.forensics.hybrid import Kit
from audit.forensics.play import Table
from audit.forensics.swaps import choose, take_swaps
from audit.forensics.walk import walk
from audit.task import ClassTask, PixelTask

from ..conftest import PythonModel, by_brightness, make_dataset
from .conftest import REDDISH, SHARP, altered
from .test_sensitivity import Bright

DATA = make_dataset(4)
TASK = ClassTask(PythonModel(by_brightness), {sample.id: n % 2 for n, sample in enumerate(DATA.samples)}, Bright())
A, B = camsim.load("reference/srgb"), camsim.load("phone/google-pixel-imx378")


def test_the_last_pictures_are_those_of_the_cameras() -> None:
    sample = DATA.samples[1]
    steps = walk(TASK, sample, Kit(A, B, split_sensor=False), seed=3).steps
    assert [step.name for step in steps][:3] == ["sensor", "black_level", "demosaic"]
    shown = {"gamma": steps[[s.name for s in steps].index("gamma")].first, "last": steps[-1].second}
    for profile, picture in ((A, shown["gamma"]), (B, shown["last"])):
        assert picture is not None
        expected = open_camera(profile).shoot(sample.load(), 3, sample.id)
        assert np.abs(picture.astype(int) - expected).max() <= 1
    only_b = [step for step in steps if step.first is None]
    assert {step.name for step in only_b} >= {"denoise", "sharpen"}


def test_gradients_have_the_size_of_the_picture_and_point_where_the_loss_rises() -> None:
    """Sample 0 is dark and should be called so: more light raises the loss, everywhere."""
    steps = walk(TASK, DATA.samples[0], Kit(A, B, split_sensor=False), seed=3).steps
    with_gradient = [step for step in steps if step.second is not None]
    assert all(step.gradient is not None and step.gradient.shape == (24, 24) for step in with_gradient)
    last = with_gradient[-1].gradient
    assert last is not None
    assert (last >= 0).all()
    assert last.sum() > 0


def test_without_gradients_there_are_pictures_all_the_same() -> None:
    task = ClassTask(PythonModel(by_brightness), dict(TASK.aims))
    steps = walk(task, DATA.samples[0], Kit(A, B, split_sensor=False), seed=3).steps
    assert all(step.gradient is None for step in steps)
    assert steps[-1].second is not None


def test_what_differs_shows_from_its_stage_on() -> None:
    steps = walk(TASK, DATA.samples[1], Kit(A, altered(dict(REDDISH), name="b"), split_sensor=False), seed=0).steps
    names = [step.name for step in steps]
    place = names.index("white_balance")
    assert all(step.rms == 0 for step in steps[:place])
    assert all((step.difference == 128).all() for step in steps[:place])
    assert all(step.rms > 1 for step in steps[place:])
    assert (steps[-1].difference[..., 0] < 128).mean() > 0.9
    assert np.abs(steps[-1].difference[..., 1].astype(int) - 128).max() == 0


def test_the_samples_that_lose_most_by_score_then_by_loss() -> None:
    table = Table(
        ("000", "001", "002", "003"),
        (0, 3),
        np.array([[1.0, 1, 1, 0], [1, 0, 1, 0]]),
        np.array([[0.1, 0.1, 0.1, 0.9], [0.1, 0.9, 0.4, 0.9]]),
        (),
    )
    assert choose(table, 3, full=3) == ["001", "002", "000"]


def test_single_exchanges_are_those_of_the_game() -> None:
    division = divide(TASK, DATA.samples, A, altered(dict(REDDISH) | dict(SHARP), name="b"), seed=4)
    sample = DATA.samples[1]
    [found] = take_swaps(TASK, [sample], division, seed=4, says=lambda pictures: ["x"] * len(pictures))
    assert [shot.mask for shot in found.shots] == [0, 1, 2, 3]
    for shot in found.shots:
        assert shot.loss == division.table.losses[shot.mask, 1]
        expected = open_camera(division.profiles[shot.mask]).shoot(sample.load(), 4, sample.id)
        assert (shot.picture == expected).all()
    assert (found.shots[0].picture == open_camera(A).shoot(sample.load(), 4, sample.id)).all()


def test_a_task_of_ones_own_can_be_divided_up() -> None:
    """Segmentation of the bright half of a scene: a white balance with less red costs IoU, and has all of the drop."""

    def scene() -> torch.Tensor:
        light = torch.full((3, 24, 24), 0.1)
        light[:, :, 12:] = 0.26
        return light

    def network(images: torch.Tensor) -> torch.Tensor:
        return 50 * (images[:, :1] - 0.5)  # 0.26 is 0.547 after the sRGB curve, and 0.8 of it 0.496

    samples = [Sample(str(number), None, scene) for number in range(4)]
    target = np.zeros((24, 24), dtype=np.int64)
    target[:, 12:] = 1
    task = PixelTask(network, {sample.id: target for sample in samples})
    found = divide(task, samples, A, altered(dict(REDDISH), name="b"))
    assert found.score.drop.value > 0.5
    assert found.score.shares is not None
    assert found.score.shares[0].value == 1
