"""Scene light to camera RGB."""

from __future__ import annotations

import numpy as np
import torch

from camsim.sensor import respond


def test_equals_numpy_pixel_by_pixel() -> None:
    rng = np.random.default_rng(1)
    scene, matrix = rng.normal(size=(2, 3, 4, 5)), rng.normal(size=(3, 3))
    ours = respond(torch.from_numpy(scene), torch.from_numpy(matrix)).numpy()
    expected = (scene.transpose(0, 2, 3, 1) @ matrix.T).transpose(0, 3, 1, 2)
    np.testing.assert_allclose(ours, expected, rtol=0, atol=1e-14)


def test_gradients() -> None:
    scene = torch.rand(1, 3, 2, 3, dtype=torch.float64, requires_grad=True)
    matrix = torch.rand(3, 3, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(respond, (scene, matrix))
