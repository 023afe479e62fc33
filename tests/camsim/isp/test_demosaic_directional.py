"""Hamilton-Adams and AHD: against loops over pixels, and LibRaw; what all methods share is in test_demosaic.py."""

from __future__ import annotations

import numpy as np
import pytest
import rawpy
import skimage.data
import torch
from numpy.typing import NDArray
from pydantic import ValidationError
from torch import Tensor

from camsim.cfa import BAYER, Bayer, mosaic
from camsim.isp import Ahd, HamiltonAdams, demosaic_ahd, demosaic_bilinear, demosaic_hamilton_adams
from camsim.isp.demosaic.ahd import SRGB_TO_XYZ, cielab

from .demosaicing import ahd, each_phase
from .libraw import developed

METHODS = {"hamilton_adams": demosaic_hamilton_adams, "ahd": ahd}
each_method = pytest.mark.parametrize("name", METHODS)


def photo(height: int, width: int) -> Tensor:
    """(1, 3, H, W) linear light of a photograph."""
    encoded = torch.from_numpy(skimage.data.coffee()[100 : 100 + height, 100 : 100 + width] / 255).permute(2, 0, 1)
    return 0.9 * ((encoded[None] + 0.055) / 1.055) ** 2.4


def by_hand(raw: NDArray[np.float64], cfa: str) -> NDArray[np.float64]:
    """Hamilton and Adams' patent, pixel by pixel: (H, W) -> (H, W, 3), the mirrored border included."""
    height, width = raw.shape
    pad = 4
    p = np.pad(raw, pad, mode="reflect")

    def color(y: int, x: int) -> str:
        return cfa[2 * (y % 2) + x % 2]

    def choose(values: tuple[float, float], slopes: tuple[float, float]) -> float:
        if slopes[0] == slopes[1]:
            return sum(values) / 2
        return values[int(slopes[1] < slopes[0])]

    green = p.copy()
    for y in range(2, height + 2 * pad - 2):
        for x in range(2, width + 2 * pad - 2):
            if color(y, x) == "G":
                continue
            values, slopes = [], []
            for dy, dx in ((0, 1), (1, 0)):
                near = p[y - dy, x - dx], p[y + dy, x + dx]
                far = 2 * p[y, x] - p[y - 2 * dy, x - 2 * dx] - p[y + 2 * dy, x + 2 * dx]
                values.append((near[0] + near[1]) / 2 + far / 4)
                slopes.append(abs(near[0] - near[1]) + abs(far))
            green[y, x] = choose((values[0], values[1]), (slopes[0], slopes[1]))
    out = np.stack([np.zeros_like(p), green, np.zeros_like(p)], axis=-1)
    for y in range(pad, height + pad):
        for x in range(pad, width + pad):
            for channel, name in ((0, "R"), (2, "B")):
                if color(y, x) == name:
                    out[y, x, channel] = p[y, x]
                    continue
                values, slopes = [], []
                for dy, dx in ((0, 1), (1, 0), (1, 1), (1, -1)):
                    if color(y + dy, x + dx) != name:
                        continue
                    near = p[y - dy, x - dx], p[y + dy, x + dx]
                    bend = 2 * green[y, x] - green[y - dy, x - dx] - green[y + dy, x + dx]
                    values.append((near[0] + near[1]) / 2 + bend / 2)
                    slopes.append(abs(near[0] - near[1]) + abs(bend))
                many = len(values) == 2
                out[y, x, channel] = choose((values[0], values[1]), (slopes[0], slopes[1])) if many else values[0]
    return out[pad:-pad, pad:-pad]


@each_phase
@pytest.mark.parametrize("size", [(16, 18), (13, 15)], ids=["16x18", "13x15"])
@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float64, 1e-12), (torch.float32, 1e-5)], ids=["f64", "f32"])
def test_hamilton_adams_equals_the_patents_formulas(
    cfa: Bayer, size: tuple[int, int], dtype: torch.dtype, tolerance: float
) -> None:
    raw = torch.rand(1, 1, *size, generator=torch.Generator().manual_seed(5), dtype=torch.float64)
    rgb = demosaic_hamilton_adams(raw.to(dtype), cfa)[0].permute(1, 2, 0)
    np.testing.assert_allclose(rgb.numpy(), by_hand(raw[0, 0].numpy(), cfa), rtol=0, atol=tolerance)


@each_phase
def test_hamilton_adams_takes_both_directions_where_they_tie(cfa: Bayer) -> None:
    """Whole numbers: many exact ties, and sums that no rounding touches."""
    raw = torch.randint(0, 4, (1, 1, 14, 17), generator=torch.Generator().manual_seed(6)).double()
    for dtype in (torch.float64, torch.float32):
        rgb = demosaic_hamilton_adams(raw.to(dtype), cfa)[0].permute(1, 2, 0)
        np.testing.assert_allclose(rgb.numpy(), by_hand(raw[0, 0].numpy(), cfa), rtol=0, atol=1e-5)


@each_phase
def test_ahd_is_that_of_libraw_inside(cfa: Bayer) -> None:
    """LibRaw computes in whole numbers, its CIELab in steps of 1/64: so some directions differ, not the candidates."""
    dn = (mosaic(photo(128, 192), cfa)[0, 0] * 65535).round()
    xyz_to_camera = np.linalg.inv(np.array(SRGB_TO_XYZ))
    theirs = developed(
        dn.numpy().astype(np.uint16), cfa, algorithm=rawpy.DemosaicAlgorithm.AHD, xyz_to_camera=xyz_to_camera
    )
    ours = ahd(dn[None, None] / 65535, cfa)[0].permute(1, 2, 0).clamp(0, 1).numpy()
    difference = np.abs(ours - theirs).max(-1)[8:-8, 8:-8]
    assert (difference <= 2 / 65535).mean() > 0.92
    assert np.percentile(difference, 99) < 0.02
    assert (ours - theirs)[8:-8, 8:-8].mean() < 1e-4
    other = demosaic_bilinear(dn[None, None] / 65535, cfa)[0].permute(1, 2, 0).numpy()
    assert (np.abs(other - theirs).max(-1)[8:-8, 8:-8] <= 2 / 65535).mean() < 0.1


def test_cielab_equals_colour_science() -> None:
    import colour

    rgb = torch.rand(2, 3, 5, 7, generator=torch.Generator().manual_seed(1), dtype=torch.float64) ** 4
    matrix = np.array(SRGB_TO_XYZ)
    xyz = np.einsum("oc,bchw->bhwo", matrix, rgb.numpy())
    white = colour.XYZ_to_xy(matrix.sum(1))
    expected = colour.XYZ_to_Lab(xyz, white)
    np.testing.assert_allclose(cielab(rgb, torch.tensor(matrix)).movedim(1, -1).numpy(), expected, atol=1e-4)


@each_method
@each_phase
def test_a_linear_ramp_is_reproduced_inside(name: str, cfa: Bayer) -> None:
    y, x = torch.meshgrid(torch.arange(23.0).double(), torch.arange(26.0).double(), indexing="ij")
    ramp = torch.stack([0.3 + 0.004 * x + 0.002 * y, 0.1 + 0.003 * x - 0.001 * y, 0.9 - 0.002 * x - 0.005 * y])[None]
    rgb = METHODS[name](mosaic(ramp, cfa), cfa)
    assert (rgb - ramp)[..., 6:-6, 6:-6].abs().max() < 1e-12


@each_method
def test_it_interpolates_along_an_edge_and_not_across_it(name: str) -> None:
    stripes = torch.zeros(1, 3, 32, 32, dtype=torch.float64)
    stripes[..., ::4, :] = 1
    stripes[..., 1::4, :] = 1
    for picture, cfa in [(stripes, "RGGB"), (stripes.mT, "GBRG")]:
        errors = [
            (method(mosaic(picture, cfa), cfa) - picture)[..., 12:-12, 12:-12].abs().mean()
            for method in (METHODS[name], demosaic_bilinear)
        ]
        assert errors[0] < 0.1 * errors[1]


@each_method
def test_a_photograph_is_nearer_than_by_bilinear_interpolation(name: str) -> None:
    picture = photo(64, 96)
    raw = mosaic(picture, "GRBG")
    errors = [(method(raw, "GRBG") - picture).square().mean() for method in (METHODS[name], demosaic_bilinear)]
    assert errors[0] < 0.8 * errors[1]


def test_the_colour_matrix_of_ahd_matters_and_its_scale_does_not() -> None:
    raw = mosaic(photo(64, 96), "RGGB")
    matrix = torch.tensor(SRGB_TO_XYZ, dtype=torch.float64)
    one, scaled, other = (demosaic_ahd(raw, "RGGB", m) for m in (matrix, 3 * matrix, matrix.flip(1)))
    assert (one - scaled).abs().max() == 0
    assert ((one - other).abs().amax(1) > 1e-6).double().mean() > 0.005


def test_specs() -> None:
    assert HamiltonAdams.tags() == ("demosaic", "hamilton_adams")
    assert Ahd.tags() == ("demosaic", "ahd")
    assert HamiltonAdams.cfas == Ahd.cfas == set(BAYER)
    with pytest.raises(ValidationError):
        Ahd(to_xyz=((1, 0, 0), (0, 1, 0)))
    with pytest.raises(ValidationError, match="XYZ of white"):
        Ahd(to_xyz=((1, 0, 0), (0, 1, 0), (0, 1, -1)))
