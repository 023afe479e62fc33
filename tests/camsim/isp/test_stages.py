"""What every ISP stage must do, whatever it is: gradients, declared form, batches, precision, crops."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from pydantic import TypeAdapter
from torch import Tensor
from torch.func import functional_call, vmap

import camsim.isp
from camsim.cfa import RawFormat
from camsim.isp import (
    AcesTone,
    AdditiveLayer,
    AffineColorMatrix,
    BilateralDenoise,
    Bilinear,
    BlackLevel,
    Bt709Gamma,
    Clip,
    ColorMatrix,
    CurveGamma,
    FilmicTone,
    GaussianDenoise,
    GreyWorld,
    HableTone,
    Hue,
    InterpolatedColorMatrix,
    KernelDenoise,
    KernelSharpen,
    Linearize,
    Lut3d,
    Malvar2004,
    MedianDenoise,
    Menon2007,
    PowerGamma,
    ReinhardTone,
    RootPolynomialColorMatrix,
    Saturation,
    ShadesOfGrey,
    SharpeningFilter,
    SplineTone,
    SrgbGamma,
    UnsharpMask,
    WhiteBalance,
    WhitePatch,
)
from camsim.isp.cube import pack
from camsim.profile_file import stage_classes
from camsim.spec import Stage, StageSpec
from camsim.yamlio import dump, parse

RAW = RawFormat("GBRG", black=(1.0, 1.25, 1.5, 0.75), white=(9.0, 9.5, 8.5, 10.0), full_scale=12.0)

RAMP: Any = torch.linspace(-0.1, 0.26, 25).reshape(5, 5).tolist()

LOOK: Any = {
    "size": 4,
    "low": (-0.05, 0.0, 0.05),
    "high": (1.05, 1.1, 1.0),
    "table": pack(np.random.default_rng(3).random((4, 4, 4, 3), dtype=np.float32)),
}

EXAMPLES: dict[str, StageSpec] = {
    "linearize": Linearize(given=(0.5, 3.0, 7.0, 12.0), linear=(0.0, 3.0, 15.0, 60.0)),
    "black_level": BlackLevel(),
    "black_level, not normalised": BlackLevel(level=(0.5, 1.0, 1.5, 2.0), normalize=False),
    "bilinear": Bilinear(),
    "malvar2004": Malvar2004(),
    "menon2007": Menon2007(),
    "white_balance": WhiteBalance(gains=(-0.7, 1.0, 1.9)),
    "grey_world": GreyWorld(),
    "shades_of_grey": ShadesOfGrey(p=3.0),
    "white_patch": WhitePatch(),
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
    "saturation": Saturation(factor=1.4),
    "hue": Hue(angle=25.0),
    "lut3d, trilinear": Lut3d(**LOOK, interpolation="trilinear"),
    "lut3d, tetrahedral": Lut3d(**LOOK, strength=0.8),
    "sharpening_filter, luma": SharpeningFilter(),
    "sharpening_filter, rgb": SharpeningFilter(channels="rgb"),
    "unsharp_mask, luma": UnsharpMask(radius=0.6, amount=0.8),
    "unsharp_mask, rgb, vertical": UnsharpMask(radius=0.6, amount=0.8, axis="vertical", channels="rgb"),
    "gaussian, luma": GaussianDenoise(sigma=0.5),
    "gaussian, rgb": GaussianDenoise(sigma=0.7, channels="rgb"),
    "median 3, luma": MedianDenoise(size=3),
    "median 5, rgb": MedianDenoise(size=5, channels="rgb"),
    "bilateral, luma": BilateralDenoise(sigma_spatial=0.7, sigma_range=0.2),
    "bilateral, rgb": BilateralDenoise(sigma_spatial=0.5, sigma_range=0.3, channels="rgb"),
    "kernel 3x3, luma": KernelSharpen(kernel=((0.1, -1, 0.2), (-0.9, 4.5, -1.2), (0.3, -0.8, 0))),
    "kernel 5x5, rgb": KernelDenoise(kernel=RAMP, channels="rgb"),
    "clip": Clip(low=0.2, high=0.7),
    "power": PowerGamma(gamma=2.2),
    "srgb": SrgbGamma(),
    "bt709": Bt709Gamma(),
    "curve": CurveGamma(samples=(0.0, 0.5, 0.7, 0.9, 0.95, 1.0)),
    "additive_layer": AdditiveLayer(offsets=tuple(tuple((0.1 * c, 0.2 - y, 0.3) for y in range(2)) for c in range(3))),
}
HELPERS = {"auto_gains", "correlate", "cube", "gaussian_kernel", "luma", "odd", "order", "piecewise"}
"""Modules of camsim/isp that are not stages."""
REACH = 12
"""Pixels within which any stage looks around itself."""

each_stage = pytest.mark.parametrize("spec", EXAMPLES.values(), ids=EXAMPLES)
ANYWHERE = {name: spec for name, spec in EXAMPLES.items() if not spec.depends_on_place and spec.form != "global"}
each_stage_anywhere = pytest.mark.parametrize("spec", ANYWHERE.values(), ids=ANYWHERE)


def build(spec: StageSpec, dtype: torch.dtype = torch.float64) -> Stage:
    return spec.build(RAW).to(dtype)


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
    assert {name for name, _ in stage.named_parameters()} == set(type(spec).quantities())
    for name, value in spec.resolve(RAW).knobs().items():
        assert stage.get_parameter(name).tolist() == value.tolist()


@each_stage
def test_gradients_of_image_and_knobs(spec: StageSpec) -> None:
    stage = build(spec)
    names = [name for name, _ in stage.named_parameters()]
    knobs = [parameter.detach().clone().requires_grad_() for _, parameter in stage.named_parameters()]
    image = picture(spec, 1, 5, 6).requires_grad_()

    def apply(image: Tensor, *knobs: Tensor) -> Tensor:
        result: Tensor = functional_call(stage, dict(zip(names, knobs, strict=True)), (image,))
        return result

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
    if spec.form == "affine":
        assert difference < 1e-12
    else:
        assert difference > 1e-3


@each_stage
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
    image = picture(spec, 1, 45, 47)
    whole = stage(image)[..., top : top + 36, left : left + 39]
    crop = stage(image[..., top : top + 36, left : left + 39])
    inside = (..., slice(REACH, -REACH), slice(REACH, -REACH))
    assert (whole - crop)[inside].abs().max() < 1e-13


def mirrored(stage: Callable[[Tensor], Tensor], image: Tensor) -> Tensor:
    """The stage on the picture extended by 16 mirrored pixels (an even number, so that the CFA phase stays)."""
    extended = torch.nn.functional.pad(image, (16, 16, 16, 16), mode="reflect")
    return stage(extended)[..., 16:-16, 16:-16]


@each_stage_anywhere
def test_the_border_is_a_mirror_without_the_edge_pixel(spec: StageSpec) -> None:
    stage, image = build(spec), picture(spec, 1, 19, 22)
    assert (stage(image) - mirrored(stage, image)).abs().max() < 1e-13


@each_stage
def test_a_stage_says_whether_it_depends_on_the_place(spec: StageSpec) -> None:
    """On an even picture, all that a stage does alike everywhere gives one value at each site of the CFA."""
    stage = build(spec)
    even = torch.full_like(picture(spec, 1, 20, 22), 0.5)
    cells = stage(even).unfold(2, 2, 2).unfold(3, 2, 2)
    spread = (cells - cells[:, :, :1, :1]).abs().max()
    assert (spread > 1e-3) if spec.depends_on_place else (spread < 1e-12)


@each_stage
def test_the_smallest_frame_is_processed(spec: StageSpec) -> None:
    out = build(spec)(picture(spec, 1, 2, 2))
    assert out.shape[-2:] == (2, 2)
    assert torch.isfinite(out).all()


@each_stage
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
    if spec.form == "global":
        assert max(found) == size // 2 + 1  # the far corner
    else:
        assert max(found) == spec.reach if spec.form != "local" else max(found) <= spec.reach
