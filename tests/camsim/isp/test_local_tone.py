"""Local tone mapping."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from kornia.filters import guided_blur

from camsim.isp import LocalTone, tone_local
from camsim.isp.tone.reinhard import LUMINANCE


def mapped(rgb: torch.Tensor, radius: int = 3, **knobs: float) -> torch.Tensor:
    values = {"compression": 2.0, "detail": 1.0, "anchor": 1.0, "eps": 0.1, "floor": 1e-3} | knobs
    return tone_local(rgb, *(torch.tensor(value, dtype=rgb.dtype) for value in values.values()), radius=radius)


def scene(height: int = 20, width: int = 26) -> torch.Tensor:
    """Light over four decades."""
    random = torch.rand(2, 3, height, width, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    return 10 ** (4 * random - 3)


def test_equals_its_formula_with_kornias_guided_filter() -> None:
    rgb = scene()
    light = torch.log(
        (rgb * torch.tensor(LUMINANCE, dtype=rgb.dtype)[:, None, None]).sum(1, keepdim=True).hypot(rgb.new_tensor(0.01))
    )
    base = guided_blur(light, light, 7, 0.3)
    made = np.log(0.5) + (base - np.log(0.5)) / 3 + 1.4 * (light - base)
    ours = mapped(rgb, compression=3.0, detail=1.4, anchor=0.5, eps=0.3, floor=0.01)
    torch.testing.assert_close(ours, rgb * torch.exp(made - light), rtol=1e-12, atol=0)


def test_even_light_is_compressed_about_the_anchor() -> None:
    for level, expected in ((1.0, 1.0), (0.01, 0.1), (16.0, 4.0)):
        even = torch.full((1, 3, 9, 9), level, dtype=torch.float64)
        torch.testing.assert_close(mapped(even, floor=1e-5), torch.full_like(even, expected), rtol=1e-6, atol=0)


def test_colours_stay_and_range_shrinks_and_fine_contrast_does_not() -> None:
    bright = torch.where(torch.arange(60) < 30, 0.02, 2.0).double()
    fine = 1 + 0.1 * torch.sin(torch.arange(60, dtype=torch.float64) * 1.5)
    rgb = (bright * fine).expand(1, 3, 40, 60) * torch.tensor([1.0, 0.5, 0.25], dtype=torch.float64)[:, None, None]
    out = mapped(rgb, radius=4)
    torch.testing.assert_close(out[:, 1] / out[:, 0], rgb[:, 1] / rgb[:, 0])
    sides = [out[0, 0, 20, part] for part in (slice(4, 24), slice(36, 56))]
    assert 8 < sides[1].mean() / sides[0].mean() < 12  # of 100
    for side in sides:
        assert side.std() / side.mean() == pytest.approx(0.0707, rel=0.2)


def test_nothing_changes_with_compression_and_detail_1() -> None:
    rgb = scene()
    torch.testing.assert_close(mapped(rgb, compression=1.0), rgb)


def test_black_and_what_is_below_it_stay_finite_with_their_gradients() -> None:
    rgb = torch.linspace(-0.1, 0.1, 75, dtype=torch.float64).reshape(1, 3, 5, 5).requires_grad_()
    (gradient,) = torch.autograd.grad(mapped(rgb).sum(), rgb)
    assert torch.isfinite(gradient).all()
    assert (torch.sign(mapped(rgb)) == torch.sign(rgb)).all()


def test_bounds() -> None:
    with pytest.raises(ValueError, match=r"must lie in \[0.5, 10\], got 0"):
        LocalTone(compression=0.0)
    with pytest.raises(ValueError, match="radius"):
        LocalTone(compression=2.0, radius=65)
