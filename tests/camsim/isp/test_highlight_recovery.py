"""Highlights: clipped, kept, blended; against LibRaw."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import rawpy
import torch
from numpy.typing import NDArray
from pydantic import ValidationError
from scipy import ndimage

from camsim.cfa import mosaic
from camsim.isp import (
    BlendHighlights,
    ClipHighlights,
    OpposedHighlights,
    highlights_blend,
    highlights_clip,
    highlights_opposed,
    highlights_unclip,
)

from .libraw import developed

GAINS = (2.1, 1.0, 1.6)


def level(dtype: torch.dtype = torch.float64) -> torch.Tensor:
    return torch.tensor(GAINS, dtype=dtype)


def patches(count: int = 48) -> torch.Tensor:
    """(1, 3, 32, 8 count): even patches of camera RGB up to saturation, whole numbers of 16 bits."""
    colors = torch.rand(3, count, generator=torch.Generator().manual_seed(7), dtype=torch.float64) * 1.4
    colors[:, 0] = 1  # all saturated
    colors[:, 1] = torch.tensor([0.2, 0.5, 0.1])
    dn = (colors.clamp(0, 1) * 65535).round() / 65535
    return dn.repeat_interleave(8, dim=1)[None, :, None].expand(1, 3, 32, 8 * count)


def of_libraw(mode: rawpy.HighlightMode) -> NDArray[np.float64]:
    """(3, count): the middle of each patch, which no interpolation reaches."""
    dn = (mosaic(patches(), "RGGB")[0, 0] * 65535).round().numpy().astype(np.uint16)
    out = developed(dn, "RGGB", algorithm=rawpy.DemosaicAlgorithm.LINEAR, gains=GAINS, highlights=mode)
    return out[4, 4::8].T


def balanced() -> torch.Tensor:
    """(1, 3, 1, count): the patches after the white balance."""
    return patches()[..., 4:5, 4::8] * level()[:, None, None]


@pytest.mark.parametrize(
    ("mode", "method"),
    [
        (rawpy.HighlightMode.Clip, highlights_clip),
        (rawpy.HighlightMode.Ignore, highlights_unclip),
        (rawpy.HighlightMode.Blend, lambda rgb, s: highlights_unclip(highlights_blend(rgb, s), s)),
    ],
    ids=["-H 0", "-H 1", "-H 2"],
)
def test_equals_libraw(mode: rawpy.HighlightMode, method: Any) -> None:
    """To the steps of its 16 bits; the blend works in single precision."""
    theirs = of_libraw(mode)
    for dtype in (torch.float64, torch.float32):
        ours = method(balanced().to(dtype), level(dtype))[0, :, 0].numpy()
        assert ours.dtype == np.dtype(str(dtype).removeprefix("torch."))
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=2.1 / 65535)


def formula(rgb: NDArray[np.float64], limit: float) -> NDArray[np.float64]:
    """dcraw's blend_highlights on one pixel."""
    if rgb.max() <= limit:
        return rgb
    root = np.sqrt(3)
    forth = np.array([[1, 1, 1], [root, -root, 0], [-1, -1, 2]])
    back = np.array([[1, root / 2, -0.5], [1, -root / 2, -0.5], [1, 0, 1]])
    own, clipped = forth @ rgb, forth @ np.minimum(rgb, limit)
    own[1:] *= np.sqrt((clipped[1:] ** 2).sum() / (own[1:] ** 2).sum())
    result: NDArray[np.float64] = back @ own / 3
    return result


@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float64, 1e-14), (torch.float32, 1e-6)], ids=["f64", "f32"])
@pytest.mark.parametrize("size", [(16, 18), (7, 5)], ids=["16x18", "7x5"])
def test_the_blend_equals_dcraws_formula(dtype: torch.dtype, tolerance: float, size: tuple[int, int]) -> None:
    generator = torch.Generator().manual_seed(3)
    rgb = 2.5 * torch.rand(2, 3, *size, generator=generator, dtype=torch.float64) - 0.1
    expected = np.apply_along_axis(formula, 1, rgb.numpy(), 1.0)
    ours = highlights_blend(rgb.to(dtype), level(dtype))
    np.testing.assert_allclose(ours.numpy(), expected, rtol=0, atol=tolerance)


def test_the_blend_keeps_lightness_and_hue_and_makes_white_of_what_is_saturated() -> None:
    rgb = balanced()
    out = highlights_blend(rgb, level())
    torch.testing.assert_close(out.sum(1), rgb.sum(1))
    assert out[0, :, 0, 0].std() < 1e-12  # all channels saturated
    assert torch.equal(out[0, :, 0, 1], rgb[0, :, 0, 1])  # none
    angles = [torch.atan2(3**0.5 * (x[:, 0] - x[:, 1]), 2 * x[:, 2] - x[:, 0] - x[:, 1])[..., 1:] for x in (out, rgb)]
    there = (highlights_clip(rgb, level()).amin(1) < 1)[..., 1:]
    torch.testing.assert_close(angles[0][there], angles[1][there])


def test_white_at_the_clipping_point_is_white_and_unclipped_it_is_not() -> None:
    saturated = level()[None, :, None, None]
    assert highlights_clip(saturated, level()).flatten().tolist() == [1, 1, 1]
    assert highlights_unclip(saturated, level()).flatten().tolist() == pytest.approx([1, 1 / 2.1, 1.6 / 2.1])


@pytest.mark.parametrize("value", [0.0, 0.4, 1.0, 3.0])
def test_grey_has_a_finite_gradient(value: float) -> None:
    rgb = torch.full((1, 3, 2, 2), value, dtype=torch.float64, requires_grad=True)
    saturation = level().requires_grad_()
    for gradient in torch.autograd.grad(highlights_blend(rgb, saturation).sum(), [rgb, saturation]):
        assert torch.isfinite(gradient).all()


def test_a_blended_ramp_has_no_step() -> None:
    ramp = torch.linspace(0, 1.2, 4001, dtype=torch.float64)
    rgb = (ramp * torch.tensor([1.0, 0.8, 0.9], dtype=torch.float64)[:, None]).clamp_max(1) * level()[:, None]
    out = highlights_blend(rgb[None, :, None], level())
    assert out.diff(dim=-1).abs().max() < 0.005
    assert out[0, :, 0, -1].std() > 0.02  # only two channels are saturated at the end


def by_hand(rgb: NDArray[np.float64], saturation: NDArray[np.float64]) -> NDArray[np.float64]:
    """darktable's opposed estimate of one picture (3, H, W), with SciPy's maximum filter."""
    out = rgb.copy()
    roots = np.cbrt(rgb.clip(0))
    for channel in range(3):
        others = [c for c in range(3) if c != channel]
        estimate = (roots[others].mean(0)) ** 3
        clipped = rgb[channel] >= 0.987 * saturation[channel]
        near = ndimage.maximum_filter(clipped, 19)
        asked = near & ~clipped & (rgb[channel] > 0.2 * saturation[channel])
        offset = (rgb[channel] - estimate)[asked].mean() if asked.any() else 0.0
        out[channel] = np.where(clipped, np.maximum(rgb[channel], estimate + offset), rgb[channel])
    return out


@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float64, 1e-13), (torch.float32, 2e-6)], ids=["f64", "f32"])
@pytest.mark.parametrize("size", [(40, 52), (37, 25)], ids=["40x52", "37x25"])
def test_the_opposed_estimate_equals_the_formula(dtype: torch.dtype, tolerance: float, size: tuple[int, int]) -> None:
    generator = torch.Generator().manual_seed(5)
    grey, color = (torch.rand(2, n, 4, 4, generator=generator, dtype=torch.float64) for n in (1, 3))
    light = torch.nn.functional.interpolate(2 * grey + 0.4 * color - 0.2, size, mode="bilinear")
    rgb = torch.minimum(light, level()[:, None, None])
    expected = np.stack([by_hand(sample, level().numpy()) for sample in rgb.numpy()])
    ours = highlights_opposed(rgb.to(dtype), level(dtype))
    np.testing.assert_allclose(ours.numpy(), expected, rtol=0, atol=tolerance)
    assert (expected > rgb.numpy()).mean() > 0.02


def test_a_lamp_is_rebuilt_where_green_alone_is_saturated() -> None:
    """Warm white, brightest in the middle: nearer to the truth than clipped or blended."""
    y, x = torch.meshgrid(torch.arange(64.0).double() - 32, torch.arange(64.0).double() - 32, indexing="ij")
    lamp = 0.1 + 1.3 * torch.exp(-(x**2 + y**2) / 300)
    truth = lamp * torch.tensor([1.15, 1.0, 0.9]).double()[:, None, None]
    seen = torch.minimum(truth, level()[:, None, None])[None]
    assert (seen[0, 0] == truth[0]).all()
    found = {
        "opposed": highlights_opposed(seen, level()),
        "blend": highlights_blend(seen, level()),
        "clip": highlights_clip(seen, level()),
    }
    errors = {name: (picture[0] - truth).abs().max().item() for name, picture in found.items()}
    assert errors["opposed"] < 0.1 * errors["blend"]
    assert errors["opposed"] < 0.1 * errors["clip"]


def test_what_is_not_saturated_stays_and_black_has_a_gradient() -> None:
    rgb = 0.9 * torch.rand(1, 3, 8, 8, dtype=torch.float64)
    assert torch.equal(highlights_opposed(rgb, level()), rgb)
    black = torch.zeros(1, 3, 4, 4, dtype=torch.float64, requires_grad=True)
    (gradient,) = torch.autograd.grad(highlights_opposed(black, level()).sum(), black)
    assert (gradient == 1).all()


@pytest.mark.parametrize("kind", [ClipHighlights, OpposedHighlights])
@pytest.mark.parametrize("saturation", [(2.0, 1.0), (0.0, 1.0, 1.0), (2.0, 1.0, 100.0), 1.0])
def test_other_levels_are_refused(kind: Any, saturation: Any) -> None:
    with pytest.raises(ValidationError):
        kind(saturation=saturation)


def test_spec() -> None:
    assert BlendHighlights.tags() == ("highlight_recovery", "blend")
    assert BlendHighlights(saturation=GAINS).color() is None
