"""Defect pixels: found in the picture, and listed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rawpy
import torch
from pydantic import ValidationError
from scipy import ndimage

from camsim.cfa import BAYER, RawFormat
from camsim.isp import DynamicDefectPixels, MappedDefectPixels, defect_pixels_dynamic, defect_pixels_map

from .libraw import developed

AROUND = np.array([[1, 1, 1], [1, 0, 1], [1, 1, 1]], dtype=bool)
each_replacement = pytest.mark.parametrize("replacement", ["median", "least_gradient"])


def noise(height: int, width: int, seed: int = 1) -> torch.Tensor:
    return torch.rand(2, 1, height, width, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def least_gradient(around: Any) -> float:
    """Of the 8 neighbours, row by row: the mean of the opposite two that differ least."""
    return float(min((abs(around[i] - around[7 - i]), (around[i] + around[7 - i]) / 2) for i in range(4))[1])


@pytest.mark.parametrize("size", [(18, 22), (15, 17)], ids=["18x22", "15x17"])
@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float64, 1e-15), (torch.float32, 1e-6)], ids=["f64", "f32"])
@each_replacement
def test_equals_scipy_on_each_plane_of_the_cell(
    size: tuple[int, int], dtype: torch.dtype, tolerance: float, replacement: Any
) -> None:
    """Inside: at the border scipy mirrors each plane, camsim the mosaic."""
    raw = noise(*size)
    ours = defect_pixels_dynamic(raw.to(dtype), 0.05, replacement)
    function = np.median if replacement == "median" else least_gradient
    changed = 0.0
    for y, x in ((0, 0), (0, 1), (1, 0), (1, 1)):
        for sample in range(2):
            plane = raw[sample, 0, y::2, x::2].numpy()
            least, greatest = (
                ndimage.generic_filter(plane, f, footprint=AROUND, mode="mirror") for f in (np.min, np.max)
            )
            fill = ndimage.generic_filter(plane, function, footprint=AROUND, mode="mirror")
            defect = np.maximum(plane - greatest, least - plane) > 0.05
            expected = np.where(defect, fill, plane)
            found = ours[sample, 0, y::2, x::2].numpy()
            np.testing.assert_allclose(found[1:-1, 1:-1], expected[1:-1, 1:-1], rtol=0, atol=tolerance)
            changed += defect[1:-1, 1:-1].mean() / 8
    assert changed > 0.05


def ramp(height: int = 20, width: int = 23) -> torch.Tensor:
    """A slope of its own for each site of the cell."""
    y, x = torch.meshgrid(torch.arange(height).double(), torch.arange(width).double(), indexing="ij")
    site = 2 * (y % 2) + x % 2
    return (0.2 + 0.01 * (1 + site) * x / 4 + 0.02 * y / (1 + site))[None, None]


@each_replacement
def test_linear_gradients_stay_whatever_the_threshold(replacement: Any) -> None:
    """Inside: at the border the mirror makes a corner of them."""
    inside = (..., slice(2, -2), slice(2, -2))
    assert torch.equal(defect_pixels_dynamic(ramp(), 1e-9, replacement)[inside], ramp()[inside])


@each_replacement
@pytest.mark.parametrize("value", [1.0, 0.0], ids=["hot", "dead"])
@pytest.mark.parametrize("place", [(10, 10), (10, 11), (11, 10), (11, 11), (0, 0), (19, 8), (7, 22)], ids=str)
def test_a_single_defect_is_removed_exactly(replacement: Any, value: float, place: tuple[int, int]) -> None:
    clean = ramp()
    spoilt = clean.clone()
    spoilt[..., place[0], place[1]] = value
    error = (defect_pixels_dynamic(spoilt, 0.1, replacement) - clean).abs()
    inside = 2 <= place[0] < 18 and 2 <= place[1] < 21
    assert error.max() < (1e-12 if inside else 0.11)  # at the border a ramp is bent by the mirror
    error[..., place[0], place[1]] = 0
    assert error.max() == 0


def test_a_defect_in_the_second_row_is_its_own_mirrored_neighbour() -> None:
    spoilt = ramp()
    spoilt[..., 1, 8] = 1.0
    assert torch.equal(defect_pixels_dynamic(spoilt, 0.1), spoilt)


def test_what_stands_out_less_than_the_threshold_and_lines_stay() -> None:
    picture = torch.full((1, 1, 16, 16), 0.5)
    picture[..., 8, 8] = 0.59
    picture[..., 12, :] = 1.0
    assert torch.equal(defect_pixels_dynamic(picture, 0.1), picture)


def test_the_gradient_goes_to_what_was_taken() -> None:
    raw = ramp().requires_grad_()
    spoilt = raw + 0.7 * torch.nn.functional.one_hot(torch.tensor(11 * 23 + 12), 20 * 23).reshape(20, 23)
    (gradient,) = torch.autograd.grad(defect_pixels_dynamic(spoilt, 0.1)[..., 11, 12].sum(), raw)
    assert gradient[..., 11, 12] == 0
    assert gradient.sum() == pytest.approx(1)
    assert (gradient > 0).sum() == 2  # the median of eight is a mean of two


def test_without_colours_the_nearest_pixels_are_the_neighbours() -> None:
    stage = DynamicDefectPixels().build(RawFormat("mono", (0,) * 4, (1,) * 4, 1))
    picture = torch.full((1, 1, 9, 9), 0.5)
    picture[..., 4, 4] = 1
    picture[..., 4, 6] = 1  # two apart: of a Bayer mosaic they would vouch for each other
    assert (stage(picture) == 0.5).all()
    assert "x-trans" not in (DynamicDefectPixels.cfas or ())


@pytest.mark.parametrize("cfa", BAYER)
def test_listed_pixels_are_those_of_libraw(cfa: str, tmp_path: Path) -> None:
    """Seen through its bilinear interpolation, which keeps measured values; places far enough from each other."""
    places = [(8, 8), (8, 15), (15, 8), (15, 15), (22, 23), (23, 30)]
    dn = torch.randint(2000, 60000, (32, 40), generator=torch.Generator().manual_seed(3))
    table = tmp_path / "bad.txt"
    table.write_text("".join(f"{x} {y} 0\n" for y, x in places), encoding="ascii")
    theirs = developed(dn.numpy().astype(np.uint16), cfa, algorithm=rawpy.DemosaicAlgorithm.LINEAR, bad_pixels=table)
    ours = defect_pixels_map(dn[None, None].double() / 65535, cfa, torch.tensor(places))
    for y, x in places:
        channel = "RGB".index(cfa[2 * (y % 2) + x % 2])
        assert ours[0, 0, y, x].item() == pytest.approx(theirs[y, x, channel], abs=1.01 / 65535)
        assert abs(ours[0, 0, y, x] - dn[y, x] / 65535) > 0.01


def test_listed_pixels_beside_each_other_do_not_count_and_others_stay() -> None:
    raw = ramp()
    spoilt = raw.clone()
    places = torch.tensor([[10, 10], [10, 12], [11, 11], [300, 2]])
    for y, x in places[:3].tolist():
        spoilt[..., y, x] = 7.0
    out = defect_pixels_map(spoilt, "RGGB", places)
    assert out.max() < 1
    out[..., places[:3, 0], places[:3, 1]] = raw[..., places[:3, 0], places[:3, 1]]
    assert torch.equal(out, raw)


@pytest.mark.parametrize("cfa", ["RGGB", "quad-RGGB", "x-trans", "mono", "RGB-IR", "RCCB"])
def test_listed_pixels_of_an_even_colour_are_exact_for_every_cfa(cfa: str) -> None:
    from camsim.cfa import color_masks, letters

    planes = color_masks(cfa, 21, 22, like=torch.zeros(1, dtype=torch.float64), colors=letters(cfa))
    raw = (planes * torch.tensor([0.7, 0.2, 0.4, 0.9, 0.1][: len(planes)], dtype=torch.float64)[:, None, None]).sum(0)
    spoilt = raw.clone()[None, None]
    places = [(y, x) for y in range(4, 16, 3) for x in range(3, 18, 5)]
    for y, x in places:
        spoilt[..., y, x] = 5
    out = defect_pixels_map(spoilt, cfa, torch.tensor(places))[0, 0]
    assert (out - raw).abs().max() < 1e-12


@pytest.mark.parametrize("threshold", [0.0, -1.0, 1.5])
def test_other_thresholds_are_refused(threshold: float) -> None:
    with pytest.raises(ValidationError):
        DynamicDefectPixels(threshold=threshold)


@pytest.mark.parametrize(
    ("pixels", "message"),
    [([], "at least 1"), ([[1, 2], [3, 4], [1, 2]], r"names the pixel \[1, 2\] twice"), ([[-1, 2]], "greater than")],
)
def test_other_lists_are_refused(pixels: Any, message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        MappedDefectPixels(pixels=pixels)


def test_specs() -> None:
    assert DynamicDefectPixels.tags() == ("defect_pixel_correction", "dynamic")
    assert MappedDefectPixels.tags() == ("defect_pixel_correction", "map")
