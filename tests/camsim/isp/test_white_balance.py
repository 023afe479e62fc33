"""White balance."""

from __future__ import annotations

import pytest
import torch
from pydantic import ValidationError

from camsim.isp import WhiteBalance, white_balance


def test_each_channel_has_its_gain_and_nothing_is_clipped() -> None:
    rgb = torch.rand(2, 3, 4, 5, dtype=torch.float64)
    out = white_balance(rgb, torch.tensor([-0.6567, 1.9673, 3.5304], dtype=torch.float64))
    for channel, gain in enumerate([-0.6567, 1.9673, 3.5304]):
        torch.testing.assert_close(out[:, channel], rgb[:, channel] * gain, rtol=0, atol=0)


@pytest.mark.parametrize("gains", [[2.0, 1.0], [2.0, 1.0, 1.0, 1.0], [2.0, 17.0, 1.0], ["2", 1.0, 1.0], 2.0])
def test_other_gains_are_refused(gains: object) -> None:
    with pytest.raises(ValidationError):
        WhiteBalance(gains=gains)
