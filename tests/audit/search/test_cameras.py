"""Cameras of a search: the same as compiled ones, and their gradients those of the pipeline."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

import camsim
from audit.camera import open_camera
from audit.images import as_images
from audit.search import MixedSpace, Setting
from audit.search.cameras import Cameras, knob_gradients
from audit.search.scenes import CHUNK, Scenes
from camsim.errors import NoDataError

from .conftest import CHOICES, device, make_samples, scene


@pytest.mark.parametrize(
    "name", ["seed/drone/ma-u-ga", "seed/microscope/parametrised", "phone/pixel-4a-imx363", "board/rpi-hq-imx477"]
)
def test_a_turned_camera_is_the_compiled_one_to_the_bit(name: str) -> None:
    space = MixedSpace(camsim.load(name), discrete=False)
    cameras, rng = Cameras(space), np.random.default_rng(0)
    for _ in range(6):
        setting = Setting((), rng.random(space.space(()).size))
        turned, anew = cameras.at(setting), open_camera(space.at(setting))
        assert turned.profile == anew.profile
        np.testing.assert_array_equal(turned.shoot(scene(0), 3, "x"), anew.shoot(scene(0), 3, "x"))


@pytest.mark.parametrize("name", ["seed/drone/me-s-me", "phone/pixel-4a-imx363", "seed/drone/parametrised"])
def test_pictures_taken_together_are_those_taken_alone(name: str) -> None:
    camera = open_camera(camsim.load(name))
    scenes = torch.stack([scene(number) for number in range(3)])
    together = camera.shoot_together(scenes, 5, ["a", "b", "c"])
    for one, number, sample in zip(together, range(3), "abc", strict=True):
        np.testing.assert_array_equal(one, camera.shoot(scene(number), 5, sample))


def test_scenes_come_in_order_in_batches_of_one_size() -> None:
    samples = make_samples(CHUNK + 3)
    small = [s if i != 2 else type(s)(s.id, None, lambda: scene(2)[:, :20]) for i, s in enumerate(samples)]
    scenes = Scenes(small, 0)
    batches = list(scenes.batches())
    assert [len(ids) for ids, _ in batches] == [2, 1, CHUNK]
    assert [name for ids, _ in batches for name in ids] == [sample.id for sample in samples]
    camera = open_camera(device())
    shot = [picture for _, pictures in scenes.shoot(camera) for picture in pictures]
    np.testing.assert_array_equal(shot[2], camera.shoot(scene(2)[:, :20], 0, "002"))
    assert scenes.subset(["002"]).ids == ("002",)
    with pytest.raises(NoDataError):
        Scenes([], 0)


def test_the_objective_sees_the_true_picture() -> None:
    camera, seen = open_camera(device()), []

    def objective(images: Tensor, ids: tuple[str, ...]) -> Tensor:
        seen.append((images.detach(), ids))
        return images.mean()

    scenes = Scenes(make_samples(3), 0)
    knob_gradients(camera, scenes, ["sensor.exposure"], objective)
    ((images, ids),) = seen
    assert ids == ("000", "001", "002")
    shot = [camera.shoot(scene(number), 0, name) for number, name in enumerate(ids)]
    assert torch.equal(images, as_images(shot))


@pytest.mark.parametrize("choice", [(0, 0, 0), (1, 1, 0), (0, 2, 1)])
def test_gradients_agree_with_differences_of_the_true_pipeline(choice: tuple[int, ...]) -> None:
    """8-bit pictures make differences rough, and the straight-through gradient smooth: their directions agree."""
    space = MixedSpace(device(**CHOICES))
    cameras, scenes = Cameras(space), Scenes(make_samples(6), 0)
    start = space.carry(space.start(), choice)
    here = space.space(choice)
    weights = torch.randn(3, 24, 26, generator=torch.Generator().manual_seed(1))
    weights = torch.nn.functional.avg_pool2d(weights, 5, stride=1, padding=2)

    def objective(images: Tensor, ids: tuple[str, ...]) -> Tensor:
        across = (images[..., 1:] - images[..., :-1]).square().sum(dim=(1, 2, 3))
        return ((images * weights).sum(dim=(1, 2, 3)) + across).sum()

    def value(point: np.ndarray) -> float:
        shot = scenes.shoot(cameras.at(Setting(choice, point)))
        return sum(objective(as_images(pictures), ids).item() for ids, pictures in shot)

    slope = here.gradient(knob_gradients(cameras.at(start), scenes, list(here.low), objective))
    step = 0.05
    moves = np.eye(here.size) * step
    rough = np.array([(value(start.point + move) - value(start.point - move)) / (2 * step) for move in moves])
    cosine = slope @ rough / np.linalg.norm(slope) / np.linalg.norm(rough)
    assert cosine > 0.99
