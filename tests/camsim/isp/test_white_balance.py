"""White balance: fixed gains, and those taken from the picture."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from pydantic import ValidationError
from torch import Tensor

import camsim
from camsim import Profile, emulator, segments
from camsim.isp import (
    GreyWorld,
    ShadesOfGrey,
    WhiteBalance,
    WhitePatch,
    white_balance,
    white_balance_grey_world,
    white_balance_shades_of_grey,
    white_balance_white_patch,
)
from camsim.profile_file import read_profiles, to_yaml


def test_each_channel_has_its_gain_and_nothing_is_clipped() -> None:
    rgb = torch.rand(2, 3, 4, 5, dtype=torch.float64)
    out = white_balance(rgb, torch.tensor([-0.6567, 1.9673, 3.5304], dtype=torch.float64))
    for channel, gain in enumerate([-0.6567, 1.9673, 3.5304]):
        torch.testing.assert_close(out[:, channel], rgb[:, channel] * gain, rtol=0, atol=0)


@pytest.mark.parametrize("gains", [[2.0, 1.0], [2.0, 1.0, 1.0, 1.0], [2.0, 17.0, 1.0], ["2", 1.0, 1.0], 2.0])
def test_other_gains_are_refused(gains: object) -> None:
    with pytest.raises(ValidationError):
        WhiteBalance(gains=gains)


def number(value: float, dtype: torch.dtype = torch.float64) -> Tensor:
    return torch.tensor(value, dtype=dtype)


LIGHTS = torch.tensor([[0.5, 1.0, 0.3], [1.4, 1.0, 0.8]], dtype=torch.float64)[:, :, None, None]
"""A colour of light for each of two pictures."""
SCENE = 0.05 + torch.rand(2, 3, 15, 22, dtype=torch.float64, generator=torch.Generator().manual_seed(4))
RGB = SCENE * LIGHTS

METHODS: dict[str, Callable[[Tensor], Tensor]] = {
    "grey_world": white_balance_grey_world,
    "shades_of_grey": lambda rgb: white_balance_shades_of_grey(rgb, number(6.0, rgb.dtype)),
    "white_patch": white_balance_white_patch,
}
each_method = pytest.mark.parametrize("balance", METHODS.values(), ids=METHODS)


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32], ids=["f64", "f32"])
@pytest.mark.parametrize(("p", "name"), [(1, "grey_world"), (1, "p"), (2.5, "p"), (6, "p"), (32, "p"), (np.inf, "max")])
def test_equals_numpys_norms(p: float, name: str, dtype: torch.dtype) -> None:
    """numpy.linalg.norm of each channel of each picture, a norm being a mean up to a factor that gains do not see."""
    rgb = RGB.to(dtype)
    ours = {
        "grey_world": white_balance_grey_world,
        "p": lambda image: white_balance_shades_of_grey(image, number(p, dtype)),
        "max": white_balance_white_patch,
    }[name](rgb)
    norms = np.linalg.norm(RGB.numpy().reshape(2, 3, -1), ord=p, axis=-1)
    expected = RGB.numpy() * (norms[:, 1:2] / norms)[..., None, None]
    np.testing.assert_allclose(ours.numpy(), expected, rtol=1e-5 if dtype == torch.float32 else 1e-12)


@each_method
def test_the_colour_of_the_light_does_not_matter(balance: Callable[[Tensor], Tensor]) -> None:
    torch.testing.assert_close(balance(RGB), balance(SCENE))
    torch.testing.assert_close(balance(0.01 * RGB), 0.01 * balance(SCENE))


@each_method
def test_a_grey_picture_and_a_black_one_stay(balance: Callable[[Tensor], Tensor]) -> None:
    grey = SCENE[:, :1].expand(2, 3, 15, 22)
    torch.testing.assert_close(balance(grey), grey)
    black = torch.zeros(1, 3, 4, 4, dtype=torch.float64, requires_grad=True)
    out = balance(black)
    out.sum().backward()
    assert black.grad is not None
    assert out.abs().max() == 0
    assert (black.grad == 1).all()


@each_method
def test_gains_are_limited_where_a_channel_is_all_but_missing(balance: Callable[[Tensor], Tensor]) -> None:
    tint = torch.tensor([1e-4, 1.0, 0.0], dtype=torch.float64)[:, None, None]
    rgb = (SCENE * tint).requires_grad_()
    out = balance(rgb)
    torch.testing.assert_close(out[:, 0], 16 * rgb[:, 0])
    torch.testing.assert_close(out[:, 2], torch.zeros_like(out[:, 2]))
    strong = balance(SCENE * (1000 - 999 * tint))
    torch.testing.assert_close(strong[:, 0], SCENE[:, 0] * (1000 - 999 * 1e-4) / 16)
    (gradient,) = torch.autograd.grad(out.sum(), rgb)
    assert torch.isfinite(gradient).all()


@each_method
def test_each_sample_has_gains_of_its_own(balance: Callable[[Tensor], Tensor]) -> None:
    torch.testing.assert_close(balance(RGB), torch.cat([balance(RGB[:1]), balance(RGB[1:])]), rtol=0, atol=1e-15)


@pytest.mark.parametrize("p", [1.0, 32.0])
def test_dark_pictures_do_not_vanish_in_high_powers(p: float) -> None:
    dark = (RGB * 1e-3).float()
    out = white_balance_shades_of_grey(dark, number(p, torch.float32))
    torch.testing.assert_close(out / 1e-3, white_balance_shades_of_grey(RGB.float(), number(p, torch.float32)))


@pytest.mark.parametrize("p", [0.5, 33.0])
def test_other_powers_are_refused(p: float) -> None:
    with pytest.raises(ValidationError, match=r"must lie in \[1, 32\]"):
        ShadesOfGrey(p=p)


FIXED = "{kind: white_balance, gains: [2.0, 1.0, 1.5]}"


def automatic(method: str) -> Profile:
    plain = camsim.load("board/rpi-v1-ov5647")
    chain = [stage.model_dump() for stage in plain.isp]
    [place] = [index for index, stage in enumerate(chain) if stage["kind"] == "white_balance"]
    chain[place] = {"kind": "white_balance", "method": method}
    sensor = plain.resolved_sensor().model_dump()
    return Profile.model_validate(
        plain.model_dump(exclude={"provenance", "search", "choices", "orders"}) | {"isp": chain, "sensor": sensor}
    )


@pytest.mark.parametrize("method", ["grey_world", "shades_of_grey", "white_patch"])
def test_a_frame_is_never_cut_into_tiles(method: str, monkeypatch: pytest.MonkeyPatch) -> None:
    profile = automatic(method)
    assert read_profiles(to_yaml(profile), "auto.yaml") == [profile]
    camera = camsim.compile(profile, fused=False)
    ramp = torch.linspace(0.1, 0.9, 300)
    scene = torch.stack([ramp.expand(260, 300), ramp.flip(0).expand(260, 300), 0.3 + 0 * ramp.expand(260, 300)])[None]
    with torch.no_grad():
        raw = camera.capture(scene, seed=None)
        whole = camera.isp(raw)
        monkeypatch.setattr(emulator, "TILED_FROM", 1)
        torch.testing.assert_close(camera.develop(raw), whole, rtol=0, atol=0)
        monkeypatch.setattr(segments, "TILED_FROM", 1)  # in what is fused around it
        torch.testing.assert_close(camsim.compile(profile).develop(raw), whole, rtol=0, atol=5e-6)


def test_the_cameras_light_is_taken_out() -> None:
    """A camera that sees everything red gives the same picture."""
    profile = automatic("grey_world")
    response = np.diag([1.3, 1.0, 0.9]) @ np.array(profile.sensor.response.matrix)
    reddish = profile.sensor.replace({"response": {"kind": "matrix", "matrix": response.tolist()}})
    coarse = 0.1 + 0.3 * torch.rand(1, 3, 4, 4, generator=torch.Generator().manual_seed(1))
    scene = torch.nn.functional.interpolate(coarse, (64, 64), mode="bilinear")
    with torch.no_grad():
        pictures = [
            camsim.compile(profile.model_copy(update={"sensor": sensor}))(scene, seed=None)
            for sensor in (profile.sensor, reddish)
        ]
    assert (pictures[0] - pictures[1]).abs().mean() < 0.003  # what the ADC's rounding leaves


def test_the_method_may_be_left_out_and_errors_name_the_place(profile_text: str) -> None:
    [plain] = read_profiles(profile_text, "lab.yaml")
    [said] = read_profiles(profile_text.replace(FIXED, FIXED.replace("gains", "method: fixed, gains")), "lab.yaml")
    assert plain == said
    for given, message in {
        "{kind: white_balance}": r"isp\[2\].white_balance.gains: is missing",
        "{kind: white_balance, method: gray_world}": "method must be one of .* did you mean 'grey_world'",
        "{kind: white_balance, method: grey_world, gains: [2, 1, 1]}": "gains: is not a key here",
        "{kind: white_balance, method: grey_world}": "white_balance/grey_world has no inverse that is known beforehand",
    }.items():
        with pytest.raises(camsim.ProfileError, match=message):
            read_profiles(profile_text.replace(FIXED, given), "lab.yaml")


def test_specs_say_what_they_are() -> None:
    assert [spec.tags() for spec in (WhiteBalance, GreyWorld, ShadesOfGrey, WhitePatch)] == [
        ("white_balance", method) for method in ("fixed", "grey_world", "shades_of_grey", "white_patch")
    ]
    assert WhiteBalance(gains=(2, 1, 1)).color().tolist() == [[2, 0, 0], [0, 1, 0], [0, 0, 1]]
    assert GreyWorld().color() is None
