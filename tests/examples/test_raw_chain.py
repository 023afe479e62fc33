"""The example profile with the whole raw domain: each of its stages does what it is there for."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import Tensor

import camsim
from camsim import Profile
from camsim.spec import StageSpec

FILE = Path(__file__).parents[2] / "examples" / "profiles" / "raw-chain.yaml"


@pytest.fixture(scope="module")
def profile() -> Profile:
    return camsim.load(str(FILE))


def without(profile: Profile, dropped: Callable[[StageSpec], bool]) -> Profile:
    """The same sensor with some stages of the chain left out."""
    chain = tuple(stage for stage in profile.resolved_isp() if not dropped(stage))
    changes = {"isp": chain, "sensor": profile.resolved_sensor(), "provenance": {}, "search": None}
    return profile.model_copy(update=changes)


def developed(profile: Profile, scene: Tensor) -> Tensor:
    with torch.no_grad():
        picture: Tensor = camsim.compile(profile)(scene, seed=None)
    return picture


FLAT = torch.full((1, 3, 192, 256), 0.3)


def test_the_chain_is_whole_and_in_order(profile: Profile) -> None:
    kinds = [stage.kind for stage in profile.isp]
    assert kinds[:9] == [
        "linearize",
        "black_level",
        "defect_pixel_correction",
        "green_equalization",
        "lens_shading",
        "clip",
        "demosaic",
        "white_balance",
        "highlight_recovery",
    ]
    saturation = next(stage for stage in profile.isp if stage.kind == "highlight_recovery").saturation
    gains = torch.tensor(next(stage for stage in profile.isp if stage.kind == "white_balance").color()).diagonal()
    torch.testing.assert_close(torch.tensor(saturation).double(), gains, rtol=1e-4, atol=0)


def test_grey_comes_out_grey_and_even(profile: Profile) -> None:
    picture = developed(profile, FLAT)[0]
    middle = picture[:, 90:102, 122:134].mean((1, 2))
    assert middle.std() < 0.003
    uncorrected = developed(without(profile, lambda stage: stage.kind == "lens_shading"), FLAT)[0]
    corners = [image[1, :12, :12].mean() for image in (picture, uncorrected)]
    assert middle[1] - corners[0] < 0.7 * (middle[1] - corners[1])  # the maker's own table takes out half, on purpose


def test_stuck_pixels_are_removed(profile: Profile) -> None:
    sound = profile.model_copy(update={"sensor": profile.resolved_sensor().model_copy(update={"stuck_pixels": None})})
    few = profile.model_copy(update={"provenance": {}})
    left = without(profile, lambda stage: stage.kind == "defect_pixel_correction")
    inside = (..., slice(4, -4), slice(4, -4))
    clean = developed(sound, FLAT)
    seen = [((developed(p, FLAT) - clean).abs().amax(1) > 0.02)[inside].sum().item() for p in (left, few)]
    assert seen[0] >= 20
    assert seen[1] == 0


def test_the_readouts_curve_is_made_straight(profile: Profile) -> None:
    """Twice the light gives twice the signal in the mosaic, to a quarter of a DN."""
    camera = camsim.compile(profile, dtype=torch.float64, fused=False)
    straighten, to_linear, *_ = profile.built_isp()
    with torch.no_grad():
        scenes = [torch.full((1, 3, 64, 64), level, dtype=torch.float64) for level in (0.1, 0.2, 0.4)]
        raw = [camera.capture(scene, seed=None) for scene in scenes]
        linear = [to_linear(straighten(image)) for image in raw]
    dark, middle, bright = (image[..., 28:36, 28:36].mean() * (4095 - 256.3) for image in linear)
    assert abs(middle - 2 * dark) < 0.5
    assert abs(bright - 2 * middle) < 0.5
    bent = [image[..., 28:36, 28:36].mean() - 256.3 for image in raw]
    assert abs(bent[2] - 2 * bent[1]) > 0.7


def test_what_is_overexposed_is_white(profile: Profile) -> None:
    scene = torch.tensor([6.0, 5.0, 4.0])[None, :, None, None].expand(1, 3, 64, 64)
    assert developed(profile, scene)[..., 24:40, 24:40].min() > 0.97
    pink = developed(without(profile, lambda stage: stage.kind == "highlight_recovery"), scene)[0, :, 32, 32]
    assert pink[1] < 0.95


def test_its_three_temperatures_are_turned_by_hand_and_together(profile: Profile) -> None:
    names = [f"isp.{stage}.cct" for stage in ("lens_shading", "white_balance", "color_matrix")]
    assert set(names) <= set(profile.knobs())
    warm = profile.with_knobs(dict.fromkeys(names, 3200.0))
    cold, red = (developed(p, FLAT)[0, :, 96, 128] for p in (profile, warm))
    assert cold.std() < 0.003
    assert red[2] > red[0] + 0.1  # told that the light is warm, it makes daylight blue
