"""Camera response: what the sensor's colour filters make of the scene's light."""

from __future__ import annotations

from typing import Annotated, Literal

import torch
from pydantic import Field
from torch import Tensor

from camsim.spec import Matrix3, Spec


def respond(scene: Tensor, matrix: Tensor) -> Tensor:
    """Scene light to camera RGB at every pixel: out = M · scene.

    Args:
        scene: (B, 3, H, W) linear light, sRGB primaries.
        matrix: (3, 3) row by row.

    Returns:
        (B, 3, H, W) camera RGB before white balance.
    """
    return torch.einsum("oc,...chw->...ohw", matrix, scene)


class MatrixResponse(Spec):
    """``{kind: matrix, matrix: [[..], [..], [..]]}``: linear sRGB to camera RGB."""

    kind: Literal["matrix"] = "matrix"
    matrix: Matrix3


class InverseIspResponse(Spec):
    """``{kind: inverse_isp}``: the inverse of this profile's own white balance and colour matrix.

    The camera then shows the scene's colours as they are, up to noise, clipping and filtering.
    """

    kind: Literal["inverse_isp"] = "inverse_isp"


Response = Annotated[MatrixResponse | InverseIspResponse, Field(discriminator="kind")]
