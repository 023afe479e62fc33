"""A small classifier with gradients, and scenes on which cameras matter to it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

import camsim
from audit.data import Sample
from audit.models.gradient import NoGradient
from audit.search import Problem
from audit.task import ClassTask
from camsim import Profile, Range


class ToyModel:
    """Logits linear in the mean colour and the contrast between neighbours; with and without a graph."""

    name, sha256, classes = "toy", "0" * 64, None

    def __init__(self) -> None:
        generator = torch.Generator().manual_seed(5)
        self.weights = 12 * torch.randn(4, 5, generator=generator)

    def log_probabilities(self, images):  # type: ignore[no-untyped-def]
        if isinstance(images, Tensor):
            return (self._features(images) @ self.weights.T).log_softmax(dim=1)
        self.passes = getattr(self, "passes", 0) + len(images)
        planes = [torch.from_numpy(np.ascontiguousarray(image.transpose(2, 0, 1)))[None] / 255 for image in images]
        # One by one: a result does not depend on the others.
        return torch.cat([self.log_probabilities(plane) for plane in planes]).double().numpy()

    def describe(self) -> dict[str, object]:
        return {}

    @staticmethod
    def _features(images: Tensor) -> Tensor:
        across = (images[..., 1:] - images[..., :-1]).square().mean(dim=(1, 2, 3))
        down = (images[..., 1:, :] - images[..., :-1, :]).square().mean(dim=(1, 2, 3))
        colour = images.mean(dim=(2, 3)) - 0.45
        return torch.cat([colour, 20 * across[:, None], 20 * down[:, None]], dim=1)


class BrokenGradient:
    """Gradients that are NaN once a picture is bright."""

    def __init__(self, level: float) -> None:
        self.level, self.model = level, ToyModel()

    def log_probabilities(self, images: Tensor) -> Tensor:
        bright = images.detach().mean() > self.level
        log_p: Tensor = self.model.log_probabilities(images)
        return log_p + torch.where(bright, (images * 0).mean().sqrt() * 0, 0.0)


@cache
def scene(number: int) -> Tensor:
    generator = torch.Generator().manual_seed(number)
    coarse = torch.rand(1, 3, 5, 5, generator=generator)
    smooth = torch.nn.functional.interpolate(coarse, size=(24, 26), mode="bicubic")[0]
    return (0.4 * smooth + 0.1 * torch.rand(3, 24, 26, generator=generator)).clamp(0, 1)


def make_samples(count: int) -> list[Sample]:
    return [Sample(f"{number:03d}", None, lambda n=number: scene(n)) for number in range(count)]


def aims_of(model: ToyModel, profile: Profile, samples: Sequence[Sample]) -> dict[str, int]:
    """What the model says of the profile's own pictures."""
    from audit.camera import open_camera

    camera = open_camera(profile)
    pictures: list[NDArray[np.uint8]] = [camera.shoot(sample.load(), 0, sample.id) for sample in samples]
    log_p = model.log_probabilities(pictures)
    return {sample.id: int(row.argmax()) for sample, row in zip(samples, log_p, strict=True)}


DEVICE = camsim.load("phone/pixel-4a-imx363")


def device(**update: object) -> Profile:
    """The device of these tests, with a quick demosaic, and without choices unless they are given."""
    isp = [{"kind": "demosaic", "method": "malvar2004"} if s.kind == "demosaic" else s.model_dump() for s in DEVICE.isp]
    return Profile.model_validate(DEVICE.model_dump() | {"isp": isp, "choices": {}, "orders": ()} | update)


FEW = {"sensor.exposure": Range(relative=0.4).model_dump(), "isp.sharpen.amount": {"interval": [0.0, 1.8]}}

CHOICES = {
    "choices": {
        "isp.demosaic": [{"kind": "demosaic", "method": "bilinear"}],
        "isp.denoise": ["omit", {"kind": "denoise", "method": "median", "size": 3, "channels": "rgb"}],
    },
    "orders": [["isp.color_matrix", "isp.denoise"]],
}

MakeProblem = Callable[..., Problem]


@pytest.fixture
def make_problem() -> MakeProblem:
    """A problem around the toy model: ``gradient`` False for none, or an object that gives them."""

    def make(
        profile: Profile | None = None,
        *,
        samples: int = 10,
        gradient: object = True,
        budget: float = 40,
        **more: object,
    ) -> Problem:
        base = device() if profile is None else profile
        some, model = make_samples(samples), ToyModel()
        slopes = {True: model, False: NoGradient("operator Foo has none")}.get(gradient, gradient)  # type: ignore[call-overload]
        task = ClassTask(model, aims_of(model, base, some), slopes)
        return Problem(base, task, some, budget=budget, **more)  # type: ignore[arg-type]

    return make
