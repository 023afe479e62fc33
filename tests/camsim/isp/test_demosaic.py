"""What every way of demosaicing keeps to, in all four phases; three of them against colour-demosaicing."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from camsim.cfa import BAYER, Bayer, mosaic
from camsim.isp import demosaic_menon2007

from .demosaicing import DIRECTIONAL, LINEAR, METHODS, each_phase

each_method = pytest.mark.parametrize("name", METHODS)


@pytest.mark.parametrize("name", ["bilinear", "malvar2004", "menon2007"])
@each_phase
@pytest.mark.parametrize("frame", ["noise", "odd"], ids=["18x22", "15x17"])
@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float64, 1e-12), (torch.float32, 1e-5)], ids=["f64", "f32"])
def test_equals_colour_demosaicing_to_the_border(
    golden: Any, name: str, cfa: Bayer, frame: str, dtype: torch.dtype, tolerance: float
) -> None:
    arrays = golden("demosaic")
    raw = torch.from_numpy(arrays[f"{frame}_cfa"]).to(dtype)[None, None]
    rgb = METHODS[name](raw, cfa)[0].permute(1, 2, 0)
    assert rgb.dtype == dtype
    np.testing.assert_allclose(rgb.numpy(), arrays[f"{frame}_mirror__{name}__{cfa}"], rtol=0, atol=tolerance)


@each_method
@each_phase
@pytest.mark.parametrize("size", [(2, 2), (3, 5), (9, 4), (17, 24)], ids="{0[0]}x{0[1]}".format)
def test_an_even_colour_is_reproduced_to_the_border(name: str, cfa: Bayer, size: tuple[int, int]) -> None:
    rgb = torch.tensor([0.7, 0.2, 0.4])[None, :, None, None].expand(2, 3, *size)
    assert (METHODS[name](mosaic(rgb, cfa), cfa) - rgb).abs().max() < 1e-6


@each_method
@each_phase
def test_measured_values_are_kept(name: str, cfa: Bayer) -> None:
    raw = torch.rand(2, 1, 13, 18, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    assert (mosaic(METHODS[name](raw, cfa), cfa) - raw).abs().max() < 1e-12


@each_method
@each_phase
@pytest.mark.parametrize(("down", "right"), [(0, 1), (1, 0), (1, 1)])
def test_a_shifted_mosaic_of_the_matching_phase_is_the_shifted_picture(
    name: str, cfa: Bayer, down: int, right: int
) -> None:
    raw = torch.rand(1, 1, 40, 42, generator=torch.Generator().manual_seed(2), dtype=torch.float64)
    grid = np.array(list(cfa)).reshape(2, 2)
    shifted: Any = "".join(np.roll(grid, (-down, -right), (0, 1)).ravel())
    ours = METHODS[name](raw[..., down:, right:], shifted)
    expected = METHODS[name](raw, cfa)[..., down:, right:]
    assert (ours - expected)[..., 12:-12, 12:-12].abs().max() < 1e-12


@each_method
def test_the_phase_matters(name: str) -> None:
    raw = torch.rand(1, 1, 16, 16, generator=torch.Generator().manual_seed(3))
    pictures = [METHODS[name](raw, cfa) for cfa in BAYER]
    assert all((a - b).abs().max() > 0.1 for i, a in enumerate(pictures) for b in pictures[:i])


def test_menon_interpolates_along_an_edge_and_not_across_it() -> None:
    """Across two-pixel stripes the other methods interpolate black with white; a directional one far less."""
    stripes = torch.zeros(1, 3, 32, 32, dtype=torch.float64)
    stripes[..., ::4, :] = 1
    stripes[..., 1::4, :] = 1
    for picture, cfa in [(stripes, "RGGB"), (stripes.mT, "GBRG")]:
        false_colour = {
            name: (method(mosaic(picture, cfa), cfa) - picture)[..., 12:-12, 12:-12].abs().max().item()
            for name, method in {"menon2007": demosaic_menon2007, **LINEAR}.items()
        }
        assert false_colour.pop("menon2007") < 0.5 * min(false_colour.values())


@each_phase
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32], ids=["f64", "f32"])
def test_menon_takes_the_row_where_the_directions_tie(golden: Any, cfa: Bayer, dtype: torch.dtype) -> None:
    """Whole numbers from 0 to 5: many exact ties, which no rounding hides."""
    arrays = golden("demosaic")
    rgb = demosaic_menon2007(torch.from_numpy(arrays["ties_cfa"]).to(dtype)[None, None], cfa)[0].permute(1, 2, 0)
    np.testing.assert_allclose(rgb.numpy(), arrays[f"ties_mirror__menon2007__{cfa}"], rtol=0, atol=1e-5)


@pytest.mark.parametrize("name", DIRECTIONAL)
@pytest.mark.parametrize("bits", [8, 10, 12, 14])
def test_ties_are_decided_alike_in_both_precisions(name: str, bits: int) -> None:
    """Mosaics of few bits are full of ties, and linearisation rounds them: one way in float32, another in float64."""
    generator = torch.Generator().manual_seed(bits)
    dn = torch.randint(60, 120, (4, 1, 64, 64), generator=generator)
    black, white = 15.3, 2**bits - 1.0
    single, double = (
        DIRECTIONAL[name]((dn.to(t) - black) / (white - black), "RGGB") for t in (torch.float32, torch.float64)
    )
    assert (single - double).abs().max() < 1e-6
