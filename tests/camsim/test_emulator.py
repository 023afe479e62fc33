"""The compiled emulator: precision, noise, input checks, what it shows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

import camsim
from camsim.errors import CamsimError
from camsim.profile import Profile


@pytest.fixture(scope="module")
def camera(every_stage: Profile) -> camsim.Emulator:
    return camsim.compile(every_stage)


@pytest.fixture(scope="module")
def double(every_stage: Profile) -> camsim.Emulator:
    return camsim.compile(every_stage, dtype=torch.float64)


def scenes(batch: int = 1, height: int = 20, width: int = 22, dtype: torch.dtype = torch.float32) -> Tensor:
    generator = torch.Generator().manual_seed(3)
    return torch.rand(batch, 3, height, width, generator=generator, dtype=torch.float64).to(dtype)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=["f32", "f64"])
def test_dtype_is_that_of_knobs_and_results(every_stage: Profile, dtype: torch.dtype) -> None:
    camera = camsim.compile(every_stage, dtype=dtype)
    assert {tensor.dtype for tensor in (*camera.parameters(), *camera.buffers())} == {dtype}
    for given in (torch.float32, torch.float64):
        raw = camera.capture(scenes(dtype=given))
        assert raw.dtype == camera.develop(raw).dtype == camera(scenes(dtype=given)).dtype == dtype


def test_float64_knobs_are_not_rounded(double: camsim.Emulator) -> None:
    assert double.get_parameter("isp.gamma.gamma").item() == 2.2


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.int32, torch.complex64])
def test_other_dtypes_are_refused(every_stage: Profile, dtype: torch.dtype) -> None:
    with pytest.raises(CamsimError, match=r"must be torch.float32 or torch.float64, got torch\."):
        camsim.compile(every_stage, dtype=dtype)


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
    plain = camsim.compile(camera.profile, fused=False)
    plain.load_state_dict(camera.state_dict())
    assert torch.equal(image, plain.develop(raw))
    torch.testing.assert_close(image, camera.develop(raw), rtol=0, atol=5e-6)  # fused where it can be
    assert tuple(camera.isp.stages()) == camera.profile.stage_names()


@pytest.mark.parametrize("size", [(2, 2), (3, 7), (21, 16), (15, 15)], ids="{0[0]}x{0[1]}".format)
def test_odd_and_small_frames(camera: camsim.Emulator, size: tuple[int, int]) -> None:
    rgb = camera(scenes(1, *size))
    assert rgb.shape == (1, 3, *size)
    assert torch.isfinite(rgb).all()


def test_results_do_not_depend_on_the_batch(double: camsim.Emulator) -> None:
    scene, ids = scenes(4), ["a", "b", "c", "d"]
    raw, rgb = double.capture(scene, 1, ids), double(scene, 1, ids)
    for order in ([3, 1], [2], [1, 0, 3, 2]):
        names = [ids[i] for i in order]
        assert torch.equal(double.capture(scene[order], 1, names), raw[order])
        assert (double(scene[order], 1, names) - rgb[order]).abs().max() < 1e-9


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


@pytest.mark.parametrize("name", ["reference/srgb", "board/rpi-hq-imx477", "phone/pixel-4a-imx363"])
def test_float32_agrees_with_float64(name: str) -> None:
    """With the sRGB curve, that is: x^(1/2.2) has no bounded slope at 0; see test_seed_pipelines for those chains."""
    single, double = camsim.compile(name), camsim.compile(name, dtype=torch.float64)
    scene = scenes(2, 40, 40)
    with torch.no_grad():
        raw = single.capture(scene, seed=None)
        assert (raw - double.capture(scene, seed=None)).abs().max() <= 1  # where the ADC rounds the other way
        assert (single.develop(raw) - double.develop(raw)).abs().max() < 1e-5


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
            "reach from 4096 to 4096, but lab/one gives DN from 0 to 4095; check",
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
    for level, dtype in [(0.0, torch.float32), (1.0, torch.float32), (1, torch.uint16)]:
        assert torch.isfinite(camera.develop(torch.full((1, 1, 8, 8), level, dtype=dtype))).all()


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


@pytest.fixture(scope="module")
def show_grey() -> Callable[[str | Profile, float], Tensor]:
    def show(name: str | Profile, level: float) -> Tensor:
        camera = camsim.compile(name, dtype=torch.float64)
        with torch.no_grad():
            return camera.develop(camera.capture(torch.full((1, 3, 32, 32), level, dtype=torch.float64), seed=None))

    return show


@pytest.mark.parametrize("level", [0.05, 0.18, 0.5, 0.9])
def test_a_camera_that_inverts_its_isp_shows_grey_as_grey(
    every_stage: Profile, show_grey: Callable[[str | Profile, float], Tensor], level: float
) -> None:
    picture = show_grey(every_stage, level)
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


@pytest.mark.parametrize("fused", [None, False])
def test_light_that_no_scene_has_is_refused(fused: bool | None) -> None:
    camera, scene = camsim.compile("machine-vision/imx250", fused=fused), torch.full((1, 3, 16, 16), 0.5)
    scene[0, 1, 3, 4] = 9e19
    assert bool(camera.capture(scene).isfinite().all())
    scene[0, 1, 3, 4] = 3e38
    with pytest.raises(ValueError, match=r"reaches 3e\+38 times diffuse white"):
        camera.capture(scene)


def test_electrons_beyond_float32_fill_the_pixel() -> None:
    """An audit captures without the check of the scene, and must not hang."""
    camera = camsim.compile("machine-vision/imx250")
    dn = camera.capture_uint16(torch.full((1, 3, 16, 16), 3e38), 0, ["a"])
    assert dn.unique().tolist() == [camera.profile.raw_format.full_scale]
