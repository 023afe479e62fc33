"""A profile with optics: reading, writing, knobs, errors, differences, capture."""

from __future__ import annotations

import copy
import pickle

import jsonschema
import numpy as np
import pytest
import torch
import yaml

import camsim
from audit.camera import Camera, Lineup, open_camera
from audit.search.cameras import Cameras
from audit.search.mixed import MixedSpace, Setting
from camsim import CamsimError, Optics, Profile, ProfileError
from camsim.export import to_onnx
from camsim.optics import PointSpread
from camsim.optics.psf import SRGB_PRIMARIES
from camsim.profile_diff import differences
from camsim.profile_file import ProfileFile, read_profiles, to_yaml

OPTICS = """\
optics:
  pixel_pitch: 2.0
  f_number: 2.8
  focal_length: 5.0
  half_diagonal: 3.0
  distortion: {k1: -0.1, k2: 0.01}
  chromatic_aberration: {red: 1.001, blue: 0.999}
  vignetting: {kind: polynomial, coefficients: [-0.3, 0.02, 0.0]}
  glare: {uniform: 0.01, halo: 0.02, halo_sigma: 0.1}
  motion: {length: 2.0, angle: 30.0}
  psf: {sigma: 0.5, defocus: 3.0, fill_factor: 1.0}
"""


@pytest.fixture
def text(profile_text: str) -> str:
    """The lab's camera with every effect, a source and a range for its blur."""
    text = profile_text.replace("sensor:\n", OPTICS + "sensor:\n", 1)
    text = text.replace("provenance:\n", "provenance:\n  optics.psf.sigma: {source: star test, status: measured}\n")
    return text.replace(
        "search:\n", "search:\n  optics.psf.sigma: {relative: 0.3}\n  optics.f_number: {absolute: 0.2}\n"
    )


@pytest.fixture
def profile(text: str) -> Profile:
    [profile] = read_profiles(text, "lab.yaml")
    return profile


def scenes(count: int = 2, height: int = 24, width: int = 33) -> torch.Tensor:
    return 0.8 * torch.rand(count, 3, height, width, generator=torch.Generator().manual_seed(3))


def test_it_is_written_and_read_back(profile: Profile) -> None:
    assert read_profiles(to_yaml(profile), "again.yaml") == [profile]
    assert list(yaml.safe_load(to_yaml(profile)))[4:6] == ["optics", "sensor"]


def test_without_optics_nothing_is_written_of_it(profile_text: str) -> None:
    [plain] = read_profiles(profile_text, "lab.yaml")
    assert plain.optics is None
    assert "optics" not in yaml.safe_load(to_yaml(plain))


def test_the_json_schema_knows_it(text: str) -> None:
    schema = ProfileFile.model_json_schema()
    jsonschema.validate(yaml.safe_load(text), schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(yaml.safe_load(text.replace("kind: polynomial", "kind: cos9")), schema)


def test_every_mistake_is_told_at_its_line(text: str) -> None:
    wrong = text.replace("sigma: 0.5", "sigma: -3").replace("f_number: 2.8", "f_nummer: 2.8").replace("-0.1", "low")
    with pytest.raises(ProfileError) as caught:
        read_profiles(wrong, "lab.yaml")
    line = text[: text.index("optics:\n")].count("\n") + 1
    assert str(caught.value).splitlines() == [
        f"lab.yaml:{line + 2}: optics.f_nummer: is not a key here",
        f"lab.yaml:{line + 5}: optics.distortion.k1: input should be a valid number, got 'low'",
        f"lab.yaml:{line + 10}: optics.psf.sigma: must lie in [0, 1000] um, got -3",
    ]


def test_knobs_have_names_units_and_ranges(profile: Profile) -> None:
    knobs = profile.knobs()
    assert knobs["optics.psf.sigma"].unit == "um"
    assert knobs["optics.f_number"].bounds == (0.5, 256)
    assert set(profile.ranges()) == {"optics.psf.sigma", "optics.f_number", "sensor.read_noise"}
    assert profile.ranges()["optics.psf.sigma"] == (pytest.approx(0.35), pytest.approx(0.65))
    free = profile.model_copy(update={"search": None})
    assert {"optics.distortion.k1", "optics.glare.uniform", "optics.vignetting.coefficients"} <= set(free.ranges())
    assert set(camsim.compile(profile).knobs) == set(knobs)


def test_knobs_are_turned_and_say_so(profile: Profile) -> None:
    turned = profile.with_knobs({"optics.psf.sigma": 0.6, "optics.f_number": 4.0, "sensor.read_noise": 5.0})
    assert turned.optics is not None
    assert (turned.optics.psf, turned.optics.f_number) == (PointSpread(sigma=0.6, defocus=3.0, fill_factor=1.0), 4.0)
    assert turned.provenance["optics.psf.sigma"].status == "assumed"
    assert turned.optics.distortion == profile.optics.distortion  # type: ignore[union-attr]
    changed = {path for path, *_ in differences(profile.with_knobs({}), turned)}
    assert changed == {"optics.psf.sigma", "optics.f_number", "sensor.read_noise"}
    kept = profile.with_choice({"isp.sharpen": "omit"})
    assert kept.optics == profile.optics
    with pytest.raises(ValueError, match="distortion folds the picture over"):
        profile.with_knobs({"optics.distortion.k1": -4.0})


def test_differences_tell_optics_that_one_lacks(profile: Profile, profile_text: str) -> None:
    [plain] = read_profiles(profile_text, "lab.yaml")
    rows = {path: (first, second) for path, first, second in differences(profile, plain)}
    assert rows["optics.psf.sigma"] == ("0.5", "-")
    assert rows["optics.vignetting.kind"] == ("polynomial", "-")


def test_capture_goes_through_the_optics_first(profile: Profile, profile_text: str) -> None:
    [plain] = read_profiles(profile_text, "lab.yaml")
    with_lens, without = camsim.compile(profile), camsim.compile(plain)
    assert with_lens.optics is not None
    scene = scenes()
    with torch.no_grad():
        light = with_lens.optics(scene)
        assert (light - scene).abs().max() > 0.1
        for seed in (None, 4):
            assert torch.equal(with_lens.capture(scene, seed), without.capture(light, seed))
        assert torch.equal(with_lens.capture(scene, dtype=torch.uint16), without.capture(light, dtype=torch.uint16))
        assert torch.equal(with_lens.capture_uint16(scene, 0, [0, 1]), with_lens.capture(scene, dtype=torch.uint16))


def test_the_gradient_of_a_picture_reaches_every_knob_and_survives_copies(profile: Profile) -> None:
    camera = pickle.loads(pickle.dumps(copy.deepcopy(camsim.compile(profile))))
    camera(scenes(), seed=1).square().mean().backward()
    for name, parameter in camera.named_parameters():
        if name.startswith("optics."):
            assert parameter.grad.abs().max() > 0, name


def test_an_audits_camera_sees_the_same_alone_and_together(profile: Profile, profile_text: str) -> None:
    [plain] = read_profiles(profile_text.replace("lab/one", "lab/two"), "lab.yaml")
    cameras: list[Camera] = [open_camera(profile), open_camera(plain)]
    scene = scenes(1)
    alone = {camera.name: camera.shoot(scene[0], 0, "a") for camera in cameras}
    together = {name: picture for shot in Lineup(cameras).shoot(scene[0], 0, "a") for name, picture in shot.items()}
    for name, picture in alone.items():
        assert np.array_equal(picture, together[name])
    assert not np.array_equal(alone["lab/one"], alone["lab/two"])
    assert np.array_equal(cameras[0].shoot_together(scene, 0, ["a"])[0], alone["lab/one"])


def test_only_what_begins_at_the_mosaic_is_exported(profile: Profile) -> None:
    camera = camsim.compile(profile)
    for source in ("scene", "image"):
        with pytest.raises(CamsimError, match=r"lab/one: has optics.*--from raw"):
            to_onnx(camera, source)  # type: ignore[arg-type]


def test_a_profile_is_built_in_python() -> None:
    base = camsim.load("reference/srgb")
    lens = Optics(pixel_pitch=1.55, f_number=2.8, psf=PointSpread(fill_factor=1.0))
    camera = camsim.compile(base.model_copy(update={"optics": lens, "name": "my/lens"}))
    assert camera.knobs["optics.f_number"].value == pytest.approx(2.8)


def test_a_search_turns_the_optics(profile: Profile) -> None:
    """The space of the profile's ranges, and its camera at a point."""
    space = MixedSpace(profile)
    cameras = Cameras(space)
    start = space.start()
    assert "optics.psf.sigma" in space.space(start.choice).axes
    sharp, soft = (
        cameras.at(Setting(start.choice, np.where(np.arange(start.point.size) == axis, value, start.point)))
        .emulator.knobs["optics.psf.sigma"]
        .value
        for axis, value in [(space.space(start.choice).axes.index("optics.psf.sigma"), end) for end in (0.0, 1.0)]
    )
    assert (sharp, soft) == (pytest.approx(0.35), pytest.approx(0.65))


def test_default_wavelengths_are_the_dominant_ones_of_the_primaries() -> None:
    import colour

    space = colour.RGB_COLOURSPACES["sRGB"]
    for primary, given in zip(space.primaries, SRGB_PRIMARIES, strict=True):
        wavelength, *_ = colour.dominant_wavelength(primary, space.whitepoint)
        assert abs(float(wavelength) - given) < 1
