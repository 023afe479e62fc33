"""Colour matrix: its direction above all."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from pydantic import ValidationError

from camsim.isp import ColorMatrix, color_matrix


def test_the_first_row_makes_red() -> None:
    matrix = torch.tensor([[0.0, 1.0, 0.0], [0.0, 0.0, 1.0], [1.0, 0.0, 0.0]])
    red = torch.tensor([1.0, 0.0, 0.0])[None, :, None, None].expand(1, 3, 2, 2)
    assert color_matrix(red, matrix)[0, :, 0, 0].tolist() == [0.0, 0.0, 1.0]


def test_equals_numpy_pixel_by_pixel() -> None:
    rng = np.random.default_rng(1)
    rgb, matrix = rng.normal(size=(2, 3, 4, 5)), rng.normal(size=(3, 3))
    ours = color_matrix(torch.from_numpy(rgb), torch.from_numpy(matrix)).numpy()
    expected = (rgb.transpose(0, 2, 3, 1) @ matrix.T).transpose(0, 3, 1, 2)
    np.testing.assert_allclose(ours, expected, rtol=0, atol=1e-14)


@pytest.mark.parametrize("matrix", [[[1.0, 0.0, 0.0]], [[1.0, 0.0], [0.0, 1.0]], [[17.0, 0.0, 0.0]] * 3, 1.0])
def test_other_matrices_are_refused(matrix: object) -> None:
    with pytest.raises(ValidationError):
        ColorMatrix(matrix=matrix)
