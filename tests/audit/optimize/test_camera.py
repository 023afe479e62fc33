"""Gradients of the coordinates, and the camera that follows them."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

import camsim
from audit.data import Dataset
from audit.images import as_images
from audit.optimize.box import Box
from audit.optimize.camera import TunableCamera
from audit.search.scenes import Scenes
from camsim.errors import CamsimError

CAMERA = "seed/drone/parametrised"


def brightness(images: Tensor, ids: tuple[str, ...]) -> Tensor:
    return images.mean()


def measured(tuned: TunableCamera, scenes: Scenes, coordinates: Tensor) -> float:
    camera = tuned.compiled(coordinates)
    return float(sum(brightness(as_images(pictures), ids) for ids, pictures in scenes.shoot(camera)))


def test_the_gradient_is_that_of_differences_of_the_true_pictures(scenes: Dataset) -> None:
    """The mean of thousands of rounded pixels is smooth enough for it."""
    some = Scenes(scenes.samples[:8], seed=3)
    for limits in ("plausible", "physical"):
        tuned = TunableCamera(Box.of(camsim.load(CAMERA), "white_balance", limits), "x/y", "test")
        tuned.add_gradient(some, brightness)
        assert tuned.coordinates.grad is not None
        step = 0.1 * torch.eye(3, dtype=torch.float64)
        start = tuned.coordinates.detach()
        slopes = [(measured(tuned, some, start + by) - measured(tuned, some, start - by)) / 0.2 for by in step]
        np.testing.assert_allclose(tuned.coordinates.grad.numpy(), slopes, rtol=0.05)


def test_the_camera_follows_its_coordinates(scenes: Dataset) -> None:
    tuned = TunableCamera(Box.of(camsim.load(CAMERA)), "x/y", "test")
    with torch.no_grad():
        tuned.coordinates += 0.3 * torch.randn(243, dtype=torch.float64, generator=torch.Generator().manual_seed(2))
        tuned.project()
    compiled = tuned.compiled()
    scene = scenes.samples[1].load()
    assert compiled.profile.name == "x/y"
    turned = tuned.camera.shoot(scene, 1, "a").astype(int)
    assert np.abs(turned - compiled.shoot(scene, 1, "a")).max() <= 1  # a float32 knob before rounding
    assert np.abs(turned - tuned.compiled(tuned.box.start()).shoot(scene, 1, "a")).max() > 3


def test_a_gradient_of_nan_is_refused(scenes: Dataset) -> None:
    tuned = TunableCamera(Box.of(camsim.load(CAMERA), "gamma"), "x/y", "test")
    with pytest.raises(CamsimError, match=r"with regard to isp\.gamma\.gamma is NaN or infinite"):
        tuned.add_gradient(Scenes(scenes.samples[:1], seed=3), lambda images, ids: images.sum() * torch.nan)
