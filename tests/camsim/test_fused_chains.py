"""The fused path on chains that nobody ships: any order of stages that a profile may have."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from camsim.isp import Menon2007

from .fusing import (
    BILINEAR,
    BLACK,
    CCM,
    CLIP,
    MALVAR,
    MENON,
    NOT_NORMALISED,
    PHASES,
    POWER,
    SRGB,
    WB,
    StageDict,
    bilateral,
    chain,
    clip,
    cross,
    developed,
    exact_and_bound,
    gaussian,
    median,
    mosaic,
    unsharp,
)


def numbers(low: float, high: float) -> st.SearchStrategy[float]:
    return st.floats(low, high).map(lambda value: round(value, 3))


CHANNELS = st.sampled_from(["luma", "rgb"])
WITH_CHROMA = st.sampled_from(["luma", "rgb", "chroma"])
CLIPS = st.builds(lambda low, width: clip(low, low + width), numbers(-0.2, 0.3), numbers(0.2, 1.2))
FILTERS = st.one_of(
    st.builds(cross, CHANNELS),
    st.builds(unsharp, CHANNELS, st.sampled_from(["both", "vertical"]), numbers(0.3, 2), numbers(0, 1.5)),
    st.builds(gaussian, WITH_CHROMA, numbers(0.1, 2)),
    st.builds(bilateral, CHANNELS, numbers(0.2, 1.6), numbers(0.02, 1)),
    st.builds(median, WITH_CHROMA, st.sampled_from([3, 5])),
)
KERNELS = st.builds(
    lambda kind, taps, channels: {
        "kind": kind,
        "method": "kernel",
        "kernel": [list(row[: 3 if kind == "sharpen" else 5]) for row in taps[: 3 if kind == "sharpen" else 5]],
        "channels": channels,
    },
    st.sampled_from(["sharpen", "denoise"]),
    st.tuples(*[st.tuples(*[numbers(-0.3, 0.5)] * 5)] * 5),
    CHANNELS,
)
LAYERS = st.builds(
    lambda *offsets: {"kind": "additive_layer", "offsets": [[list(offsets[k : k + 3])] * 2 for k in (0, 3, 6)]},
    *[numbers(-0.1, 0.1)] * 9,
)
CURVES = st.one_of(
    st.builds(lambda exposure: {"kind": "tone", "method": "aces", "exposure": exposure}, numbers(0.3, 2)),
    st.builds(
        lambda *y: {"kind": "tone", "method": "spline", "x": [-0.1, 0.2, 0.5, 1.1], "y": list(y)}, *[numbers(0, 1)] * 4
    ),
)
SHADING = st.builds(
    lambda coefficients, x, y: {
        "kind": "lens_shading",
        "method": "radial",
        "coefficients": coefficients,
        "center": [x, y],
    },
    st.lists(numbers(0, 0.4), min_size=1, max_size=5),
    numbers(0, 1),
    numbers(0, 1),
)
GAINS = st.builds(lambda *gains: {"kind": "white_balance", "gains": gains}, *[numbers(-1, 2)] * 3)
MIXES = st.one_of(
    st.builds(lambda factor: {"kind": "saturation", "factor": factor}, numbers(0, 2)),
    st.builds(lambda angle: {"kind": "hue", "angle": angle}, numbers(-40, 40)),
)
INTERPOLATED: StageDict = {
    "kind": "color_matrix",
    "method": "interpolated",
    "cct": 4100.0,
    "temperatures": [2850, 6500],
    "matrices": [CCM["matrix"], [[1.2, -0.1, -0.1], [-0.1, 1.3, -0.2], [0.0, -0.2, 1.2]]],
}
MATRICES = st.builds(
    lambda *rows: {"kind": "color_matrix", "matrix": [list(row) for row in rows]},
    *[st.tuples(*[numbers(-0.6, 1.2)] * 3)] * 3,
)
OTHERS = st.one_of(KERNELS, LAYERS, CURVES, SHADING)
GAMMAS = st.one_of(
    st.just(SRGB),
    st.just({"kind": "gamma", "encoding": "bt709"}),
    st.just({"kind": "gamma", "encoding": "curve", "samples": [0.0, 0.4, 0.6, 0.75, 0.9, 1.0]}),
    st.just({"kind": "tone", "method": "filmic"}),
    st.builds(lambda gamma: {"kind": "gamma", "encoding": "power", "gamma": gamma}, numbers(0.5, 3)),
)


@st.composite
def chains(draw: st.DrawFn) -> list[StageDict]:
    return [
        draw(st.sampled_from([BLACK, NOT_NORMALISED])),
        *draw(st.lists(st.one_of(CLIPS, SHADING), max_size=2)),
        draw(st.sampled_from([BILINEAR, MALVAR, MENON])),
        *draw(st.lists(st.one_of(GAINS, MATRICES, st.just(INTERPOLATED), MIXES, CLIPS, FILTERS, OTHERS), max_size=5)),
        draw(GAMMAS),
        *draw(st.lists(st.one_of(CLIPS, FILTERS, MIXES, KERNELS, LAYERS), max_size=3)),
    ]


@settings(max_examples=250)
@given(
    chains(),
    st.sampled_from(PHASES),
    st.tuples(st.integers(2, 24), st.integers(2, 40)),
    st.integers(0, 9),
    st.sampled_from([(0.1, 0.7), (-0.06, 1.0)]),
)
def test_any_chain_agrees_with_float64(
    stages: list[StageDict], cfa: str, size: tuple[int, int], seed: int, light: tuple[float, float]
) -> None:
    """Within the rounding errors that float32 must have; see `exact_and_bound`."""
    profile = chain(*stages, cfa=cfa)
    raw = mosaic(profile, 1, *size, low=light[0], high=light[1], seed=seed)
    exact, bound = exact_and_bound(profile, raw)
    error = (developed(profile, raw, fused=True) - exact).abs()
    assert (error <= bound).all(), float((error / bound).max())


NAMED = {
    "clip in the mosaic, values below black": [BLACK, clip(0.0, 0.5), BILINEAR, WB, POWER],
    "clip twice in the mosaic": [BLACK, clip(0.1, 0.6), clip(0.2, 0.9), MALVAR, SRGB],
    "clip in linear light, then white balance": [BLACK, BILINEAR, clip(0.1, 0.5), WB, CCM, clip(0.2, 0.9), POWER],
    "clip in encoded values": [BLACK, MALVAR, WB, POWER, clip(0.4, 0.8), clip(0.3, 0.7)],
    "power of negative light": [BLACK, BILINEAR, CCM, POWER],
    "power above 1 of negative light": [BLACK, BILINEAR, CCM, {**POWER, "gamma": 0.5}],
    "srgb of negative light": [BLACK, MALVAR, CCM, SRGB],
    "two sharpeners": [BLACK, BILINEAR, unsharp(), cross(), CLIP, SRGB],
    "luma, then colour, then luma": [BLACK, BILINEAR, cross(), gaussian("rgb"), unsharp(), CCM, gaussian(), SRGB],
    "sharpening after the encoding": [BLACK, MALVAR, WB, CLIP, SRGB, unsharp(), cross("rgb"), CLIP],
    "vertical, both channels": [BLACK, MALVAR, unsharp("rgb", "vertical"), unsharp("luma", "vertical"), SRGB],
    "medians": [BLACK, MENON, median("rgb", 5), median("luma", 3), median("luma", 5), SRGB, median("rgb", 3)],
    "not normalised": [NOT_NORMALISED, MENON, WB, CLIP, SRGB],
    "encoding only": [BLACK, BILINEAR, SRGB],
    "wide filters": [BLACK, BILINEAR, gaussian(sigma=6.0), gaussian("rgb", sigma=4.0), unsharp(radius=5.0), SRGB],
    "the narrowest filters": [BLACK, BILINEAR, gaussian(sigma=0.1), unsharp(radius=0.1), SRGB],
}


@pytest.mark.parametrize("stages", NAMED.values(), ids=NAMED)
@pytest.mark.parametrize("size", [(5, 7), (37, 41)], ids="{0[0]}x{0[1]}".format)
def test_what_is_easily_got_wrong(stages: list[StageDict], size: tuple[int, int]) -> None:
    profile = chain(*stages, cfa="GRBG")
    raw = mosaic(profile, 2, *size, low=-0.06, high=1.0)
    exact, bound = exact_and_bound(profile, raw)
    error = (developed(profile, raw, fused=True) - exact).abs()
    assert (error <= bound).all(), float((error / bound).max())
    assert error.median() <= 3e-7


@pytest.mark.parametrize("stages", NAMED.values(), ids=NAMED)
def test_every_stage_of_those_shows(stages: list[StageDict]) -> None:
    """A chain without one of its stages gives another picture, so that a stage forgotten would be seen."""
    raw = mosaic(chain(*stages), 1, 19, 23, low=-0.06, high=1.0)
    picture = developed(chain(*stages), raw, fused=True)
    for index, stage in enumerate(stages):
        idle = stage in (gaussian(sigma=0.1), unsharp(radius=0.1))  # one tap
        if stage["kind"] in ("sharpen", "denoise", "clip", "white_balance", "color_matrix") and not idle:
            shorter = chain(*stages[:index], *stages[index + 1 :])
            _, bound = exact_and_bound(shorter, raw)
            assert ((developed(shorter, raw, fused=True) - picture).abs() > 3 * bound).any(), stage


@pytest.mark.parametrize("size", [3, 5])
@pytest.mark.parametrize("channels", ["luma", "rgb"])
def test_medians_of_equal_values(size: int, channels: str) -> None:
    """A mosaic of few levels, whose windows hold most values several times."""
    profile = chain(BLACK, BILINEAR, median(channels, size), SRGB)
    levels = torch.randint(0, 3, (2, 1, 23, 37), generator=torch.Generator().manual_seed(2))
    raw = 500 + 1000.0 * levels
    exact, bound = exact_and_bound(profile, raw)
    assert ((developed(profile, raw, fused=True) - exact).abs() <= bound).all()


def test_directions_that_tie_are_chosen_as_on_the_plain_path() -> None:
    """Whole DN and flat patches make many ties, which both paths break alike."""
    profile = chain(BLACK, MENON, WB, CLIP, SRGB)
    assert isinstance(profile.isp[1], Menon2007)
    levels = torch.randint(0, 4, (2, 1, 31, 45), generator=torch.Generator().manual_seed(4)).float()
    raw = 800 + 600 * levels
    assert (developed(profile, raw, fused=True) - developed(profile, raw, fused=False)).abs().max() <= 2e-6
