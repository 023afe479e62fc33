"""The mirror border."""

from __future__ import annotations

import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from camsim.border import mirror_pad


@settings(deadline=None, derandomize=True)
@given(height=st.integers(1, 9), width=st.integers(1, 9), pad=st.integers(0, 25))
def test_equals_numpys_reflect(height: int, width: int, pad: int) -> None:
    image = np.arange(2.0 * height * width).reshape(2, 1, height, width)
    expected = np.pad(image, ((0, 0), (0, 0), (pad, pad), (pad, pad)), mode="reflect")
    np.testing.assert_array_equal(mirror_pad(torch.from_numpy(image), pad).numpy(), expected)


def test_gradients() -> None:
    for size in (2, 5):  # by way of an index, and by way of torch's own padding
        image = torch.rand(1, 1, size, size, dtype=torch.float64, requires_grad=True)
        assert torch.autograd.gradcheck(lambda x: mirror_pad(x, 3), (image,))
