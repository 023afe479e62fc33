"""Clipping where the chain says so."""

from __future__ import annotations

import pytest
import torch
from pydantic import ValidationError

from camsim.isp import Clip, clip


def test_values_and_gradient() -> None:
    x = torch.tensor([-0.5, 0.0, 0.25, 1.0, 1.5], requires_grad=True)
    y = clip(x, 0.0, 1.0)
    y.sum().backward()
    assert y.tolist() == [0.0, 0.0, 0.25, 1.0, 1.0]
    assert x.grad is not None
    assert x.grad.tolist() == [0.0, 1.0, 1.0, 1.0, 0.0]


@pytest.mark.parametrize(("low", "high"), [(1.0, 1.0), (1.0, 0.0)])
def test_limits_the_wrong_way_round_are_refused(low: float, high: float) -> None:
    with pytest.raises(ValidationError, match="low must be less than high"):
        Clip(low=low, high=high)
