"""Green equalisation."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from pydantic import ValidationError

from camsim.cfa import BAYER, Bayer, color_masks, mosaic
from camsim.isp import GreenEqualization, demosaic_bilinear, green_equalization

WHOLE = torch.tensor(1.0, dtype=torch.float64)
each_phase = pytest.mark.parametrize("cfa", BAYER)


def of_blue_rows(cfa: Bayer, height: int, width: int) -> torch.Tensor:
    """(H, W): where the greens that are corrected lie."""
    red, green, _ = color_masks(cfa, height, width, like=WHOLE) > 0
    return green & ~red.any(-1, keepdim=True)


def by_hand(raw: NDArray[np.float64], cfa: Bayer, threshold: float) -> NDArray[np.float64]:
    """The published formula pixel by pixel, of the inside."""
    out = raw.copy()
    height, width = raw.shape
    for y, x in np.argwhere(of_blue_rows(cfa, height, width).numpy()):
        if not (2 <= y < height - 2 and 2 <= x < width - 2):
            continue
        other = [raw[y - 1, x - 1], raw[y - 1, x + 1], raw[y + 1, x - 1], raw[y + 1, x + 1]]
        own = [raw[y - 2, x], raw[y + 2, x], raw[y, x - 2], raw[y, x + 2]]
        uneven = [sum(abs(a - b) for i, a in enumerate(four) for b in four[:i]) / 6 for four in (other, own)]
        first, second = sum(other) / 4, sum(own) / 4
        if first > 0 and second > 0 and first / second < 2 and raw[y, x] < 0.95 and max(uneven) < threshold:
            out[y, x] = raw[y, x] * first / second
    return out


@each_phase
@pytest.mark.parametrize("size", [(18, 22), (15, 17)], ids=["18x22", "15x17"])
@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float64, 1e-14), (torch.float32, 1e-6)], ids=["f64", "f32"])
def test_equals_the_formula(cfa: Bayer, size: tuple[int, int], dtype: torch.dtype, tolerance: float) -> None:
    raw = torch.rand(1, 1, *size, generator=torch.Generator().manual_seed(4), dtype=torch.float64) * 1.1 - 0.05
    ours = green_equalization(raw.to(dtype), cfa, WHOLE.to(dtype), 0.45)[0, 0].numpy()
    expected = by_hand(raw[0, 0].numpy(), cfa, 0.45)
    np.testing.assert_allclose(ours[2:-2, 2:-2], expected[2:-2, 2:-2], rtol=0, atol=tolerance)
    changed = (expected != raw[0, 0].numpy()).sum() / of_blue_rows(cfa, *size).sum()
    assert 0.1 < changed < 0.9


@each_phase
@pytest.mark.parametrize("size", [(16, 18), (13, 17)], ids=["16x18", "13x17"])
def test_an_imbalance_is_removed_to_the_border(cfa: Bayer, size: tuple[int, int]) -> None:
    even = mosaic(torch.tensor([0.7, 0.2, 0.4]).double()[None, :, None, None].expand(1, 3, *size), cfa)
    uneven = torch.where(of_blue_rows(cfa, *size), 1.05 * even, even)
    out = green_equalization(uneven, cfa, WHOLE, 0.01)
    assert (out - even).abs().max() < 1e-15
    half = green_equalization(uneven, cfa, WHOLE / 2, 0.01)
    torch.testing.assert_close(half, (uneven + even) / 2)
    maze = [demosaic_bilinear(raw, cfa)[:, 1].std() for raw in (uneven, out)]
    assert maze[1] < 1e-12 < 1e-3 < maze[0]


@each_phase
def test_linear_gradients_stay(cfa: Bayer) -> None:
    y, x = torch.meshgrid(torch.arange(20).double(), torch.arange(23).double(), indexing="ij")
    ramp = (0.2 + 0.004 * x + 0.003 * y)[None, None]
    assert (green_equalization(ramp, cfa, WHOLE, 0.1) - ramp)[..., 2:-2, 2:-2].abs().max() < 1e-14


@each_phase
def test_red_blue_edges_and_what_is_saturated_stay(cfa: Bayer) -> None:
    raw = torch.full((1, 1, 16, 24), 0.4, dtype=torch.float64)
    raw[..., 12:] = 0.8
    imbalanced = torch.where(of_blue_rows(cfa, 16, 24), 1.04 * raw, raw)
    out = green_equalization(imbalanced, cfa, WHOLE, 0.01)
    columns = (out != imbalanced)[0, 0].any(0)
    assert columns[:9].any()
    assert not columns[10:14].any()  # beside the edge
    greens = color_masks(cfa, 16, 24, like=raw)[1] > 0
    assert torch.equal(out[..., ~greens], imbalanced[..., ~greens])
    assert torch.equal(green_equalization(2.4 * imbalanced, cfa, WHOLE, 0.5)[..., 14:], 2.4 * imbalanced[..., 14:])


def test_black_has_a_gradient() -> None:
    raw = torch.zeros(1, 1, 8, 8, dtype=torch.float64, requires_grad=True)
    (gradient,) = torch.autograd.grad(green_equalization(raw, "RGGB", WHOLE, 0.01).sum(), raw)
    assert (gradient == 1).all()


@pytest.mark.parametrize("given", [{"amount": 1.5}, {"threshold": 0.0}, {"threshold": 2.0}, {"strength": 1.0}])
def test_other_settings_are_refused(given: dict[str, float]) -> None:
    with pytest.raises(ValidationError):
        GreenEqualization(**given)


def test_spec() -> None:
    assert GreenEqualization.tags() == ("green_equalization",)
    assert GreenEqualization.cfas == set(BAYER)
