"""The compiled emulator: knobs, gradients, noise, input checks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.func import functional_call, grad, vmap

import camsim
from camsim.errors import CamsimError
from camsim.profile import Profile
from camsim.profile_file import read_profiles

EVERY_STAGE = {
    "isp": [
        {"kind": "black_level"},
        {"kind": "demosaic", "method": "menon2007"},
        {"kind": "white_balance", "gains": [2.0, 1.0, 1.5]},
        {"kind": "denoise", "method": "median", "size": 3, "channels": "rgb"},
        {"kind": "color_matrix", "matrix": [[1.5, -0.3, -0.2], [-0.2, 1.7, -0.5], [0.0, -0.3, 1.3]]},
        {"kind": "sharpen", "method": "sharpening_filter"},
        {"kind": "denoise", "method": "gaussian", "sigma": 0.8},
        {"kind": "clip"},
        {"kind": "gamma", "encoding": "power", "gamma": 2.2},
        {"kind": "sharpen", "method": "unsharp_mask", "radius": 1.0, "amount": 0.5, "channels": "rgb"},
    ],
    "search": None,
    "provenance": {},
}


@pytest.fixture(scope="module")
def profile(profile_text: str) -> Profile:
    [profile] = read_profiles(profile_text, "lab.yaml")
    return Profile.model_validate(profile.model_dump() | EVERY_STAGE)


@pytest.fixture(scope="module")
def camera(profile: Profile) -> camsim.Emulator:
    return camsim.compile(profile)


@pytest.fixture(scope="module")
def double(profile: Profile) -> camsim.Emulator:
    return camsim.compile(profile, dtype=torch.float64)


def scenes(batch: int = 1, height: int = 20, width: int = 22, dtype: torch.dtype = torch.float32) -> Tensor:
    generator = torch.Generator().manual_seed(3)
    return torch.rand(batch, 3, height, width, generator=generator, dtype=torch.float64).to(dtype)


def test_parameters_are_exactly_the_knobs(camera: camsim.Emulator, profile: Profile) -> None:
    assert {name for name, _ in camera.named_parameters()} == set(profile.knobs()) == set(camera.knobs)
    assert "isp.sharpen_2.radius" in camera.knobs
    assert "isp.denoise_2.sigma" in camera.knobs


def test_knobs_show_the_values_of_now(profile: Profile) -> None:
    camera = camsim.compile(profile)
    with torch.no_grad():
        camera.get_parameter("isp.white_balance.gains").mul_(1.1)
    np.testing.assert_allclose(camera.knobs["isp.white_balance.gains"].value, [2.2, 1.1, 1.65], rtol=1e-6)
    assert camera.knobs["isp.white_balance.gains"].bounds == (-16, 16)
    assert camera.knobs["sensor.read_noise"].unit == "e-"
    again = profile.with_knobs({name: knob.value for name, knob in camera.knobs.items()})
    assert torch.equal(camsim.compile(again)(scenes()), camera(scenes()))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=["f32", "f64"])
def test_dtype_is_that_of_knobs_and_results(profile: Profile, dtype: torch.dtype) -> None:
    camera = camsim.compile(profile, dtype=dtype)
    assert {tensor.dtype for tensor in (*camera.parameters(), *camera.buffers())} == {dtype}
    for given in (torch.float32, torch.float64):
        raw = camera.capture(scenes(dtype=given))
        assert raw.dtype == camera.develop(raw).dtype == camera(scenes(dtype=given)).dtype == dtype


def test_float64_knobs_are_not_rounded(double: camsim.Emulator) -> None:
    assert double.get_parameter("isp.gamma.gamma").item() == 2.2


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.int32, torch.complex64])
def test_other_dtypes_are_refused(profile: Profile, dtype: torch.dtype) -> None:
    with pytest.raises(CamsimError, match=r"must be torch.float32 or torch.float64, got torch\."):
        camsim.compile(profile, dtype=dtype)


def test_names_and_files_are_compiled(tmp_path: Any, profile_text: str) -> None:
    assert camsim.compile("reference/srgb").profile.name == "reference/srgb"
    path = tmp_path / "lab.yaml"
    path.write_text(profile_text)
    assert camsim.compile(path).profile.name == "lab/one"
    with pytest.raises(CamsimError, match="did you mean 'reference/srgb'"):
        camsim.compile("reference/srbg")


def test_forward_is_capture_then_develop(camera: camsim.Emulator) -> None:
    scene = scenes(2)
    raw = camera.capture(scene, seed=4, ids=["a", "b"])
    assert raw.shape == (2, 1, 20, 22)
    assert torch.equal(camera(scene, 4, ["a", "b"]), camera.develop(raw))
    assert not torch.equal(camera(scene, 5, ["a", "b"]), camera.develop(raw))


def test_developing_is_the_stages_one_after_the_other(camera: camsim.Emulator) -> None:
    image = raw = camera.capture(scenes())
    for stage in camera.isp.stages().values():
        image = stage(image)
    assert torch.equal(image, camera.develop(raw))
    assert tuple(camera.isp.stages()) == camera.profile.stage_names()


@pytest.mark.parametrize("size", [(2, 2), (3, 7), (21, 16), (15, 15)], ids="{0[0]}x{0[1]}".format)
def test_odd_and_small_frames(camera: camsim.Emulator, size: tuple[int, int]) -> None:
    rgb = camera(scenes(1, *size))
    assert rgb.shape == (1, 3, *size)
    assert torch.isfinite(rgb).all()


def test_results_do_not_depend_on_the_batch(camera: camsim.Emulator) -> None:
    scene, ids = scenes(4), ["a", "b", "c", "d"]
    whole = camera(scene, 1, ids)
    for order in ([3, 1], [2], [1, 0, 3, 2]):
        part = camera(scene[order], 1, [ids[i] for i in order])
        assert (part - whole[order]).abs().max() < 1e-6
        assert torch.equal(
            camera.capture(scene[order], 1, [ids[i] for i in order]), camera.capture(scene, 1, ids)[order]
        )


def test_ids_left_out_count_from_zero(camera: camsim.Emulator) -> None:
    whole = camera.capture(scenes(3))
    assert torch.equal(camera.capture(scenes(3), ids=[0, 1, 2]), whole)
    assert torch.equal(camera.capture(scenes(3), ids=list(np.arange(3))), whole)
    assert torch.equal(camera.capture(scenes(3)[1:2], ids=[1]), whole[1:2])


def test_without_seed_capture_is_the_same_again_and_free_of_noise(double: camsim.Emulator) -> None:
    scene = scenes(1, dtype=torch.float64)
    clean = double.capture(scene, seed=None)
    assert torch.equal(clean, double.capture(scene, seed=None, ids=["other"]))
    frames = torch.cat([double.capture(scene, seed=seed) for seed in range(64)])
    assert ((frames.mean(0) - clean).abs() < 5 * frames.std(0) / 8 + 1).all()


def test_float32_agrees_with_float64(camera: camsim.Emulator, double: camsim.Emulator) -> None:
    scene = scenes(2, 40, 40)
    with torch.no_grad():
        raw = camera.capture(scene, seed=None)
        assert (raw - double.capture(scene, seed=None)).abs().max() <= 1  # a rounding of the ADC the other way
        difference = (camera.develop(raw) - double.develop(raw)).abs()
        linear = (double.isp.stages(), raw.double())
        image = linear[1]
        for name, stage in linear[0].items():
            if name == "gamma":
                break
            image = stage(image)
    # Near 0 x^(1/2.2) turns rounding of 1e-6 into more; sharpening then spreads it to the neighbours.
    dark = torch.nn.functional.max_pool2d(((image > 0) & (image < 0.004)).double(), 9, 1, 4) > 0
    assert difference[~dark].max() < 1e-5
    assert (~dark).double().mean() > 0.1


@pytest.mark.parametrize("dtype", [torch.uint8, torch.int16, torch.uint16, torch.int32, torch.int64])
def test_integer_mosaics_are_developed(camera: camsim.Emulator, dtype: torch.dtype) -> None:
    dn = torch.randint(0, 250, (1, 1, 8, 8), generator=torch.Generator().manual_seed(0))
    assert torch.equal(camera.develop(dn.to(dtype)), camera.develop(dn.float()))


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (torch.zeros(1, 3, 8, 8), r"raw needs the shape \(B, 1, H, W\), at least 2x2, got \(1, 3, 8, 8\)"),
        (torch.zeros(8, 8), "raw needs the shape"),
        (torch.zeros(1, 1, 1, 8), "raw needs the shape"),
        (torch.zeros(0, 1, 8, 8), "raw needs the shape"),
        (
            torch.full((1, 1, 8, 8), 4096.0),
            "reach from 4096 to 4096, but lab/one gives DN from 0 to 4095; check the bit",
        ),
        (torch.full((1, 1, 8, 8), 65535).to(torch.uint16), "reach from 65535 to 65535"),
        (torch.full((1, 1, 8, 8), -1.0), "reach from -1 to -1"),
        (torch.full((1, 1, 8, 8), torch.nan), "reach from nan to nan"),
        (torch.full((1, 1, 8, 8), torch.inf), "reach from inf to inf"),
        (torch.full((1, 1, 8, 8), 0.5), r"lie in \[0, 1\]; lab/one takes DN from 0 to 4095: multiply by 4095"),
    ],
    ids=[
        "RGB",
        "two dimensions",
        "one row",
        "empty",
        "above",
        "above, uint16",
        "negative",
        "NaN",
        "infinite",
        "scaled",
    ],
)
def test_mosaics_of_another_camera_are_refused(camera: camsim.Emulator, raw: Tensor, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        camera.develop(raw)


def test_a_dark_mosaic_is_not_taken_for_a_scaled_one(camera: camsim.Emulator) -> None:
    for level in (0.0, 1.0):
        assert torch.isfinite(camera.develop(torch.full((1, 1, 8, 8), level))).all()


@pytest.mark.parametrize(
    ("scene", "message"),
    [
        (torch.zeros(1, 1, 8, 8), r"scene needs the shape \(B, 3, H, W\), at least 2x2, got \(1, 1, 8, 8\)"),
        (torch.zeros(3, 8, 8), "scene needs the shape"),
        (torch.zeros(1, 3, 8, 1), "scene needs the shape"),
        (torch.full((1, 3, 8, 8), torch.nan), "the scene has NaN or infinite values"),
        (torch.full((1, 3, 8, 8), torch.inf), "the scene has NaN or infinite values"),
        (torch.zeros(1, 3, 8, 8, dtype=torch.uint8), "needs floating-point light, got torch.uint8"),
    ],
    ids=["grey", "three dimensions", "one column", "NaN", "infinite", "8 bit"],
)
def test_what_is_no_scene_is_refused(camera: camsim.Emulator, scene: Tensor, message: str) -> None:
    for use in (camera.capture, camera):
        with pytest.raises(ValueError, match=message):
            use(scene)


@pytest.mark.parametrize("ids", [[], ["a"], ["a", "b", "c"]])
def test_one_id_for_each_sample(camera: camsim.Emulator, ids: list[str]) -> None:
    with pytest.raises(ValueError, match=f"needs one id for each of 2 samples, got {len(ids)}"):
        camera.capture(scenes(2), ids=ids)


def test_gradients_reach_every_knob_and_the_scene(profile: Profile) -> None:
    dim_well = profile.with_knobs({"sensor.full_well": 3000.0})  # so that some pixels saturate
    camera = camsim.compile(dim_well, dtype=torch.float64)
    scene = scenes(dtype=torch.float64).requires_grad_()
    camera(scene).square().sum().backward()
    for name, parameter in camera.named_parameters():
        assert parameter.grad is not None, name
        assert torch.isfinite(parameter.grad).all(), name
        assert (parameter.grad != 0).all(), name
    assert scene.grad is not None
    assert torch.isfinite(scene.grad).all()
    assert (scene.grad != 0).any()


@pytest.mark.parametrize("name", ["seed/microscope/ma-u-ga", "seed/drone/me-s-me", "reference/srgb"])
def test_gradients_of_shipped_profiles_are_finite(name: str) -> None:
    camera = camsim.compile(name)
    camera(scenes()).square().sum().backward()
    for knob, parameter in camera.named_parameters():
        assert parameter.grad is not None, knob
        assert torch.isfinite(parameter.grad).all(), knob


def turn(camera: camsim.Emulator, name: str, factor: float) -> Tensor:
    return camera.get_parameter(name).detach() * factor


def test_turning_a_knob_for_one_call_is_turning_it_in_the_profile(profile: Profile, double: camsim.Emulator) -> None:
    scene = scenes(dtype=torch.float64)
    before = double(scene)
    for name in ("sensor.exposure", "isp.white_balance.gains", "isp.gamma.gamma", "isp.sharpen_2.amount"):
        turned = turn(double, name, 0.9)
        once = functional_call(double, {name: turned}, (scene,))
        anew = camsim.compile(profile.with_knobs({name: turned.numpy()}), dtype=torch.float64)(scene)
        assert (once - anew).abs().max() < 1e-12
        assert (once - before).abs().max() > 1e-3
    assert torch.equal(double(scene), before)


def isp_knobs(name: str) -> list[Any]:
    return [
        pytest.param(name, knob.removeprefix("isp."), id=knob) for knob in camsim.load(name).knobs() if "isp." in knob
    ]


@pytest.mark.parametrize(("name", "knob"), [*isp_knobs("seed/drone/me-u-ga"), *isp_knobs("seed/microscope/ma-s-me")])
def test_vmap_over_a_knob(name: str, knob: str) -> None:
    camera = camsim.compile(name, dtype=torch.float64)
    raw = camera.capture(scenes()).detach()
    values = torch.stack([turn(camera, f"isp.{knob}", factor) for factor in (0.95, 1.0, 1.02)])

    def develop(value: Tensor) -> Tensor:
        result: Tensor = functional_call(camera.isp, {knob: value}, (raw,))
        return result

    many = vmap(develop)(values)
    for value, picture in zip(values, many, strict=True):
        assert (develop(value) - picture).abs().max() < 1e-9
    per_value = vmap(grad(lambda value: develop(value).square().mean()))(values)
    assert per_value.shape == values.shape
    assert torch.isfinite(per_value).all()


@pytest.fixture(scope="module")
def show_grey() -> Callable[[str | Profile, float], Tensor]:
    def show(name: str | Profile, level: float) -> Tensor:
        camera = camsim.compile(name, dtype=torch.float64)
        with torch.no_grad():
            return camera.develop(camera.capture(torch.full((1, 3, 32, 32), level, dtype=torch.float64), seed=None))

    return show


@pytest.mark.parametrize("level", [0.05, 0.18, 0.5, 0.9])
def test_a_camera_that_inverts_its_isp_shows_grey_as_grey(
    profile: Profile, show_grey: Callable[[str | Profile, float], Tensor], level: float
) -> None:
    picture = show_grey(profile, level)
    gain = max(2.0, 1.5) * 2  # of a DN's rounding, by white balance and matrix
    error = gain / 3839 * level ** (1 / 2.2 - 1) / 2.2
    assert (picture - level ** (1 / 2.2)).abs().max() < error


@pytest.mark.parametrize(
    ("camera", "white"), [("microscope", (65535 - 0.6444953083992004) / 65535), ("drone", (4095 - 256) * 16 / 65535)]
)
@pytest.mark.parametrize("pipeline", ["bi-s-ga", "ma-u-me", "me-s-me", "me-u-ga"])
@pytest.mark.parametrize("level", [0.18, 0.6])
def test_the_seed_cameras_show_grey_below_white_by_their_missing_rescale(
    show_grey: Callable[[str | Profile, float], Tensor], camera: str, white: float, pipeline: str, level: float
) -> None:
    picture = show_grey(f"seed/{camera}/{pipeline}", level)
    assert (picture - (level * white) ** (1 / 2.2)).abs().max() < 2e-3
