"""Gradients of any task in a search: what is raised, against other ways to compute it, and what is refused."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from scipy.special import expit, log_softmax
from torch import Tensor, nn

from audit.camera import open_camera
from audit.data import Dataset, Sample
from audit.data.truth import ClassMap
from audit.models import TorchNetwork, open_network
from audit.models.gradient import NoGradient
from audit.models.torch_network import Origin
from audit.search.problem import Problem
from audit.searching.aims import Aims
from audit.searching.gradients import open_gradients, with_gradient
from audit.searching.marked import MarkedTask, judged_by
from audit.task import PixelTask
from audit.tasks.open import open_task
from camsim import Profile, catalog
from camsim.errors import CamsimError

SIDE = 24
DECLARED: dict[str, Any] = {
    "color": "RGB",
    "scale": 1 / 255,
    "mean": 0,
    "std": 1,
    "resize": "stretch",
    "input_size": [SIDE, SIDE],
    "task": "segmentation",
    "classes": ["ground", "dim", "bright"],
    "decoder": {"kind": "class_map", "holds": "logits"},
}


class Levels(nn.Module):
    """Scores of three levels of brightness, at half the size."""

    def __init__(self, dtype: torch.dtype = torch.float32) -> None:
        super().__init__()
        self.levels = nn.Parameter(torch.tensor([0.2, 0.5, 0.8], dtype=dtype), requires_grad=False)

    def forward(self, image: Tensor) -> Tensor:
        mean = nn.functional.avg_pool2d(image, 2).mean(dim=1, keepdim=True)
        return -60 * (mean - self.levels[None, :, None, None]) ** 2


class Steps(Levels):
    """The same in steps: no slope anywhere."""

    def forward(self, image: Tensor) -> Tensor:
        return super().forward(image).detach().round() + 0 * image.sum()


class Broken(Levels):
    """Its slope is NaN: the root of a number that is 0."""

    def forward(self, image: Tensor) -> Tensor:
        return super().forward(image) + (image - image).sum().clamp(min=0).sqrt()


class Whole(Levels):
    """Whole numbers."""

    def forward(self, image: Tensor) -> Tensor:
        return super().forward(image).round().long()


def scenes(count: int = 6) -> Dataset:
    """Three bars of different brightness, whose borders wander."""

    def classes(number: int) -> NDArray[np.int32]:
        columns = np.arange(SIDE)
        found = (columns >= 6 + number % 4).astype(np.int32) + (columns >= 15 + number % 5)
        found = np.broadcast_to(found, (SIDE, SIDE)).copy()
        found[0, 0] = -1
        return found.astype(np.int32)

    def scene(number: int) -> Tensor:
        light = torch.tensor([0.03, 0.2, 0.55])[torch.from_numpy(np.maximum(classes(number), 0)).long()]
        noise = torch.rand(3, SIDE, SIDE, generator=torch.Generator().manual_seed(number))
        return light[None] * (0.9 + 0.2 * noise)

    samples = tuple(Sample(f"s{n}", None, lambda n=n: scene(n), lambda n=n: ClassMap(classes(n))) for n in range(count))
    return Dataset("bars", samples, ("ground", "dim", "bright"), "2" * 64, "Bars.", "class_map")


def task_of(network: nn.Module, **declared: Any) -> tuple[MarkedTask, Dataset]:
    data = scenes()
    opened = open_task(open_network(network.eval(), overrides=DECLARED | declared), data)
    plain = judged_by(opened, data.samples, None)
    assert isinstance(plain, MarkedTask)
    return plain, data


def pictures(
    data: Dataset, device: str | Profile = "machine-vision/imx250"
) -> tuple[list[NDArray[np.uint8]], list[str]]:
    camera = open_camera(catalog.load(device) if isinstance(device, str) else device)
    return [camera.shoot(s.load(), 0, s.id) for s in data.samples], [s.id for s in data.samples]


def opened(task: MarkedTask, data: Dataset, device: str | Profile = "machine-vision/imx250") -> MarkedTask:
    shots, ids = pictures(data, device)
    found = with_gradient(task, open_gradients(task, shots[:2], ids[:2]))
    assert found.no_gradient is None, found.no_gradient
    return found


def test_it_is_the_loss_of_a_network_in_code() -> None:
    """`audit.task.PixelTask`, written by itself, says the same of the same network."""
    task, data = task_of(Levels())
    shots, ids = pictures(data)
    targets = {s.id: task.task.truth(s, (SIDE, SIDE)) for s in data.samples}

    def network(image: Tensor) -> Tensor:
        return nn.functional.interpolate(Levels()(image), (SIDE, SIDE), mode="bilinear")

    in_code = PixelTask(network, targets, ignore=-1)
    np.testing.assert_allclose(task.judge(shots, ids).losses, in_code.judge(shots, ids).losses, atol=1e-5)


def test_it_is_the_formula() -> None:
    """Pixel by pixel in numpy: the soft error, and the cross-entropy, of each class by itself."""
    task, data = task_of(Levels())
    shots, ids = pictures(data)
    entropy = judged_by(task.task, data.samples, None, "cross_entropy")
    for loss, log_loss, shot, sample in zip(
        task.judge(shots, ids).losses, entropy.judge(shots, ids).losses, shots, data.samples, strict=True
    ):
        truth = task.task.truth(sample, (SIDE, SIDE))
        image = torch.from_numpy(shot.transpose(2, 0, 1).copy())[None].float() / 255
        scores = nn.functional.interpolate(Levels()(image), (SIDE, SIDE), mode="bilinear")[0].double().numpy()
        errors, logs = [], []
        for label in range(3):
            rows, columns = np.nonzero(truth == label)
            own = scores[:, rows, columns]
            margins = own[label] - np.delete(own, label, axis=0).max(axis=0)
            errors.append(expit(-margins / 1.5).mean())
            logs.append(-log_softmax(own, axis=0)[label].mean())
        assert loss == pytest.approx(np.mean(errors), abs=1e-5)
        assert log_loss == pytest.approx(np.mean(logs), rel=1e-5)


def test_large_pictures_are_taken_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    task, data = task_of(Levels())
    task = opened(task, data)
    shots, ids = pictures(data)
    images = (torch.from_numpy(np.stack(shots)).permute(0, 3, 1, 2).float() / 255).requires_grad_()
    whole = task.losses(images, ids)
    (slope,) = torch.autograd.grad(whole.sum(), images)
    monkeypatch.setattr("audit.tasks.smooth.maps.BLOCK", 3 * SIDE * 5)
    parts = task.losses(images, ids)
    (same,) = torch.autograd.grad(parts.sum(), images)
    torch.testing.assert_close(parts, whole, rtol=0, atol=1e-7)
    torch.testing.assert_close(same, slope, rtol=1e-4, atol=1e-8)


@pytest.mark.parametrize("device", ["machine-vision/imx250", "phone/pixel-4a-imx363"])
def test_the_slope_along_a_knob_is_that_of_the_true_pipeline(device: str) -> None:
    """Straight through ADC and 8 bits, against differences wide enough that their rounding averages out."""
    profile = catalog.load(device)
    profile = Profile.model_validate(
        profile.model_dump() | {"search": {"sensor.exposure": {"relative": 0.5}}, "choices": {}, "orders": ()}
    )
    task, data = task_of(Levels())
    problem = Problem(profile, opened(task, data, profile), data.samples, budget=100, discrete=False)
    start = problem.space.start()
    _, slope = problem.value_and_gradient(start)
    step = 0.02
    up, down = (problem.value(replace(start, point=start.point + sign * step)) for sign in (1, -1))
    assert slope.size == 1
    assert slope[0] == pytest.approx((up - down) / (2 * step), rel=0.15)


def test_pictures_of_another_size_are_judged_in_the_pixels_of_their_scenes() -> None:
    task, data = task_of(Levels())
    task = opened(task, data)
    shots, ids = pictures(data)
    small = [shot[::2, ::2].copy() for shot in shots]
    judged = task.judge(small, ids, (SIDE, SIDE))
    images = torch.from_numpy(np.stack(small)).permute(0, 3, 1, 2).float() / 255
    np.testing.assert_allclose(task.losses(images, ids).numpy(), judged.losses, atol=1e-5)
    # Where nothing was judged before, the size is that of the sample's scene.
    anew = replace(task, shapes={})
    np.testing.assert_allclose(anew.losses(images, ids).numpy(), judged.losses, atol=1e-5)


@pytest.mark.parametrize(
    ("network", "declared", "reason"),
    [
        (Steps(), {}, "its gradient is zero everywhere"),
        (Broken(), {}, "NaN or infinity"),
        (Whole(), {}, "holds int64, which has no slope"),
    ],
    ids=["steps", "NaN", "whole numbers"],
)
def test_why_there_are_no_gradients(network: nn.Module, declared: dict[str, Any], reason: str) -> None:
    task, data = task_of(network, **declared)
    found = open_gradients(task, *(column[:2] for column in pictures(data)))
    assert isinstance(found, NoGradient)
    assert reason in found.reason
    assert "\n" not in found.reason
    unable = with_gradient(task, found)
    assert unable.no_gradient == found.reason
    with pytest.raises(CamsimError, match="there are no gradients"):
        unable.losses(torch.zeros(1, 3, SIDE, SIDE), ["s0"])


def test_a_function_has_no_gradients() -> None:
    data = scenes()
    network = TorchNetwork(lambda image: Levels()(image), "function", DECLARED, Origin(sha256="3" * 64))
    task = judged_by(open_task(network, data), data.samples, None)
    found = open_gradients(task, *(column[:1] for column in pictures(data)))
    assert isinstance(found, NoGradient)
    assert "make it an nn.Module" in found.reason


def test_a_decoder_in_torch_that_says_something_else_is_found_out() -> None:
    """Were the decoder changed and its form in torch forgotten, there would be no gradients, not wrong ones."""
    task, data = task_of(Levels())
    smooth = task.smooth

    class Other:
        names = smooth.names  # type: ignore[union-attr]
        calls = 0

        def __call__(self, *given: Any) -> Tensor:
            self.calls += 1
            return smooth(*given) + 0.01 * (self.calls % 2)  # type: ignore[operator,misc]

    found = open_gradients(replace(task, smooth=Other()), *(column[:1] for column in pictures(data)))
    assert isinstance(found, NoGradient)
    assert "parity check: the loss of 's0'" in found.reason


def test_losses_that_a_task_does_not_have_are_refused() -> None:
    task, data = task_of(Levels())
    camera = open_camera(catalog.load("reference/srgb"))
    assert Aims(task.task, camera, "cross_entropy").measure == "drop"
    assert Aims(task.task, camera, "disagreement").measure == "flips"
    indices = {"decoder": {"kind": "class_map", "holds": "indices"}}

    class Best(Levels):
        def forward(self, image: Tensor) -> Tensor:
            return super().forward(image).argmax(dim=1)

    blunt, _ = task_of(Best(), **indices)
    assert "they have no slope" in str(blunt.no_gradient)
    with pytest.raises(CamsimError, match="loss cross_entropy: is of classes; for semantic segmentation leave it out"):
        Aims(blunt.task, camera, "cross_entropy")
    with pytest.raises(CamsimError, match="semantic segmentation has none such; take soft_error"):
        judged_by(blunt.task, data.samples, None, "cross_entropy")
    # Judged it is all the same, by its marks.
    shots, ids = pictures(data)
    judged = blunt.judge(shots, ids)
    np.testing.assert_allclose(judged.losses, 1 - judged.scores)


def test_maps_of_another_size_than_the_truth_are_refused() -> None:
    task, data = task_of(Levels())
    wrong = replace(data.samples[0], truth=lambda: ClassMap(np.zeros((SIDE, SIDE), np.int32)))
    other = replace(task, samples={"s0": wrong}, answers={"s0": task.task.predict([np.zeros((8, 8, 3), np.uint8)])[0]})
    with pytest.raises(CamsimError, match="what it is compared with of"):
        other.judge(pictures(data)[0][:1], ["s0"])
