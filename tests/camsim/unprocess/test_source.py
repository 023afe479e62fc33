"""A camera's picture of known scenes, taken back to them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

import camsim
from camsim import CamsimError, Profile
from camsim.unprocess import Unprocess, source_camera, unprocess
from camsim.unprocess.steps import NoInverseError, Solved

PROFILES = (
    "automotive/imx490",
    "board/rpi-hq-imx477",
    "microscope/pco-edge-5-5",
    "phone/pixel-4a-imx363",
    "reference/srgb",
    "seed/drone/bi-s-ga",
    "seed/microscope/ma-u-me",
    "still/nikon-d850",
)
BASE = "still/sony-a7s2"
SIDE, EDGE = 40, 16


def fields(highest: float = 0.5) -> Tensor:
    """24 even fields of colours within the gamut of every camera, float64."""
    drawn = torch.rand(24, 3, generator=torch.Generator().manual_seed(3), dtype=torch.float64)
    return (0.05 + (highest - 0.05) * (0.5 + 0.5 * (drawn - 0.5)))[:, :, None, None].expand(-1, 3, SIDE, SIDE)


def shot(profile: Profile, scene: Tensor) -> Tensor:
    with torch.no_grad():
        return camsim.compile(profile, dtype=torch.float64)(scene, None)


def centre(image: Tensor) -> Tensor:
    return image[..., EDGE:-EDGE, EDGE:-EDGE]


def chain(*stages: dict[str, Any], base: str = BASE, sensor: dict[str, Any] | None = None) -> Profile:
    """A camera whose chain after the demosaic is this."""
    profile = camsim.load(base)
    raw = profile.model_dump(exclude_none=True)
    first = [stage for stage in raw["isp"] if stage["kind"] in ("black_level", "demosaic")]
    raw["isp"] = [*first, *stages]
    raw["sensor"] |= sensor or {}
    raw = {key: value for key, value in raw.items() if key in ("camsim", "name", "title", "sensor", "isp")}
    return Profile.model_validate(raw)


@pytest.mark.parametrize("name", PROFILES)
def test_shipped_cameras_give_their_scenes_back(name: str) -> None:
    """To what the ADC rounds: half a DN in each channel, and what the inverse of the response makes of that."""
    profile = camsim.load(name)
    scene = fields()
    image = shot(profile, scene)
    assert image.min() > 0
    assert image.max() < 1
    sensor = profile.resolved_sensor()
    half = 0.5 / sensor.system_gain / sensor.exposure
    allowed = half * np.abs(np.linalg.inv(sensor.response.matrix)).sum(axis=1).max()
    assert allowed < 4e-3
    assert (centre(Unprocess(source=profile).scene(image)) - centre(scene)).abs().max() < 1.01 * allowed


WB = {"kind": "white_balance", "gains": [2.0, 1.0, 1.5]}
CCM = {"kind": "color_matrix", "matrix": [[1.5, -0.4, -0.1], [-0.2, 1.5, -0.3], [0.0, -0.5, 1.5]]}
SRGB = {"kind": "gamma", "encoding": "srgb"}
CURVE = {"temperatures": [2500.0, 4000.0, 6500.0], "red": [0.9, 0.8, 0.7], "blue": [0.5, 0.7, 0.8]}
STAGES = {
    "reinhard rgb": [{"kind": "tone", "method": "reinhard", "white": 4.0, "channels": "rgb"}],
    "reinhard luminance": [{"kind": "tone", "method": "reinhard", "white": 4.0, "channels": "luminance"}],
    "hable": [{"kind": "tone", "method": "hable"}],
    "aces": [{"kind": "tone", "method": "aces"}],
    "spline": [{"kind": "tone", "method": "spline", "x": [0.0, 0.3, 0.7, 1.0], "y": [0.0, 0.4, 0.85, 1.0]}],
    "saturation": [{"kind": "saturation", "factor": 1.3}],
    "hue": [{"kind": "hue", "angle": 10.0}],
    "offsets": [
        {
            "kind": "color_matrix",
            "method": "affine",
            "matrix": [[1.5, -0.4, -0.1, 0.01], [-0.2, 1.5, -0.3, 0.0], [0.0, -0.5, 1.5, 0.02]],
        },
    ],
    "root polynomial": [
        {
            "kind": "color_matrix",
            "method": "root_polynomial",
            "matrix": [
                [1.1, 0.0, 0.0, 0.1, 0.0, -0.1],
                [0.0, 1.1, 0.0, -0.1, 0.1, 0.0],
                [0.0, 0.0, 1.1, 0.0, -0.1, 0.1],
            ],
        },
    ],
}


@pytest.mark.parametrize("name", STAGES)
def test_smooth_stages_are_undone(name: str) -> None:
    """On a camera of 16 bits, whose rounding is far below the tolerance."""
    sensor = {"response": {"kind": "matrix", "matrix": [[0.5, 0.2, 0.0], [0.1, 0.9, 0.1], [0.0, 0.2, 0.6]]}}
    fine = {"bit_depth": 16, "black_level": 0.0, "white_level": 65535.0, "system_gain": 1.0, "full_well": 70000.0}
    profile = chain(WB, *STAGES[name], SRGB, sensor=sensor | fine)
    scene = fields(0.4)
    image = shot(profile, scene)
    assert 0 <= image.min() < image.max() <= 1
    assert (centre(Unprocess(source=profile).scene(image)) - centre(scene)).abs().max() < 1e-4


@pytest.mark.parametrize(
    "gamma",
    [
        SRGB,
        {"kind": "gamma", "encoding": "bt709"},
        {"kind": "gamma", "encoding": "power", "gamma": 2.2},
        {"kind": "gamma", "encoding": "curve", "samples": [0.0, 0.4, 0.6, 0.8, 1.0]},
    ],
    ids=["srgb", "bt709", "power", "curve"],
)
def test_every_8_bit_value_survives(gamma: dict[str, Any]) -> None:
    """Undone and encoded again, without a mosaic in between."""
    profile = chain(WB, CCM, gamma)
    step = source_camera(profile).steps[0]
    codes = torch.arange(256, dtype=torch.float64).expand(1, 3, 1, 256) / 255
    stage = profile.built_isp()[-1]
    with torch.no_grad():
        assert (stage(step.undo(codes)) - codes).abs().max() < 1e-9


def test_what_stays_is_told_with_its_reason() -> None:
    kept = Unprocess(source=camsim.load("phone/pixel-4a-imx363")).kept
    assert "isp.sharpen: looks at neighbours" in kept
    assert "isp.clip_2: what it cut to [0, 1] is lost" in kept
    assert not any(line.startswith(("isp.gamma", "isp.color_matrix", "isp.black_level")) for line in kept)
    lens = camsim.load(BASE).model_dump(exclude_none=True) | {"optics": {"glare": {"uniform": 0.02}}, "provenance": {}}
    assert any(line.startswith("optics:") for line in source_camera(Profile.model_validate(lens)).kept)


def test_automatic_white_balance_is_taken_to_leave_white_neutral() -> None:
    response = {"response": {"kind": "matrix", "matrix": [[0.5, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 0.7]]}}
    profile = chain({"kind": "white_balance", "method": "grey_world"}, SRGB, sensor=response)
    grey = torch.full((1, 3, SIDE, SIDE), 0.3, dtype=torch.float64)
    found = Unprocess(source=profile).scene(shot(profile, grey))
    assert (centre(found) - 0.3).abs().max() < 1e-3
    assert any("depends on the whole picture; taken as" in line for line in source_camera(profile).kept)


@pytest.mark.parametrize(
    ("stages", "message"),
    [
        (
            [{"kind": "tone", "method": "spline", "x": [0.0, 0.5, 0.8, 1.0], "y": [0.0, 0.8, 0.6, 1.0]}],
            r"isp\.tone cannot be undone: its curve falls beyond 0\.5",
        ),
        (
            [{"kind": "tone", "method": "spline", "x": [0.0, 0.4, 0.6, 1.0], "y": [0.0, 0.5, 0.5, 1.0]}],
            r"isp\.tone cannot be undone: its curve rests at 0\.5",
        ),
        ([{"kind": "saturation", "factor": 0.0}], r"isp\.saturation cannot be undone: its matrix has no inverse"),
    ],
    ids=["falls", "rests", "grey"],
)
def test_what_has_no_inverse_is_refused(stages: list[dict[str, Any]], message: str) -> None:
    profile = chain(WB, CCM, *stages, SRGB)
    with pytest.raises(CamsimError, match=rf"source camera {BASE}: {message}"):
        source_camera(profile)


def test_a_curve_on_the_mosaic_is_refused() -> None:
    raw = camsim.load(BASE).model_dump(exclude_none=True)
    black, *rest = raw["isp"]
    stages = [{"kind": "linearize", "given": [0.0, 8000.0, 16383.0], "linear": [0.0, 12000.0, 16383.0]}, black, *rest]
    kept = {key: value for key, value in raw.items() if key in ("camsim", "name", "title", "sensor")}
    try:
        profile = Profile.model_validate(kept | {"isp": stages})
    except ValueError as error:
        pytest.fail(str(error))
    with pytest.raises(CamsimError, match="not in proportion to the light"):
        source_camera(profile)


def test_batches_and_precisions_agree() -> None:
    how = Unprocess(source=camsim.load("phone/pixel-4a-imx363"), highlights="preserve")
    image = torch.rand(3, 3, 9, 11, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    whole = how.scene(image)
    assert torch.equal(whole[1:2], how.scene(image[1:2]))
    single = how.scene(image.float())
    assert single.dtype == torch.float32
    assert (single - whole).abs().max() < 2e-6


def test_the_default_is_bit_for_bit_what_it_was() -> None:
    from kornia.color import rgb_to_linear_rgb

    image = torch.rand(2, 3, 16, 16, generator=torch.Generator().manual_seed(1))
    assert torch.equal(unprocess(image), rgb_to_linear_rgb(image))
    assert Unprocess().is_default


def test_the_reference_camera_is_close_to_the_default() -> None:
    """Its processing is white balance and sRGB alone."""
    codes = torch.arange(256).float().expand(1, 3, 1, 256) / 255
    profile = camsim.load("reference/srgb")
    np.testing.assert_allclose(Unprocess(source=profile).scene(codes), unprocess(codes), rtol=0, atol=1e-6)


def test_white_of_a_curve_that_ends_flat_is_where_the_plateau_begins() -> None:
    curve = {"kind": "tone", "method": "spline", "x": [0.0, 0.4, 0.8, 1.0], "y": [0.0, 0.6, 1.0, 1.0]}
    step = source_camera(chain(WB, curve, SRGB)).steps[1]
    found = step.undo(torch.tensor([0.6, 0.999, 1.0], dtype=torch.float64).expand(1, 3, 1, 3))[0, 0, 0]
    assert found[0].item() == pytest.approx(0.4, abs=1e-6)
    assert 0.75 < found[1] < found[2] < 0.801


def test_gains_of_any_kind_of_balance_are_preserved() -> None:
    fixed = chain(WB, SRGB)
    as_cct = chain({"kind": "white_balance", "method": "cct", "cct": 5000.0, **CURVE}, SRGB)
    for profile in (fixed, as_cct):
        white = torch.ones(1, 3, 2, 2, dtype=torch.float64)
        kept = source_camera(profile, preserve=True).steps[1].undo(white)
        assert torch.allclose(kept, white, atol=1e-12)


def test_colours_that_a_camera_never_gives_are_refused() -> None:
    bounded = Solved(lambda colors: colors / (1 + colors.abs().sum(dim=1, keepdim=True)))
    inside = torch.rand(1, 3, 4, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(0)) * 0.3
    assert (bounded.stage(bounded.undo(inside)) - inside).abs().max() < 1e-8
    inside[0, :, 1, 2] = 0.9
    with pytest.raises(NoInverseError, match="1 of 16 pixels have a colour that no scene gives"):
        bounded.undo(inside)
    with pytest.raises(NoInverseError, match="16 of 16"):
        Solved(torch.zeros_like).undo(inside)


def test_such_a_picture_is_an_error_of_the_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    profile = chain(WB, *STAGES["reinhard luminance"], SRGB)

    def never(step: Solved, image: Tensor) -> Tensor:
        raise NoInverseError("no scene gives it")

    monkeypatch.setattr(Solved, "undo", never)
    with pytest.raises(CamsimError, match=f"is no picture of {BASE}: no scene gives it"):
        Unprocess(source=profile).scene(torch.rand(1, 3, 8, 8))


def test_a_binned_mosaic_is_half_as_large() -> None:
    profile = camsim.load("phone/oppo-reno-10x-binned")
    found = source_camera(profile)
    image = shot(profile, fields())
    scene = found.undo(image)
    assert scene.shape == image.shape
    middle = scene[..., 8:-8, 8:-8]
    assert (middle - fields()[..., : middle.shape[-2], : middle.shape[-1]]).abs().max() < 4e-3
    assert any("changes the size" in line for line in found.kept)


def test_a_quad_mosaic_is_as_good_as_a_bayer_one() -> None:
    raw = camsim.load("reference/srgb").model_dump(exclude_none=True)
    raw = {key: raw[key] for key in ("camsim", "name", "title", "sensor", "isp")}
    raw["sensor"]["cfa"] = "quad-RGGB"
    raw["isp"] = [raw["isp"][0], {"kind": "quad_remosaic"}, *raw["isp"][1:]]
    profile = Profile.model_validate(raw)
    scene = fields()
    found = Unprocess(source=profile).scene(shot(profile, scene))
    assert (centre(found) - centre(scene)).abs().max() < 1e-4


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("machine-vision/imx250-mono", r"its sensor \(mono\) does not see red, green and blue"),
        ("automotive/imx490-hdr", "its sensor's DN are not in proportion to the light"),
    ],
    ids=["mono", "several gains"],
)
def test_sensors_that_do_not_tell_the_light_are_refused(name: str, message: str) -> None:
    with pytest.raises(CamsimError, match=f"source camera {name}: {message}"):
        source_camera(camsim.load(name))
