"""Camera response: what the sensor's colour filters make of the scene's light."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field
from torch import Tensor

from camsim.cfa import letters
from camsim.spec import Matrix3, Spec, Triple
from camsim.spectral.response import SpectralResponse


def respond(scene: Tensor, matrix: Tensor) -> Tensor:
    """Scene light to camera RGB at every pixel: out = M · scene.

    Args:
        scene: (B, 3, H, W) linear light, sRGB primaries.
        matrix: (3, 3) row by row; (N, 3) where a CFA sees other than red, green and blue.

    Returns:
        (B, 3, H, W), or (B, N, H, W): camera RGB before white balance.
    """
    return torch.einsum("oc,...chw->...ohw", matrix, scene)


class MatrixResponse(Spec):
    """``{kind: matrix, matrix: [[..], [..], [..]]}``: linear sRGB to camera RGB.

    ``clear`` and ``infrared`` are the rows of pixels without a filter (cfa mono, RCCB) and of infrared ones (RGB-IR). A
    scene has no infrared: its row says how much of it comes along with light of the three primaries, an assumption
    about the lamps. A sensor states the rows that its CFA has pixels for, and no others.
    """

    kind: Literal["matrix"] = "matrix"
    matrix: Matrix3 | None = None
    clear: Triple | None = None
    infrared: Triple | None = None

    def rows(self, cfa: str) -> NDArray[np.float64]:
        """(N, 3): a row for each of the CFA's `letters`."""
        colors = self.matrix or (None,) * 3
        known = dict(zip("RGBCI", (*colors, self.clear, self.infrared), strict=True))
        return np.array([known[letter] for letter in letters(cfa)], dtype=np.float64)


class InverseIspResponse(Spec):
    """``{kind: inverse_isp}``: the inverse of this profile's own white balance and colour matrix.

    The camera then shows the scene's colours as they are, up to noise, clipping and filtering. ``infrared`` as in
    `MatrixResponse`; the ``rgb_ir`` and ``rccb`` stages say what else their pixels see.
    """

    kind: Literal["inverse_isp"] = "inverse_isp"
    infrared: Triple | None = None


def response_problem(response: MatrixResponse | InverseIspResponse | SpectralResponse, cfa: str) -> str | None:
    """What is wrong with a response for a sensor of this CFA."""
    seen = letters(cfa)
    needed = {"matrix": bool(set(seen) & set("RGB")), "clear": "C" in seen, "infrared": "I" in seen}
    if isinstance(response, SpectralResponse):
        other = [name for name in ("clear", "infrared") if needed[name]]
        if other:
            return f"a spectral response says nothing of {other[0]} pixels ({cfa}); give {{kind: matrix, ...}} instead"
        return None
    if isinstance(response, InverseIspResponse):
        if not needed["matrix"]:
            return (
                f"{cfa} sees no colours that its ISP could be the inverse of; give what its pixels see of red, green "
                "and blue, such as {kind: matrix, clear: [0.2126, 0.7152, 0.0722]} for luminance"
            )
        needed = {"infrared": needed["infrared"]}
    for name, wanted in needed.items():
        if wanted and getattr(response, name) is None:
            colors = "red, green and blue" if name == "matrix" else name
            return f"{name} is missing, what the {colors} pixels of {cfa} see of linear sRGB"
        if not wanted and getattr(response, name) is not None:
            return f"{name} changes nothing: {cfa} has no such pixels; leave it out"
    return None


Response = Annotated[MatrixResponse | InverseIspResponse | SpectralResponse, Field(discriminator="kind")]
