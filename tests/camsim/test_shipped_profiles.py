"""The YAML that ships with camsim: names, sources, ranges, and numbers that fit together."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import camsim
from camsim.catalog import kind, profiles_folder, read_file, shipped
from camsim.cfa import color_masks
from camsim.profile import Profile

FILES = sorted(profiles_folder().rglob("*.yaml"))
PROFILES = list(shipped().values())
DEVICES = [profile for profile in PROFILES if kind(profile) not in ("seed", "reference")]
COLOR_DEVICES = [profile for profile in DEVICES if profile.sensor.cfa != "mono"]
SEEDS = [profile for profile in PROFILES if kind(profile) == "seed"]
PARAMETRISED = [profile for profile in SEEDS if profile.name.endswith("/parametrised")]
STATIC = [profile for profile in SEEDS if profile not in PARAMETRISED]

PIPELINES = [
    "bi-s-ga",
    "bi-s-me",
    "bi-u-ga",
    "bi-u-me",
    "ma-s-ga",
    "ma-s-me",
    "ma-u-ga",
    "ma-u-me",
    "me-s-ga",
    "me-s-me",
    "me-u-ga",
    "me-u-me",
]

DNG = Path(__file__).parents[3] / "shared/data/raw/nikon_d5000.dng"

HEDGES = re.compile(r"\b(typical|plausible|author's choice|secret|not read in a source|not found)\b")
LOCATOR = re.compile(r"github:\S+/\S+|https?://\S+|dcraw \d|DNG test file")
FORMULA = re.compile(r"[-+*/x^=] |\binverse of\b|github:|https?://|dcraw \d|DNG test file|bit")


def named(profiles: list[Profile]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("profile", profiles, ids=lambda profile: profile.name)


def parts(profile: Profile) -> list[tuple[str, dict[str, Any]]]:
    """What the file states of the sensor and of each stage, under the paths that provenance uses."""
    stages = zip(profile.stage_names(), profile.isp, strict=True)
    return [("sensor", profile.sensor.model_dump(exclude_unset=True))] + [
        (f"isp.{name}", stage.model_dump(exclude_unset=True)) for name, stage in stages
    ]


def numbers(value: Any) -> Iterator[float]:
    if isinstance(value, bool):
        return
    if isinstance(value, int | float):
        yield value
    elif isinstance(value, dict | list | tuple):
        for item in value.values() if isinstance(value, dict) else value:
            yield from numbers(item)


def develop_flat(profile: Profile, rgb: tuple[float, float, float], seed: int | None = None) -> torch.Tensor:
    """(3, 16, 16): what the device shows of an even scene, away from the border."""
    camera = camsim.compile(profile, dtype=torch.float64)
    side = 96 if profile.changes_size else 48
    scene = torch.tensor(rgb, dtype=torch.float64)[None, :, None, None].expand(1, 3, side, side).contiguous()
    with torch.no_grad():
        return camera.develop(camera.capture(scene, seed=seed))[0, :, 16:32, 16:32]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_file_is_named_as_its_profile(path: Path) -> None:
    expected = path.relative_to(profiles_folder()).with_suffix("").as_posix()
    names = {profile.name for profile in read_file(path)}
    variants = {f"{expected}/{pipeline}" for pipeline in PIPELINES}
    assert names == (variants if path.parent.name == "seed" else {expected})
    assert re.fullmatch(r"[a-z0-9._/-]+", expected)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_file_reads_well_and_takes_nothing_of_a_share_alike_licence(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert max(map(len, text.splitlines())) <= 120
    assert "\t" not in text
    assert not re.search(r"noiseprofiles|TODO|FIXME", text)


def test_there_are_devices_of_many_kinds() -> None:
    assert len(DEVICES) >= 12
    kinds = {kind(profile) for profile in DEVICES}
    assert kinds >= {"automotive", "board", "drone", "machine-vision", "phone", "still"}
    assert {profile.sensor.cfa for profile in DEVICES} >= {"RGGB", "BGGR", "GBRG", "quad-BGGR", "x-trans", "mono"}


def test_the_reference_ships() -> None:
    assert [profile.name for profile in PROFILES if kind(profile) == "reference"] == ["reference/srgb"]


@pytest.mark.parametrize("family", ["drone", "microscope"])
def test_a_seed_family_has_the_twelve_pipelines(family: str) -> None:
    names = [profile.name for profile in STATIC if profile.name.startswith(f"seed/{family}/")]
    assert names == [f"seed/{family}/{pipeline}" for pipeline in PIPELINES]
    assert len(STATIC) == 24


def test_each_seed_camera_has_its_parametrised_pipeline() -> None:
    assert [profile.name for profile in PARAMETRISED] == ["seed/drone/parametrised", "seed/microscope/parametrised"]


@named(PARAMETRISED)
def test_every_number_of_the_parametrised_isp_can_be_learnt(profile: Profile) -> None:
    learnt = {name for name in profile.knobs() if name.startswith("isp.")}
    assert learnt == {
        "isp.black_level.level",
        "isp.white_balance.gains",
        "isp.color_matrix.matrix",
        "isp.sharpen.kernel",
        "isp.denoise.kernel",
        "isp.gamma.gamma",
        "isp.additive_layer.offsets",
    }


@named(PARAMETRISED)
def test_the_parametrised_pipeline_begins_as_the_static_one_that_it_parametrises(profile: Profile) -> None:
    """But for the clip at 1e-5: that alone shifts the encoded picture, by at most 1e-5^(1/2.2) = 0.0053 where it is
    black."""
    static = shipped()[profile.name.replace("parametrised", "bi-s-ga")]
    assert profile.sensor == static.sensor
    generator = torch.Generator().manual_seed(5)
    scene = torch.rand(2, 3, 21, 34, generator=generator, dtype=torch.float64)
    with torch.no_grad():
        ours, theirs = (camsim.compile(one, dtype=torch.float64)(scene, seed=1) for one in (profile, static))
    assert (ours - theirs).abs().max() <= 1e-5 ** (1 / 2.2) + 1e-9
    bright = theirs > 0.01
    assert bright.double().mean() > 0.5
    torch.testing.assert_close(ours[bright], theirs[bright], rtol=0, atol=1e-8)


@named(PROFILES)
def test_every_number_has_a_source(profile: Profile) -> None:
    counted = 0
    for path, fields in parts(profile):
        for field, value in fields.items():
            if any(True for _ in numbers(value)):
                counted += 1
                above = {path.split(".")[0], path, f"{path}.{field}"}
                assert above & set(profile.provenance), f"{path}.{field} has no source"
    assert counted >= 8


@named(PROFILES)
def test_a_guess_is_called_assumed_and_a_fact_can_be_looked_up(profile: Profile) -> None:
    for path, entry in profile.provenance.items():
        if HEDGES.search(entry.source):
            assert entry.status == "assumed", f"{path}: {entry.source}"
        if entry.status in ("measured", "datasheet", "published"):
            assert LOCATOR.search(entry.source), f"{path} has no place to look it up: {entry.source}"
        elif entry.status == "derived":
            assert FORMULA.search(entry.source), f"{path} does not say from what: {entry.source}"
        else:
            assert len(entry.source.split()) >= 5, f"{path} gives no reason: {entry.source}"


@named(PROFILES)
def test_the_plausible_range_of_a_knob_contains_its_value(profile: Profile) -> None:
    knobs, ranges = profile.knobs(), profile.ranges()
    assert ranges
    for name, (low, high) in ranges.items():
        assert np.all(low <= knobs[name].value), name
        assert np.all(knobs[name].value <= high), name


@named(DEVICES)
def test_a_device_says_which_of_its_knobs_vary(profile: Profile) -> None:
    assert profile.search is not None
    assert all(np.all(low < high) for low, high in profile.ranges().values())
    common = {"sensor.exposure", "sensor.black_level"}
    common |= {"isp.white_balance.gains", "isp.color_matrix.matrix"} if profile in COLOR_DEVICES else set()
    assert set(profile.search) >= common
    strengths = {name for name in profile.knobs() if name.endswith((".amount", ".sigma", ".gamma.gamma"))}
    assert strengths <= set(profile.search)


@named(DEVICES)
def test_the_pixel_can_fill_the_range_of_the_adc(profile: Profile) -> None:
    sensor = profile.sensor
    assert isinstance(sensor.black_level, float | int)
    assert isinstance(sensor.white_level, float | int)
    full = 2**sensor.bit_depth - 1 if sensor.hdr is not None else sensor.white_level  # of the first reading
    assert sensor.full_well * sensor.system_gain + sensor.black_level >= full - 1e-6
    assert sensor.read_noise < sensor.full_well / 100


@named(COLOR_DEVICES)
def test_white_balanced_neutral_is_neutral_after_the_colour_matrix(profile: Profile) -> None:
    [matrix] = [np.array(stage.matrix) for stage in profile.isp if stage.kind == "color_matrix"]
    [gains] = [stage.gains for stage in profile.isp if stage.kind == "white_balance"]
    np.testing.assert_allclose(matrix.sum(axis=1), 1, atol=2e-5)  # rows: out = M rgb
    assert gains[1] == 1
    assert np.array_equal(matrix.argmax(axis=1), [0, 1, 2])  # each output leans on its own colour: no swapped rows


@named(DEVICES)
def test_a_grey_card_comes_out_grey_and_in_its_place(profile: Profile) -> None:
    shown = develop_flat(profile, (0.18, 0.18, 0.18))
    expected = 0.18 ** (1 / 2.2) if kind(profile) == "automotive" else 1.055 * 0.18 ** (1 / 2.4) - 0.055
    torch.testing.assert_close(shown, torch.full_like(shown, expected), atol=8e-3, rtol=0)


@named(DEVICES)
def test_an_overexposed_scene_comes_out_white(profile: Profile) -> None:
    light = 6.0 if profile.sensor.hdr is None else 200.0
    torch.testing.assert_close(develop_flat(profile, (light,) * 3), torch.ones(3, 16, 16).double(), atol=6e-3, rtol=0)


@named([profile for profile in PROFILES if kind(profile) != "reference"])
def test_devices_are_noisier_than_the_reference(profile: Profile) -> None:
    def noise(name: Profile) -> float:
        return float(develop_flat(name, (0.05, 0.05, 0.05), seed=3).std(dim=(1, 2)).mean())

    assert 2 * noise(shipped()["reference/srgb"]) < noise(profile) < 0.1


def test_the_reference_leaves_colours_alone() -> None:
    shown = develop_flat(shipped()["reference/srgb"], (0.7, 0.2, 0.04))
    expected = [1.055 * value ** (1 / 2.4) - 0.055 for value in (0.7, 0.2, 0.04)]
    np.testing.assert_allclose(shown.mean(dim=(1, 2)), expected, atol=1e-4)


SEED_CAMERAS: dict[str, dict[str, Any]] = {
    "microscope": {
        "black": [9.834368023181512e-06] * 4,
        "gains": (-0.6567, 1.9673, 3.5304),
        "matrix": ((-2.0338, 0.0933, 0.4157), (-0.0286, 2.6464, -0.0574), (-0.5516, -0.0947, 2.9308)),
        "gain_16_bit": 1 / 0.46,
        "read_noise": 2.5,
        "full_well": 30000,
    },
    "drone": {
        "black": [0.0625, 0.0626, 0.0625, 0.0626],
        "gains": (2.86653646, 1.0, 1.73079425),
        "matrix": (
            (1.50768983, -0.33571374, -0.17197604),
            (-0.23048614, 1.70698738, -0.47650126),
            (-0.03119153, -0.32803956, 1.35923111),
        ),
        "gain_16_bit": 8.448,
        "read_noise": 3.0,
        "full_well": 14500,
    },
}


@named(STATIC)
def test_a_seed_profile_has_the_numbers_of_the_original_study(profile: Profile) -> None:
    _, family, pipeline = profile.name.split("/")
    facts = SEED_CAMERAS[family]
    demosaic, sharpen, denoise = pipeline.split("-")
    sharpeners = {
        "s": {"kind": "sharpen", "method": "sharpening_filter", "channels": "luma"},
        "u": {
            "kind": "sharpen",
            "method": "unsharp_mask",
            "radius": 1.0,
            "amount": 1.0,
            "axis": "vertical",
            "channels": "luma",
        },
    }
    denoisers = {
        "ga": {"kind": "denoise", "method": "gaussian", "sigma": 0.5, "channels": "luma"},
        "me": {"kind": "denoise", "method": "median", "size": 3, "channels": "luma"},
    }
    black, *rest = [stage.model_dump() for stage in profile.isp]
    assert rest == [
        {"kind": "demosaic", "method": {"bi": "bilinear", "ma": "malvar2004", "me": "menon2007"}[demosaic]},
        {"kind": "white_balance", "gains": facts["gains"]},
        {"kind": "color_matrix", "matrix": facts["matrix"]},
        sharpeners[sharpen],
        denoisers[denoise],
        {"kind": "clip", "low": 0.0, "high": 1.0},
        {"kind": "gamma", "encoding": "power", "gamma": 2.2},
    ]
    assert black["normalize"] is False
    np.testing.assert_allclose(np.array(black["level"]) / 65535, facts["black"], rtol=1e-12)

    sensor, raw = profile.sensor, profile.raw_format
    assert (raw.cfa, raw.full_scale) == ("RGGB", 65535)
    assert sensor.system_gain * sensor.justification == pytest.approx(facts["gain_16_bit"], rel=1e-4)
    assert (sensor.read_noise, sensor.full_well) == (facts["read_noise"], facts["full_well"])
    # The pedestal that the sensor adds is what the chain subtracts, to a rounding of the 12-bit level.
    np.testing.assert_allclose(raw.black, np.array(facts["black"]) * 65535, atol=8)


@pytest.mark.parametrize("family", ["drone", "microscope"])
def test_a_seed_profile_develops_an_even_mosaic_as_the_study_did(family: str) -> None:
    facts = SEED_CAMERAS[family]
    camera = camsim.compile(f"seed/{family}/ma-s-ga", dtype=torch.float64)
    # A mosaic of one colour: the study's camera RGB is DN / 65535 - black, for each CFA site.
    dn = torch.tensor([30000.0, 20000.0, 12000.0], dtype=torch.float64)
    raw = (dn[:, None, None] * color_masks("RGGB", 32, 32, like=dn)).sum(dim=0)[None, None]
    with torch.no_grad():
        shown = camera.develop(raw)[0, :, 12:20, 12:20]
    black = np.array(facts["black"])
    # Sites R, G, G, B in reading order; the two greens, whose black levels differ, are averaged by the demosaic.
    rgb = dn.numpy() / 65535 - [black[0], (black[1] + black[2]) / 2, black[3]]
    linear = np.array(facts["matrix"]) @ (np.array(facts["gains"]) * rgb)
    expected = np.clip(linear, 0, 1) ** (1 / 2.2)
    np.testing.assert_allclose(shown.mean(dim=(1, 2)), expected, atol=2e-4)


@pytest.mark.shared
@pytest.mark.skipif(not DNG.is_file(), reason=f"needs {DNG}")
def test_the_nikon_d5000_develops_its_file_as_libraw_does() -> None:
    import rawpy

    with rawpy.imread(str(DNG)) as raw:
        mosaic = raw.raw_image_visible[600:1112, 400:912].astype(np.float32)
        expected = raw.postprocess(
            use_camera_wb=True, no_auto_bright=True, gamma=(2.4, 12.92), output_color=rawpy.ColorSpace.sRGB
        )[600:1112, 400:912]
    with torch.no_grad():
        shown = camsim.compile("still/nikon-d5000").develop(torch.from_numpy(mosaic)[None, None])
    error = shown[0].permute(1, 2, 0).numpy()[8:-8, 8:-8] - expected[8:-8, 8:-8] / 255.0
    assert np.abs(np.median(error, axis=(0, 1))).max() < 0.005
    assert np.median(np.abs(error)) < 0.006
