"""Gradients with respect to pictures: what is checked of any network's before they are used."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from audit.images import as_images
from audit.models.gradient_check import input_gradient, slope_difference, slope_problem
from audit.models.onnx_graph.straight import unrounded
from camsim.errors import CamsimError


def with_finite_gradient(images: Tensor) -> Tensor:
    """The same images. CamsimError on the way back, where their gradient holds NaN or infinity."""
    if images.requires_grad:
        images = images.view_as(images)  # a leaf would keep the hook
        images.register_hook(_check_finite)  # type: ignore[no-untyped-call]
    return images


def check_slopes(function: Callable[[Tensor], Tensor], picture: NDArray[np.uint8]) -> None:
    """Hold the gradient of a function of images (1, 3, H, W), in float64, against finite differences at a picture.

    Raises:
        CamsimError: it is another; see `slope_problem`.
    """
    # Away from limits and ties, which pictures of 8 bits are full of, and where slopes differ from side to side.
    noise = torch.randn(picture.shape, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    point = as_images([picture]).to(torch.float64) * 0.8 + 0.1 + 0.01 * noise.permute(2, 0, 1)[None]
    with unrounded():
        problem = slope_problem(slope_difference(function, point))
    if problem is not None:
        raise CamsimError(problem)


def check_usable(number: Callable[[Tensor], Tensor], probe: Sequence[NDArray[np.uint8]]) -> None:
    """Look at the gradient of a number as it is used, one picture at a time.

    Raises:
        CamsimError: it is not finite for one of them, or zero for all.
    """
    largest = 0.0
    for picture in probe:
        slopes = input_gradient(number, as_images([picture]))
        _check_finite(slopes)
        largest = max(largest, float(slopes.abs().max()))
    if largest == 0:
        raise CamsimError("gradient check: its gradient is zero everywhere on the probe pictures")


def _check_finite(gradient: Tensor) -> None:
    if not gradient.isfinite().all():
        raise CamsimError("the model's gradient holds NaN or infinity for one of the pictures")
