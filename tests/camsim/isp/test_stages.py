"""What every ISP stage must do, whatever it is: gradients, declared form, batches, precision, crops."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from pydantic import TypeAdapter
from torch import Tensor
from torch.func import functional_call, vmap

import camsim.isp
from camsim.cfa import RawFormat, color_masks, period
from camsim.isp import (
    AcesTone,
    AdditiveLayer,
    AffineColorMatrix,
    Ahd,
    BilateralDenoise,
    Bilinear,
    Bin,
    BlackLevel,
    BlendHighlights,
    Bt709Gamma,
    CctBalance,
    CctCurve,
    ChromaSubsampling,
    ClaheTone,
    Clip,
    ClipHighlights,
    ColorMatrix,
    CurveGamma,
    DynamicDefectPixels,
    FftDenoise,
    FilmicTone,
    GaussianDenoise,
    GreenEqualization,
    GreyWorld,
    GridLensShading,
    GuidedDenoise,
    HableTone,
    HalfSize,
    HamiltonAdams,
    Hue,
    InterpolatedColorMatrix,
    Jpeg,
    KernelDenoise,
    KernelSharpen,
    Linearize,
    LocalTone,
    Lut3d,
    Malvar2004,
    MappedDefectPixels,
    MedianDenoise,
    Menon2007,
    Mono,
    Neural,
    NlmDenoise,
    OpposedHighlights,
    PowerGamma,
    QuadRemosaic,
    RadialLensShading,
    Rccb,
    ReinhardTone,
    Resize,
    RgbIr,
    RootPolynomialColorMatrix,
    Saturation,
    ShadesOfGrey,
    SharpeningFilter,
    SplineTone,
    SrgbGamma,
    TvBregmanDenoise,
    TvChambolleDenoise,
    UnclipHighlights,
    UnsharpMask,
    UnsharpMaskThreshold,
    WaveletDenoise,
    WhiteBalance,
    WhitePatch,
    XTrans,
)
from camsim.isp.cube import pack
from camsim.isp.packed import pack_numbers
from camsim.profile_file import stage_classes
from camsim.spec import Stage, StageSpec
from camsim.yamlio import dump, parse

RAW = RawFormat("GBRG", black=(1.0, 1.25, 1.5, 0.75), white=(9.0, 9.5, 8.5, 10.0), full_scale=12.0)

RAMP: Any = torch.linspace(-0.1, 0.26, 25).reshape(5, 5).tolist()

SHADE: Any = torch.linspace(1.0, 1.9, 12).reshape(3, 4).tolist()

LOOK: Any = {
    "size": 4,
    "low": (-0.05, 0.0, 0.05),
    "high": (1.05, 1.1, 1.0),
    "table": pack(np.random.default_rng(3).random((4, 4, 4, 3), dtype=np.float32)),
}

CURVE: Any = {"temperatures": (2500, 4000, 6500), "red": (1.7, 1.1, 0.7), "blue": (0.6, 1.0, 1.3)}

NETWORK = pack_numbers(np.random.default_rng(4).normal(0, 0.2, 4 * 28 + 4 * 37 + 3 * 37).astype(np.float32))
"""Weights and biases of three layers of four features."""

EXAMPLES: dict[str, StageSpec] = {
    "linearize": Linearize(given=(0.5, 3.0, 7.0, 12.0), linear=(0.0, 3.0, 15.0, 60.0)),
    "black_level": BlackLevel(),
    "black_level, not normalised": BlackLevel(level=(0.5, 1.0, 1.5, 2.0), normalize=False),
    "dynamic, median": DynamicDefectPixels(threshold=0.02),
    "dynamic, least_gradient": DynamicDefectPixels(threshold=0.02, replacement="least_gradient"),
    "map": MappedDefectPixels(pixels=((1, 1), (2, 4), (4, 4), (4, 6), (3, 2), (3, 3), (6, 9))),
    "green_equalization": GreenEqualization(amount=0.8, threshold=0.5),
    "radial, of each colour": RadialLensShading(
        coefficients=((0.3, 0.1, -0.1), (0.2, 0.1, 0.05), (0.4, 0.0, 0.1)), center=(0.4, 0.55)
    ),
    "radial, falloff": RadialLensShading(law="falloff", coefficients=(-0.4, 0.05)),
    "grid, corners": GridLensShading(
        cct=2950,
        temperatures=(2850, 3000, 3100),
        gains=tuple(
            tuple(((1.4 + c, 1.2, 1.5), (1.1, 1.0 - t, 1.3)) for c in (0.3, 0.0, 0.1)) for t in (0.1, 0.0, -0.1)
        ),
    ),
    "grid, cells": GridLensShading(
        cct=3000, temperatures=(2950, 3100), points="cells", gains=((SHADE,), (SHADE[::-1],))
    ),
    "ahd": Ahd(),
    "bilinear": Bilinear(),
    "hamilton_adams": HamiltonAdams(),
    "half_size": HalfSize(),
    "mono": Mono(),
    "rccb": Rccb(clear=(0.3, 0.6, 0.2)),
    "x_trans": XTrans(balance=(1.9, 1.0, 1.6)),
    "bin, mean": Bin(),
    "bin, sum": Bin(mode="sum"),
    "quad_remosaic": QuadRemosaic(balance=(1.9, 1.0, 1.6)),
    "rgb_ir": RgbIr(crosstalk=(0.9, 0.5, 0.6), balance=(1.9, 1.0, 1.6)),
    "malvar2004": Malvar2004(),
    "menon2007": Menon2007(),
    "white_balance": WhiteBalance(gains=(-0.7, 1.0, 1.9)),
    "cct": CctBalance(cct=5000, **CURVE),
    "cct_curve": CctCurve(**CURVE),
    "grey_world": GreyWorld(),
    "shades_of_grey": ShadesOfGrey(p=3.0),
    "white_patch": WhitePatch(),
    "highlights, clip": ClipHighlights(saturation=(1.1, 0.7, 0.9)),
    "highlights, unclip": UnclipHighlights(saturation=(1.1, 0.7, 0.9)),
    "highlights, blend": BlendHighlights(saturation=(1.1, 0.7, 0.9)),
    "highlights, opposed": OpposedHighlights(saturation=(0.6, 0.4, 0.5)),
    "color_matrix": ColorMatrix(matrix=((1.5, -0.3, -0.2), (-0.2, 1.7, -0.5), (0.0, -0.3, 1.3))),
    "affine": AffineColorMatrix(matrix=((1.5, -0.3, -0.2, 0.01), (-0.2, 1.7, -0.5, -0.02), (0.0, -0.3, 1.3, 0.03))),
    "interpolated": InterpolatedColorMatrix(
        cct=4000,
        temperatures=(2850, 5000, 6500),
        matrices=tuple(((1.5 + t, -0.3, -0.2 - t), (-0.2, 1.7, -0.5), (0.0, -0.3, 1.3)) for t in (1.3, 0.4, 0.0)),
    ),
    "root_polynomial": RootPolynomialColorMatrix(
        matrix=((1.3, -0.3, -0.2, 0.2, 0.1, -0.1), (-0.2, 1.5, -0.5, 0.3, -0.2, 0.1), (0.0, -0.3, 1.1, 0.1, 0.2, -0.1))
    ),
    "reinhard, luminance": ReinhardTone(white=1.2, exposure=1.5),
    "reinhard, rgb": ReinhardTone(white=0.7, channels="rgb"),
    "hable": HableTone(),
    "aces": AcesTone(exposure=0.6),
    "filmic": FilmicTone(exposure=0.9),
    "spline": SplineTone(x=(0.0, 0.15, 0.55, 0.95), y=(0.02, 0.3, 0.8, 1.0)),
    "local": LocalTone(compression=2.0, detail=1.3, anchor=0.7, eps=0.2, floor=0.1, radius=2),
    "clahe, luma": ClaheTone(clip_limit=2.3, grid=(3, 2), bins=8),
    "clahe, rgb": ClaheTone(clip_limit=1.7, grid=(2, 2), bins=11, channels="rgb"),
    "neural": Neural(features=4, weights=NETWORK, strength=0.8),
    "saturation": Saturation(factor=1.4),
    "hue": Hue(angle=25.0),
    "lut3d, trilinear": Lut3d(**LOOK, interpolation="trilinear"),
    "lut3d, tetrahedral": Lut3d(**LOOK, strength=0.8),
    "resize, bilinear, scale": Resize(scale=0.75),
    "resize, bicubic without antialias": Resize(size=(9, 7), interpolation="bicubic", antialias=False),
    "resize, area": Resize(scale=0.6, interpolation="area"),
    "resize, lanczos": Resize(scale=1.5, interpolation="lanczos"),
    "sharpening_filter, luma": SharpeningFilter(),
    "sharpening_filter, rgb": SharpeningFilter(channels="rgb"),
    "unsharp_mask, luma": UnsharpMask(radius=0.6, amount=0.8),
    "unsharp_mask, rgb, vertical": UnsharpMask(radius=0.6, amount=0.8, axis="vertical", channels="rgb"),
    "unsharp_mask_threshold, luma": UnsharpMaskThreshold(radius=0.6, amount=1.5, threshold=0.03),
    "unsharp_mask_threshold, rgb": UnsharpMaskThreshold(radius=0.7, amount=0.8, threshold=0.05, channels="rgb"),
    "gaussian, luma": GaussianDenoise(sigma=0.5),
    "gaussian, rgb": GaussianDenoise(sigma=0.7, channels="rgb"),
    "median 3, luma": MedianDenoise(size=3),
    "median 5, rgb": MedianDenoise(size=5, channels="rgb"),
    "bilateral, luma": BilateralDenoise(sigma_spatial=0.7, sigma_range=0.2),
    "bilateral, rgb": BilateralDenoise(sigma_spatial=0.5, sigma_range=0.3, channels="rgb"),
    "gaussian, chroma": GaussianDenoise(sigma=0.6, channels="chroma"),
    "median 3, chroma": MedianDenoise(size=3, channels="chroma"),
    "bilateral, chroma": BilateralDenoise(sigma_spatial=0.6, sigma_range=0.2, channels="chroma"),
    "nlm, luma": NlmDenoise(h=0.3, sigma=0.05, patch=3, search=2),
    "nlm, rgb": NlmDenoise(h=0.4, sigma=0.1, patch=5, search=1, channels="rgb"),
    "guided, luma": GuidedDenoise(radius=2, eps=0.02),
    "guided, chroma by luma": GuidedDenoise(radius=1, eps=0.05, guide="luma", channels="chroma"),
    "wavelet, haar, luma": WaveletDenoise(threshold=0.1, levels=3),
    "wavelet, db2, chroma": WaveletDenoise(threshold=0.07, wavelet="db2", levels=2, channels="chroma"),
    "tv_chambolle, luma": TvChambolleDenoise(weight=0.1, iterations=8),
    "tv_chambolle, rgb": TvChambolleDenoise(weight=0.2, iterations=3, channels="rgb"),
    "tv_bregman, isotropic, luma": TvBregmanDenoise(weight=8.0, iterations=4),
    "tv_bregman, rgb": TvBregmanDenoise(weight=5.0, iterations=3, isotropic=False, channels="rgb"),
    "fft, luma": FftDenoise(keep=0.3),
    "fft, horizontal, wrapped, chroma": FftDenoise(keep=0.25, direction="horizontal", border="wrap", channels="chroma"),
    "kernel 3x3, luma": KernelSharpen(kernel=((0.1, -1, 0.2), (-0.9, 4.5, -1.2), (0.3, -0.8, 0))),
    "kernel 5x5, rgb": KernelDenoise(kernel=RAMP, channels="rgb"),
    "clip": Clip(low=0.2, high=0.7),
    "power": PowerGamma(gamma=2.2),
    "srgb": SrgbGamma(),
    "bt709": Bt709Gamma(),
    "curve": CurveGamma(samples=(0.0, 0.5, 0.7, 0.9, 0.95, 1.0)),
    "chroma_subsampling, 4:2:0": ChromaSubsampling(),
    "chroma_subsampling, 4:2:2, limited": ChromaSubsampling(
        subsampling="4:2:2", matrix="bt709", range="limited", siting="left", upsampling="nearest"
    ),
    "jpeg, 4:2:0": Jpeg(quality=85.0),
    "jpeg, 4:4:4, smooth": Jpeg(quality=75.5, subsampling="4:4:4", rounding="smooth"),
    "additive_layer": AdditiveLayer(offsets=tuple(tuple((0.1 * c, 0.2 - y, 0.3) for y in range(2)) for c in range(3))),
}
HELPERS = {
    "auto_gains",
    "cell_filter",
    "cokriging",
    "coring",
    "correlate",
    "cube",
    "frame_gain",
    "gaussian_kernel",
    "guided_filter",
    "kernel_path",
    "luma",
    "neighbours",
    "network_file",
    "odd",
    "order",
    "packed",
    "quantization",
    "rounding",
    "taps",
    "total_variation",
    "white_curve",
    "ycbcr",
}
"""Modules of camsim/isp that are not stages."""
REACH = 12
"""Pixels within which any stage looks around itself."""

STRAIGHT_THROUGH = (ChromaSubsampling, Jpeg)
"""Stages that round: their gradient is by design not that of what they compute; their own tests check it."""

each_stage = pytest.mark.parametrize("spec", EXAMPLES.values(), ids=EXAMPLES)
SAME_SIZE = {name: spec for name, spec in EXAMPLES.items() if not spec.changes_size()}
each_stage_of_one_size = pytest.mark.parametrize("spec", SAME_SIZE.values(), ids=SAME_SIZE)
ANYWHERE = {name: spec for name, spec in SAME_SIZE.items() if not spec.depends_on_place and spec.form != "global"}
each_stage_anywhere = pytest.mark.parametrize("spec", ANYWHERE.values(), ids=ANYWHERE)


def raw_of(spec: StageSpec) -> RawFormat:
    """`RAW`, or a format like it with a CFA that the stage takes."""
    return RAW if spec.cfas is None or RAW.cfa in spec.cfas else replace(RAW, cfa=min(spec.cfas))


def cell_of(spec: StageSpec) -> int:
    """Side of the CFA's cell, px; 2 where it is smaller."""
    return max(2, period(raw_of(spec).cfa))


each_stage_of_small_cells = pytest.mark.parametrize(
    "spec", [spec for spec in ANYWHERE.values() if cell_of(spec) == 2], ids=lambda spec: "/".join(spec.tags())
)
"""A mirror about the edge pixel breaks the phase of larger cells; those have tests of their own."""


def build(spec: StageSpec, dtype: torch.dtype = torch.float64) -> Stage:
    return spec.build(raw_of(spec)).to(dtype)


def picture(spec: StageSpec, batch: int, height: int, width: int, seed: int = 0) -> Tensor:
    """What the stage takes: distinct random values, none near a limit of the clip or a threshold of a curve."""
    channels = 1 if spec.takes & {"dn", "mosaic"} and not isinstance(spec, Clip) else 3
    generator = torch.Generator().manual_seed(seed)
    image = 0.1 + 0.8 * torch.rand(batch, channels, height, width, generator=generator, dtype=torch.float64)
    for limit in (0.2, 0.7):
        image = torch.where((image - limit).abs() < 1e-3, image + 0.01, image)
    return 12 * image if "dn" in spec.takes else image


def test_every_stage_has_an_example() -> None:
    assert {type(spec) for spec in EXAMPLES.values()} == set(stage_classes())


def test_every_file_of_the_folder_is_a_stage_of_the_union() -> None:
    found = {}
    for module in pkgutil.walk_packages(camsim.isp.__path__, "camsim.isp."):
        name = module.name.rpartition(".")[2]
        if module.ispkg or name in HELPERS:
            continue
        members = vars(importlib.import_module(module.name)).values()
        specs = [
            member
            for member in members
            if isinstance(member, type) and issubclass(member, StageSpec) and member.__module__ == module.name
        ]
        assert len(specs) == 1, f"{module.name} holds {len(specs)} stages; one stage a file, or list it in HELPERS"
        assert name == specs[0].tags()[-1]
        found[module.name] = specs[0]
    assert set(found.values()) == set(stage_classes())


@each_stage
def test_parameters_are_exactly_the_knobs(spec: StageSpec) -> None:
    stage = build(spec)
    names = {name for name, _ in stage.named_parameters() if not name.startswith("layers.")}  # weights of a network
    assert names == set(type(spec).quantities())
    for name, value in spec.resolve(RAW).knobs().items():
        assert stage.get_parameter(name).tolist() == value.tolist()


@each_stage
def test_gradients_of_image_and_knobs(spec: StageSpec) -> None:
    stage = build(spec)
    names = [name for name, _ in stage.named_parameters()]
    knobs = [parameter.detach().clone().requires_grad_() for _, parameter in stage.named_parameters()]
    image = picture(spec, 1, max(5, cell_of(spec)), 6).requires_grad_()

    def apply(image: Tensor, *knobs: Tensor) -> Tensor:
        result: Tensor = functional_call(stage, dict(zip(names, knobs, strict=True)), (image,))
        return result

    if not isinstance(spec, STRAIGHT_THROUGH):
        assert torch.autograd.gradcheck(apply, (image, *knobs), atol=1e-7, rtol=1e-5)
    if not isinstance(spec, Clip):
        for gradient in torch.autograd.grad(apply(image, *knobs).square().sum(), [image, *knobs]):
            assert gradient.abs().max() > 1e-3


@each_stage
def test_many_settings_of_the_knobs_in_one_call(spec: StageSpec) -> None:
    """As a search has it, for which a stage must go through torch.func.vmap."""
    stage, image = build(spec), picture(spec, 2, 6, 7)
    turned = {name: torch.stack([p.detach(), 0.97 * p.detach()]) for name, p in stage.named_parameters()}
    if not turned:
        pytest.skip("no knobs")
    for images, dim in ((image, None), (torch.stack([image, 0.9 * image]), 0)):
        together = vmap(lambda knobs, image: functional_call(stage, knobs, (image,)), in_dims=(0, dim))(turned, images)
        for index, found in enumerate(together):
            knobs = {name: values[index] for name, values in turned.items()}
            alone = functional_call(stage, knobs, (images if dim is None else images[index],))
            assert (found - alone).abs().max() < 1e-12


@each_stage
def test_a_stage_is_written_and_read_back(spec: StageSpec) -> None:
    reader: TypeAdapter[StageSpec] = TypeAdapter(camsim.isp.IspStage)
    assert reader.validate_python(parse(dump(reader.dump_python(spec, exclude_none=True)), "stage")[0]) == spec


@each_stage
def test_affine_stages_are_affine_and_local_ones_are_not(spec: StageSpec) -> None:
    stage = build(spec)
    x, y = picture(spec, 1, 18, 21, seed=1), picture(spec, 1, 18, 21, seed=2)
    if spec.form == "global":
        y = y * torch.tensor([0.4, 1.0, 0.7], dtype=torch.float64)[:, None, None]  # another light
    mixed = stage(0.3 * x + 0.7 * y)
    difference = (mixed - (0.3 * stage(x) + 0.7 * stage(y))).abs().max()
    if spec.form == "affine" or isinstance(spec, FftDenoise):  # linear too, but over the whole frame
        assert difference < 1e-12
    else:
        assert difference > 1e-3


@each_stage_of_one_size
def test_pointwise_stages_do_not_look_around(spec: StageSpec) -> None:
    """Swapping pixels before or after is the same; a stage that looks around would not pass."""
    stage = build(spec)
    image = picture(spec, 1, 18, 20)
    order = torch.randperm(18 * 20, generator=torch.Generator().manual_seed(5))
    after = stage(image).flatten(2)[..., order]
    before = stage(image.flatten(2)[..., order].unflatten(2, (18, 20))).flatten(2)
    if spec.form == "pointwise":
        assert (after - before).abs().max() < 1e-15
    if spec.form == "local":
        assert (after - before).abs().max() > 1e-3


@each_stage
def test_a_batch_equals_its_samples(spec: StageSpec) -> None:
    stage = build(spec)
    images = picture(spec, 3, 17, 20)
    single = torch.cat([stage(image[None]) for image in images])
    assert (stage(images) - single).abs().max() < 1e-13


@each_stage
def test_float32_agrees_with_float64(spec: StageSpec) -> None:
    image = picture(spec, 2, 21, 18)
    single = build(spec, torch.float32)(image.float())
    assert single.dtype == torch.float32
    assert (single - build(spec)(image)).abs().max() < 1e-5


@each_stage_anywhere
@pytest.mark.parametrize(("top", "left"), [(0, 0), (2, 4), (6, 2)])
def test_a_crop_at_an_even_offset_keeps_its_inside(spec: StageSpec, top: int, left: int) -> None:
    stage = build(spec)
    cell = cell_of(spec)
    top, left = top * cell // 2, left * cell // 2
    image = picture(spec, 1, 39 + 3 * cell, 43 + 2 * cell)
    whole = stage(image)[..., top : top + 36, left : left + 39]
    crop = stage(image[..., top : top + 36, left : left + 39])
    inside = (..., slice(REACH, -REACH), slice(REACH, -REACH))
    assert (whole - crop)[inside].abs().max() < 1e-13


def mirrored(stage: Callable[[Tensor], Tensor], image: Tensor) -> Tensor:
    """The stage on the picture extended by 16 mirrored pixels (an even number, so that the CFA phase stays)."""
    extended = torch.nn.functional.pad(image, (16, 16, 16, 16), mode="reflect")
    return stage(extended)[..., 16:-16, 16:-16]


@each_stage_of_small_cells
def test_the_border_is_a_mirror_without_the_edge_pixel(spec: StageSpec) -> None:
    stage, image = build(spec), picture(spec, 1, 19, 22)
    assert (stage(image) - mirrored(stage, image)).abs().max() < 1e-13


@each_stage
def test_a_stage_says_whether_it_depends_on_the_place(spec: StageSpec) -> None:
    """On an even picture, all that a stage does alike everywhere gives one value at each site of the CFA."""
    stage = build(spec)
    even = torch.full_like(picture(spec, 1, 20, 22), 0.5)
    cell = cell_of(spec)
    if isinstance(spec, MappedDefectPixels | ClaheTone | Resize | Jpeg):  # which see nothing where all is equal
        cell, even[..., ::4, ::4] = 4, 0.55
    elif cell > 2:
        even = 0.5 + 0.05 * color_masks(raw_of(spec).cfa, 20, 22, like=even, colors="G")[None]
    cells = stage(even).unfold(2, cell, cell).unfold(3, cell, cell)
    spread = (cells - cells[:, :, :1, :1]).abs().max()
    assert (spread > 1e-3) if spec.depends_on_place else (spread < 1e-12)


@each_stage
def test_the_smallest_frame_is_processed(spec: StageSpec) -> None:
    side = cell_of(spec)
    out = build(spec)(picture(spec, 1, side, side))
    assert out.shape[-2:] == spec.output_size(side, side)
    assert torch.isfinite(out).all()


@each_stage
def test_a_stage_says_how_large_its_output_is(spec: StageSpec) -> None:
    stage = build(spec)
    for size in ((20, 24), (21, 18), (9, 13)):
        assert stage(picture(spec, 2, *size)).shape[-2:] == spec.output_size(*size)
    assert spec.changes_size() == any(spec.output_size(*size) != size for size in ((20, 24), (21, 18)))


@each_stage_of_one_size
def test_nothing_beyond_the_reach_has_an_influence_and_linear_stages_use_all_of_it(spec: StageSpec) -> None:
    stage, size = build(spec), 2 * spec.reach + 9
    found = set()
    for y, x in ((0, 0), (0, 1), (1, 0), (1, 1)):  # each site of the CFA
        centre = torch.tensor([size // 2 + y, size // 2 + x])
        for seed in range(40 if spec.form in ("local", "global") else 1):
            image = picture(spec, 1, size + 1, size + 1, seed)
            changed = image.clone()
            changed[..., centre[0], centre[1]] = 1.05 - changed[..., centre[0], centre[1]]
            moved = ((stage(changed) - stage(image)).abs() > 0).any(1)[0].nonzero()
            found |= set((moved - centre).abs().amax(1).tolist())
    assert found
    if isinstance(spec, ClaheTone):
        assert max(found) > 2  # as far as the curve of its tile is mixed in
    elif spec.form == "global":
        assert max(found) == size // 2 + 1  # the far corner
    else:
        assert max(found) == spec.reach if spec.form != "local" else max(found) <= spec.reach
