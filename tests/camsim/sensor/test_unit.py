"""Fixed patterns of a unit."""

from __future__ import annotations

import numpy as np
import torch
from scipy import stats

from camsim.sensor import fixed_pattern


def test_it_is_standard_normal_and_white() -> None:
    pattern = fixed_pattern(0, "prnu", 300, 301)[0, 0].double().numpy()
    assert stats.kstest(pattern.ravel(), "norm").pvalue > 0.001
    for axis in (0, 1):
        neighbours = np.corrcoef(pattern.ravel(), np.roll(pattern, 1, axis).ravel())[0, 1]
        assert abs(neighbours) < 4 / 300


def test_it_stays_where_the_frame_is_cut_at_the_right_or_below() -> None:
    whole = fixed_pattern(5, "dsnu", 40, 70)
    for height, width in ((40, 33), (7, 70), (2, 2), (13, 15)):
        assert torch.equal(fixed_pattern(5, "dsnu", height, width), whole[..., :height, :width])


def test_unit_and_effect_set_it() -> None:
    patterns = [fixed_pattern(unit, effect, 64, 64).ravel() for unit in (0, 1) for effect in ("prnu", "dsnu")]
    assert (torch.corrcoef(torch.stack(patterns)) - torch.eye(4)).abs().max() < 4.5 / 64


def test_it_is_fixed_for_good() -> None:
    """A new release must give the same device again."""
    expected = torch.tensor([2.0811307, 0.5288906, 0.9203889, 0.7890085])
    torch.testing.assert_close(fixed_pattern(3, "prnu", 2, 2).ravel(), expected, rtol=0, atol=1e-6)
