"""Stages for colour filter arrays other than Bayer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import rawpy
import skimage.data
import torch
from numpy.typing import NDArray
from scipy.ndimage import convolve
from torch import Tensor

from camsim.cfa import RawFormat, cell, color_masks, flipped, letters, mosaic, phases, shifted
from camsim.isp import (
    Bin,
    Rccb,
    bin_quads,
    demosaic_malvar2004,
    demosaic_menon2007,
    demosaic_mono,
    demosaic_rccb,
    demosaic_x_trans,
    quad_remosaic,
    rgb_ir,
)
from camsim.isp.quad_remosaic import remosaiced
from camsim.isp.rgb_ir import without_infrared

from .libraw import WHITE, developed

ONE = torch.ones(3, dtype=torch.float64)
BALANCE = torch.tensor([1.9, 1.0, 1.6], dtype=torch.float64)
CROSSTALK = torch.tensor([0.9, 0.5, 0.6], dtype=torch.float64)
CLEAR = torch.tensor([0.3, 0.6, 0.2], dtype=torch.float64)

Method = Callable[[Tensor, str], Tensor]
METHODS: dict[str, tuple[Method, Callable[[str], str | None]]] = {
    "x-trans": (lambda raw, cfa: demosaic_x_trans(raw, cfa, BALANCE), lambda cfa: None),
    "quad-RGGB": (lambda raw, cfa: quad_remosaic(raw, cfa, BALANCE), remosaiced),
    "RGB-IR": (lambda raw, cfa: rgb_ir(raw, cfa, CROSSTALK, BALANCE), without_infrared),
    "RCCB": (lambda raw, cfa: demosaic_rccb(raw, cfa, CLEAR), lambda cfa: None),
}
"""By array: what is made of its mosaics, and of which array the result is; None: it is RGB."""
STEPS = [(0, 1), (1, 0), (3, 5)]
EVERY = [(name, cfa) for name in METHODS for cfa in sorted(phases(name))]
each_phase = pytest.mark.parametrize(("name", "cfa"), EVERY, ids=[cfa for _, cfa in EVERY])


def seen(rgb: Tensor, cfa: str) -> Tensor:
    """(B, 3, H, W) -> (B, N, H, W): what each kind of pixel sees; infrared is a plane of its own."""
    planes = dict(zip("RGB", rgb.unbind(1), strict=True))
    planes["C"] = sum(part * plane for part, plane in zip(CLEAR, rgb.unbind(1), strict=True))
    planes["I"] = 0.3 + 0.2 * torch.sin(torch.arange(rgb.shape[-1], dtype=rgb.dtype)) * torch.ones_like(planes["R"])
    if "I" in letters(cfa):
        planes["I"] = torch.full_like(planes["I"], 0.4)  # even: interpolation is not what is looked at
        for part, color in zip(CROSSTALK, "RGB", strict=True):
            planes[color] = planes[color] + part * planes["I"]
    return torch.stack([planes[letter] for letter in letters(cfa)], dim=1)


def wanted(rgb: Tensor, target: str | None) -> Tensor:
    return rgb if target is None else mosaic(rgb, target)


def noise(height: int, width: int, seed: int) -> Tensor:
    return torch.rand(1, 1, height, width, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@each_phase
@pytest.mark.parametrize("size", [(6, 6), (7, 9), (13, 8)], ids="{0[0]}x{0[1]}".format)
def test_an_even_colour_is_reproduced_to_the_border(name: str, cfa: str, size: tuple[int, int]) -> None:
    method, target = METHODS[name]
    rgb = torch.tensor([0.7, 0.2, 0.4], dtype=torch.float64)[None, :, None, None].expand(2, 3, *size)
    assert (method(mosaic(seen(rgb, cfa), cfa), cfa) - wanted(rgb, target(cfa))).abs().max() < 1e-12


def same_target(name: str, before: str, after: str, down: int, right: int) -> bool:
    """Whether the result is of the array that the shift makes of that before it. A quad-Bayer cell is twice as large as
    the Bayer cell, so which one is made of it is a convention of its name."""
    made = METHODS[name][1]
    target = made(before)
    return target is None or made(after) == shifted(target, down, right)


SHIFTS = [
    (name, cfa, down, right)
    for name, cfa in EVERY
    for down, right in STEPS
    if same_target(name, cfa, shifted(cfa, down, right), down, right)
]


@pytest.mark.parametrize(("name", "cfa", "down", "right"), SHIFTS)
def test_a_shifted_mosaic_of_the_matching_phase_is_the_shifted_picture(
    name: str, cfa: str, down: int, right: int
) -> None:
    method, _ = METHODS[name]
    raw = noise(40, 42, 2)
    ours = method(raw[..., down:, right:], shifted(cfa, down, right))
    assert (ours - method(raw, cfa)[..., down:, right:])[..., 12:-12, 12:-12].abs().max() < 1e-12


@each_phase
def test_a_flipped_mosaic_of_the_matching_phase_is_the_flipped_picture(name: str, cfa: str) -> None:
    method, _ = METHODS[name]
    raw = noise(17, 22, 3)
    for axis, turn in ((-2, "upside_down"), (-1, "left_right")):
        target, after = METHODS[name][1](cfa), flipped(cfa, 17, 22, **{turn: True})
        if target is not None and METHODS[name][1](after) != flipped(target, 17, 22, **{turn: True}):
            continue  # another Bayer array is made of it
        ours = method(raw.flip(axis), after)
        expected = method(raw, cfa).flip(axis)
        assert (ours - expected)[..., 8:-8, 8:-8].abs().max() < 1e-12


@each_phase
def test_the_phase_matters(name: str, cfa: str) -> None:
    method, _ = METHODS[name]
    raw = noise(18, 18, 4)
    others = [method(raw, other) for other in phases(name) - {cfa}]
    assert all((method(raw, cfa) - other).abs().max() > 0.1 for other in others)


@pytest.mark.parametrize("cfa", sorted(phases("x-trans")))
def test_x_trans_keeps_what_was_measured(cfa: str) -> None:
    raw = noise(20, 23, 5)
    assert (mosaic(demosaic_x_trans(raw, cfa, BALANCE), cfa) - raw).abs().max() < 1e-12


@pytest.mark.parametrize("cfa", sorted(phases("quad-RGGB")))
def test_a_remosaic_keeps_what_was_measured_in_the_right_colour(cfa: str) -> None:
    raw = noise(21, 18, 6)
    like = torch.ones(1, dtype=torch.float64)
    same = (color_masks(cfa, 21, 18, like=like) * color_masks(remosaiced(cfa), 21, 18, like=like)).sum(0) > 0
    assert same.double().mean() == pytest.approx(3 / 8, abs=0.03)
    assert (quad_remosaic(raw, cfa, BALANCE) - raw)[0, 0][same].abs().max() < 1e-12


def photograph() -> Tensor:
    """(1, 3, 512, 512)"""
    return torch.from_numpy(skimage.data.astronaut().astype(np.float64) / 255).permute(2, 0, 1)[None]


def psnr(image: Tensor, truth: Tensor) -> float:
    return float(-10 * torch.log10((image - truth)[..., 16:-16, 16:-16].square().mean()))


def distance_weighted(raw: Tensor, cfa: str) -> Tensor:
    """Each colour by itself, weighted by distance: what bilinear interpolation is on irregular places."""
    taps = np.outer([1, 2, 3, 2, 1], [1, 2, 3, 2, 1])
    values, planes = raw[0, 0].numpy(), []
    for mask in color_masks(cfa, *raw.shape[-2:], like=raw).numpy():
        own = convolve(values * mask, taps, mode="mirror") / convolve(mask, taps, mode="mirror")
        planes.append(np.where(mask > 0, values, own))
    return torch.from_numpy(np.stack(planes))[None]


def test_x_trans_is_better_than_each_colour_by_itself_and_as_good_as_libraw() -> None:
    """LibRaw's best is Markesteijn's three-pass method. Measured: 28.84 dB each by itself, 35.95 dB ours, 35.86 dB
    LibRaw's."""
    picture = photograph()
    raw16 = (mosaic(picture, "x-trans")[0, 0] * WHITE).round()
    raw = (raw16 / WHITE)[None, None]
    ours = psnr(demosaic_x_trans(raw, "x-trans", ONE), picture)
    libraw = developed(
        raw16.numpy().astype(np.uint16), "x-trans", algorithm=rawpy.DemosaicAlgorithm.AHD, xyz_to_camera=np.eye(3)
    )
    theirs = psnr(torch.from_numpy(libraw).permute(2, 0, 1)[None], picture)
    assert ours > psnr(distance_weighted(raw, "x-trans"), picture) + 6
    assert ours > theirs - 0.1
    assert theirs > 34  # it was read as what it is


def test_x_trans_needs_the_white_balance() -> None:
    """In raw camera RGB grey edges have colour differences; told the gains, it is as good as on a balanced mosaic.
    Measured: 34.1 and 30.0 dB."""
    picture, gains = photograph()[..., 150:400, 150:400], BALANCE[:, None, None]
    raw = mosaic(picture / gains, "x-trans")
    told = psnr(gains * demosaic_x_trans(raw, "x-trans", BALANCE), picture)
    untold = psnr(gains * demosaic_x_trans(raw, "x-trans", ONE), picture)
    assert told > untold + 3
    assert told == pytest.approx(psnr(demosaic_x_trans(mosaic(picture, "x-trans"), "x-trans", ONE), picture), abs=1e-9)


def test_x_trans_interpolates_along_edges_and_not_across() -> None:
    """A blend of directions, so edges at all four are kept; one estimate for all directions blurs each of them."""
    y, x = torch.meshgrid(torch.arange(48.0), torch.arange(48.0), indexing="ij")
    for phase in (y, x, (y + x) / 2**0.5, (y - x) / 2**0.5):
        edges = torch.sigmoid(4 * torch.sin(2 * torch.pi * phase / 5)).double()[None, None].expand(1, 3, -1, -1)
        raw = mosaic(edges, "x-trans")
        assert psnr(demosaic_x_trans(raw, "x-trans", ONE), edges) > psnr(distance_weighted(raw, "x-trans"), edges) + 8


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_x_trans_on_a_black_and_on_a_huge_frame(dtype: torch.dtype) -> None:
    assert demosaic_x_trans(torch.zeros(1, 1, 8, 8, dtype=dtype), "x-trans", ONE.to(dtype)).abs().max() == 0
    huge = demosaic_x_trans(1e6 * noise(12, 12, 7).to(dtype), "x-trans", ONE.to(dtype))
    assert torch.isfinite(huge).all()


def test_a_remosaiced_photograph_lies_between_binned_and_bayer() -> None:
    """Measured, with menon2007: 28.8 dB binned and enlarged, 31.5 dB remosaiced, 35.8 dB Bayer."""
    picture = photograph()
    remosaic = quad_remosaic(mosaic(picture, "quad-RGGB"), "quad-RGGB", ONE)
    binned = demosaic_menon2007(bin_quads(mosaic(picture, "quad-RGGB")), "RGGB")
    enlarged = torch.nn.functional.interpolate(binned, scale_factor=2, mode="bicubic")
    ours = psnr(demosaic_menon2007(remosaic, "RGGB"), picture)
    assert psnr(enlarged, picture) + 2 < ours < psnr(demosaic_menon2007(mosaic(picture, "RGGB"), "RGGB"), picture)


@pytest.mark.parametrize("size", [(8, 12), (9, 13), (2, 3)], ids="{0[0]}x{0[1]}".format)
def test_binning_equals_scikit_image(size: tuple[int, int]) -> None:
    from skimage.measure import block_reduce

    raw = noise(*size, 8)
    whole: NDArray[Any] = raw[0, 0, : size[0] // 2 * 2, : size[1] // 2 * 2].numpy()
    for mode, reduce in (("mean", np.mean), ("sum", np.sum)):
        ours = bin_quads(raw, mode)  # type: ignore[arg-type]
        np.testing.assert_allclose(ours[0, 0].numpy(), block_reduce(whole, 2, reduce), rtol=0, atol=1e-14)


@pytest.mark.parametrize("name", ["RGGB", "BGGR", "GRBG", "GBRG"])
def test_a_binned_mosaic_is_the_bayer_mosaic_of_the_smaller_picture(name: str) -> None:
    small = torch.rand(1, 3, 5, 7, generator=torch.Generator().manual_seed(9), dtype=torch.float64)
    large = small.repeat_interleave(2, -1).repeat_interleave(2, -2)
    assert (bin_quads(mosaic(large, f"quad-{name}")) - mosaic(small, name)).abs().max() < 1e-15


def test_levels_of_binned_digital_numbers() -> None:
    raw = RawFormat("quad-GRBG", (60.0, 62.0, 64.0, 66.0), (1000.0, 1010.0, 1020.0, 1030.0), 1023.0)
    mean, total = (Bin(mode=mode).gives_format(raw) for mode in ("mean", "sum"))  # type: ignore[arg-type]
    assert (mean.cfa, mean.black, mean.white, mean.full_scale) == ("GRBG", (63.0,) * 4, (1015.0,) * 4, 1023.0)
    assert (total.cfa, total.black, total.white, total.full_scale) == ("GRBG", (252.0,) * 4, (4060.0,) * 4, 4092.0)


def test_infrared_that_leaks_is_taken_out() -> None:
    """Even infrared does not show, however much of it; and without crosstalk only its pixels see it."""
    rgb = photograph()[..., 100:140, 200:248]
    dark = torch.cat([rgb, torch.zeros_like(rgb[:, :1])], dim=1)
    lit = torch.cat([rgb + 0.7 * CROSSTALK[:, None, None], torch.full_like(rgb[:, :1], 0.7)], dim=1)
    for cfa in phases("RGB-IR"):
        ours, expected = (rgb_ir(mosaic(planes, cfa), cfa, CROSSTALK, BALANCE) for planes in (lit, dark))
        assert (ours - expected).abs().max() < 1e-12
        assert (rgb_ir(mosaic(lit, cfa), cfa, 0 * CROSSTALK, BALANCE) - expected).abs().max() > 0.3


def test_infrared_that_changes_over_the_frame_is_interpolated() -> None:
    y, x = torch.meshgrid(torch.linspace(0, 1, 60), torch.linspace(0, 1, 64), indexing="ij")
    infrared = (0.3 + 0.2 * torch.sin(5 * x) * torch.cos(4 * y)).double()[None, None]
    planes = torch.cat([0.5 + infrared * CROSSTALK[:, None, None], infrared], dim=1)
    found = rgb_ir(mosaic(planes, "RGB-IR"), "RGB-IR", CROSSTALK, ONE)
    assert (found - 0.5).abs()[..., 4:-4, 4:-4].max() < 2e-3


def test_rccb_interpolates_clear_as_malvar_does_green() -> None:
    raw = noise(17, 20, 10)
    like_bayer = demosaic_malvar2004(raw, "GRBG")
    found = demosaic_rccb(raw, "CRBC", CLEAR)
    assert torch.equal(found[:, ::2], like_bayer[:, ::2])
    clear = (CLEAR[:, None, None] * found).sum(1)
    assert (clear - like_bayer[:, 1]).abs().max() < 1e-12


def test_rccb_needs_green_in_clear() -> None:
    with pytest.raises(ValueError, match=r"clear\[1\], green's part, must be at least 0.001, got 0"):
        Rccb(clear=(0.5, 0.0, 0.5))


def test_a_monochrome_mosaic_is_three_times_itself() -> None:
    raw = noise(5, 7, 11)
    assert torch.equal(demosaic_mono(raw), torch.cat([raw, raw, raw], dim=1))
    assert cell("mono") == ("C",)


@pytest.mark.parametrize(
    ("work", "side"),
    [
        (lambda raw: demosaic_x_trans(raw, "x-trans", ONE), 6),
        (lambda raw: quad_remosaic(raw, "quad-RGGB", ONE), 4),
        (lambda raw: rgb_ir(raw, "RGB-IR", CROSSTALK, ONE), 4),
    ],
    ids=["x-trans", "quad", "RGB-IR"],
)
def test_frames_smaller_than_a_cell_are_refused(work: Callable[[Tensor], Tensor], side: int) -> None:
    with pytest.raises(ValueError, match=f"at least {side}x{side} pixels, got {side - 1}x9"):
        work(torch.zeros(1, 1, side - 1, 9, dtype=torch.float64))
