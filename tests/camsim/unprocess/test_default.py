"""Display images back to light."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from camsim.isp import gamma_srgb
from camsim.unprocess import unprocess


@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float64, 1e-12), (torch.float32, 1e-6)], ids=["f64", "f32"])
def test_equals_colour_science(golden: Any, dtype: torch.dtype, tolerance: float) -> None:
    """But for 0.04045 itself, where the standard's curve bends: colour-science puts the bend at 12.92 * 0.0031308."""
    values, expected = golden("transfer")["v"], golden("transfer")["srgb_eotf"]
    either_way = (values > 12.92 * 0.0031308) & (values <= 0.04045)
    ours = unprocess(torch.from_numpy(values).to(dtype).expand(1, 3, 1, -1))[0, 2, 0].numpy()
    np.testing.assert_allclose(ours[~either_way], expected[~either_way], rtol=0, atol=tolerance)
    np.testing.assert_allclose(ours, expected, rtol=0, atol=max(tolerance, 1e-8))


def test_undoes_the_encoding_of_every_8_bit_value() -> None:
    codes = torch.arange(256).double().expand(1, 3, 1, 256) / 255
    assert (gamma_srgb(unprocess(codes)) - codes).abs().max() < 1e-7  # the standard's constants are rounded


@pytest.mark.parametrize(
    ("image", "message"),
    [
        (torch.zeros(3, 4, 4), "needs an image of shape"),
        (torch.zeros(1, 1, 4, 4), "needs an image of shape"),
        (torch.full((1, 3, 4, 4), 200.0), r"got \[200, 200\]; divide 8-bit values by 255"),
        (torch.full((1, 3, 4, 4), -0.1), r"in \[0, 1\]"),
        (torch.full((1, 3, 4, 4), torch.nan), r"in \[0, 1\]"),
    ],
    ids=["three dimensions", "grey", "8 bit", "negative", "NaN"],
)
def test_what_is_no_display_image_is_refused(image: torch.Tensor, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        unprocess(image)
