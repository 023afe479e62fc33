"""Y'CbCr against colour-science, libswscale and Pillow."""

from __future__ import annotations

from typing import Any, get_args

import colour
import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

import camsim
from camsim import Profile
from camsim.isp import ChromaSubsampling, chroma_subsampling
from camsim.isp.ycbcr import (
    Levels,
    Matrix,
    Siting,
    Subsampling,
    Upsampling,
    from_codes,
    rgb_to_ycbcr,
    subsample,
    to_codes,
    upsample,
    ycbcr_to_rgb,
)

STANDARDS = {"bt601": "ITU-R BT.601", "bt709": "ITU-R BT.709", "bt2020": "ITU-R BT.2020"}
WRITTEN: list[tuple[Matrix, Levels]] = [("bt601", "full"), ("bt709", "limited")]

each_matrix = pytest.mark.parametrize("matrix", STANDARDS)
each_range = pytest.mark.parametrize("levels", get_args(Levels))
each_bits = pytest.mark.parametrize("bits", [8, 10])
each_written = pytest.mark.parametrize(("matrix", "levels"), WRITTEN)
each_halving = pytest.mark.parametrize(("layout", "subsampling"), [("yuv420p", "4:2:0"), ("yuv422p", "4:2:2")])


def picture(batch: int = 2, height: int = 11, width: int = 14) -> Tensor:
    return torch.rand(batch, 3, height, width, generator=torch.Generator().manual_seed(1), dtype=torch.float64)


@each_matrix
@each_range
@each_bits
@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float64, 1e-14), (torch.float32, 1e-6)], ids=["f64", "f32"])
def test_codes_are_those_of_colour_science(
    matrix: Matrix, levels: Levels, bits: int, dtype: torch.dtype, tolerance: float
) -> None:
    rgb = picture()
    codes = to_codes(rgb_to_ycbcr(rgb.to(dtype), matrix), levels, bits).permute(0, 2, 3, 1)
    given: Any = {"K": colour.WEIGHTS_YCBCR[STANDARDS[matrix]], "in_bits": bits, "in_legal": False, "in_int": False}
    given |= {"out_bits": bits, "out_legal": levels == "limited"}
    whole = colour.RGB_to_YCbCr(rgb.permute(0, 2, 3, 1).numpy(), **given, out_int=True)
    assert np.abs(codes.numpy() - whole).max() < 0.5 + 1e-3
    theirs = colour.RGB_to_YCbCr(rgb.permute(0, 2, 3, 1).numpy(), **given, out_int=False)
    if levels == "full":
        theirs = theirs + np.array([0, 1, 1]) * 2 ** (bits - 1) / (2**bits - 1)  # there, 0 is no colour
    np.testing.assert_allclose(codes.numpy() / (2**bits - 1), theirs, rtol=0, atol=tolerance)
    back = ycbcr_to_rgb(from_codes(codes.permute(0, 3, 1, 2), levels, bits), matrix)
    assert (back - rgb).abs().max() < 10 * tolerance


def test_codes_of_jpeg_are_pillow_s() -> None:
    rgb = np.random.default_rng(2).integers(0, 256, (40, 50, 3), dtype=np.uint8)
    codes = to_codes(rgb_to_ycbcr(torch.from_numpy(rgb).permute(2, 0, 1)[None].double() / 255, "bt601"), "full", 8)
    theirs = np.asarray(Image.fromarray(rgb).convert("YCbCr"))
    assert np.abs(codes[0].permute(1, 2, 0).numpy().clip(0, 255) - theirs).max() < 1.02  # it cuts fractions off


@each_written
def test_codes_are_those_of_libswscale(golden: Any, matrix: Matrix, levels: Levels) -> None:
    arrays = golden("ycbcr")
    rgb = torch.from_numpy(arrays["rgb"]).permute(2, 0, 1)[None].double() / 255
    codes = to_codes(rgb_to_ycbcr(rgb, matrix), levels, 8)[0].numpy()
    # To full levels it cuts fractions off, to limited ones it rounds.
    off = codes - arrays[f"{matrix}_{levels}_444"]
    assert np.abs(off).max() < (1.04 if levels == "full" else 0.53)


@each_written
@each_halving
def test_halving_is_that_of_libswscale(
    golden: Any, matrix: Matrix, levels: Levels, layout: str, subsampling: Subsampling
) -> None:
    arrays = golden("ycbcr")
    rgb = torch.from_numpy(arrays["rgb"]).permute(2, 0, 1)[None].double() / 255
    codes = to_codes(rgb_to_ycbcr(rgb, matrix), levels, 8)
    ours = subsample(codes[:, 1:], subsampling, "center")[0].numpy()
    assert np.abs(ours - arrays[f"{matrix}_{levels}_{layout}_c"]).max() < (1.02 if levels == "full" else 0.53)


@each_written
@each_halving
@pytest.mark.parametrize("upsampling", get_args(Upsampling))
def test_the_way_back_is_that_of_libswscale(
    golden: Any, matrix: Matrix, levels: Levels, layout: str, subsampling: Subsampling, upsampling: Upsampling
) -> None:
    arrays = golden("ycbcr")
    prefix = f"{matrix}_{levels}_{layout}"
    luma, chroma = (torch.from_numpy(arrays[f"{prefix}_{part}"]).double() for part in "yc")
    codes = torch.cat([luma[None], upsample(chroma[None], subsampling, "center", upsampling)[0]])[None]
    ours = 255 * ycbcr_to_rgb(from_codes(codes, levels, 8), matrix)[0].permute(1, 2, 0).numpy()
    inside = (slice(2, -2), slice(2, -2))
    # Whole numbers there, so that half a level is all there may be between.
    assert np.abs(ours.clip(0, 255) - arrays[f"{prefix}_{upsampling}"])[inside].max() < 0.51


@pytest.mark.parametrize("siting", get_args(Siting))
@pytest.mark.parametrize("subsampling", ["4:2:0", "4:2:2"])
def test_a_ramp_of_colour_stays_in_its_place(siting: Siting, subsampling: Subsampling) -> None:
    """Writer and reader agree where the samples lie; a reader that does not shifts colour by half a pixel."""
    ramp = torch.linspace(0.3, 0.7, 32, dtype=torch.float64).expand(1, 1, 24, 32)
    rgb = torch.cat([ramp, 1 - ramp, ramp], dim=1)
    there = chroma_subsampling(rgb, "bt709", "full", None, subsampling, siting)
    assert (there - rgb)[..., 4:-4, 4:-4].abs().max() < 1e-12
    samples = subsample(ramp, subsampling, siting)
    shifted = upsample(samples, subsampling, "left" if siting == "center" else "center", "linear")
    slope = ramp[0, 0, 0, 1] - ramp[0, 0, 0, 0]
    assert (shifted - ramp)[..., 4:-4, 4:-4].abs().max() == pytest.approx(0.5 * float(slope))


@each_matrix
@pytest.mark.parametrize("subsampling", get_args(Subsampling))
@pytest.mark.parametrize("size", [(11, 14), (2, 3), (7, 5)], ids="{0[0]}x{0[1]}".format)
def test_greys_and_even_colours_stay(matrix: Matrix, subsampling: Subsampling, size: tuple[int, int]) -> None:
    grey = picture(1, *size)[:, :1].expand(-1, 3, -1, -1)
    even = torch.tensor([0.9, 0.1, 0.4], dtype=torch.float64)[None, :, None, None].expand(1, 3, *size)
    for rgb in (grey, even):
        there = chroma_subsampling(rgb, matrix, "limited", None, subsampling)
        assert (there - rgb).abs().max() < 1e-12


def test_4_4_4_without_rounding_changes_nothing_and_4_2_0_halves_colour_alone() -> None:
    rgb = picture(1, 12, 16)
    assert (chroma_subsampling(rgb, "bt709", "limited", None, "4:4:4") - rgb).abs().max() < 1e-12
    there = rgb_to_ycbcr(chroma_subsampling(rgb, "bt709", "full", None, "4:2:0", upsampling="nearest"), "bt709")
    before = rgb_to_ycbcr(rgb, "bt709")
    assert (there - before)[:, 0].abs().max() < 1e-12
    means = torch.nn.functional.avg_pool2d(before[:, 1:], 2).repeat_interleave(2, -1).repeat_interleave(2, -2)
    assert (there[:, 1:] - means).abs().max() < 1e-12


@each_bits
@each_range
def test_codes_are_whole_and_within_what_the_bits_hold(bits: int, levels: Levels) -> None:
    rgb = picture() * 1.4 - 0.2
    there = chroma_subsampling(rgb, "bt709", levels, bits, "4:4:4")
    codes = to_codes(rgb_to_ycbcr(there, "bt709"), levels, bits)
    assert (codes - codes.round()).abs().max() < 1e-9
    assert codes.min() >= -1e-9
    assert codes.max() <= 2**bits - 1 + 1e-9
    # Of a picture that the codes hold, each moves by half at most.
    inside = to_codes(rgb_to_ycbcr(picture(), "bt709"), "limited", bits)
    found = to_codes(
        rgb_to_ycbcr(chroma_subsampling(picture(), "bt709", "limited", bits, "4:4:4"), "bt709"), "limited", bits
    )
    assert (found - inside).abs().max() <= 0.5 + 1e-9


def test_the_gradient_goes_straight_through_the_rounding() -> None:
    rgb = picture(1, 6, 7)

    def there(rgb: Tensor, bits: int | None) -> Tensor:
        return chroma_subsampling(rgb, "bt709", "limited", bits, "4:2:0", "left")

    assert torch.autograd.gradcheck(lambda rgb: there(rgb, None), rgb.clone().requires_grad_())
    weights = torch.rand(rgb.shape, generator=torch.Generator().manual_seed(2), dtype=torch.float64)
    gradients = []
    for bits in (8, None):
        image = rgb.clone().requires_grad_()
        gradients += torch.autograd.grad((there(image, bits) * weights).sum(), image)
    assert (gradients[0] - gradients[1]).abs().max() < 1e-12
    assert (there(rgb, 8) - there(rgb, None)).abs().max() > 1e-3


def test_limited_levels_shown_as_full_ones() -> None:
    """The classic mistake: black becomes 16, white 235 of 255."""
    greys = torch.tensor([0.0, 0.5, 1.0], dtype=torch.float64)[None, None, None].expand(1, 3, 2, 3)
    shown = chroma_subsampling(greys, "bt709", "limited", 8, "4:2:0", decoded_levels="full")
    torch.testing.assert_close(255 * shown[0, :, 0], torch.tensor([16.0, 126.0, 235.0]).double().expand(3, 3))
    crushed = chroma_subsampling(greys, "bt709", "full", 8, "4:2:0", decoded_levels="limited")
    assert crushed[0, 0, 0].tolist() == pytest.approx([-16 / 219, (128 - 16) / 219, (255 - 16) / 219])


def test_the_wrong_matrix_shifts_hues() -> None:
    red = torch.tensor([0.8, 0.1, 0.1], dtype=torch.float64)[None, :, None, None].expand(1, 3, 4, 4)
    shown = chroma_subsampling(red, "bt601", "limited", None, "4:4:4", decoded_matrix="bt709")[0, :, 0, 0]
    theirs = colour.YCbCr_to_RGB(
        colour.RGB_to_YCbCr([0.8, 0.1, 0.1], K=colour.WEIGHTS_YCBCR["ITU-R BT.601"], out_legal=True),
        K=colour.WEIGHTS_YCBCR["ITU-R BT.709"],
        in_legal=True,
    )
    np.testing.assert_allclose(shown.numpy(), theirs, atol=1e-12)
    assert (shown - red[0, :, 0, 0]).abs().max() > 0.05


def test_a_search_may_take_the_mistake_for_the_right_reading() -> None:
    plain = camsim.load("machine-vision/imx250")
    right = ChromaSubsampling(matrix="bt709", range="limited", siting="left")
    wrong = ChromaSubsampling(matrix="bt709", range="limited", siting="left", decoded_range="full")
    profile = Profile.model_validate(
        plain.model_dump(exclude={"choices", "orders", "search"})
        | {"isp": [*plain.model_dump()["isp"], right.model_dump()]}
        | {"choices": {"isp.chroma_subsampling": [right.model_dump(), wrong.model_dump()]}}
    )
    mistaken = profile.with_choice({"isp.chroma_subsampling": wrong})
    with torch.no_grad():
        images = [camsim.compile(one)(torch.zeros(1, 3, 8, 8), seed=None) for one in (profile, mistaken)]
    assert images[0].abs().max() < 0.01
    assert (images[1] - 16 / 255).abs().max() < 0.01


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"subsampling": "4:1:1"}, "Input should be '4:4:4', '4:2:2' or '4:2:0'"),
        ({"matrix": "bt470"}, "Input should be 'bt601', 'bt709' or 'bt2020'"),
        ({"bits": 12}, "Input should be 8 or 10"),
        ({"range": "tv"}, "Input should be 'full' or 'limited'"),
    ],
)
def test_what_is_not_known_is_refused(given: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        ChromaSubsampling(**given)
