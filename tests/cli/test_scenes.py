"""Scenes from pictures, RAW and linear files: the options of `camsim capture` and `camsim emulate`, and of audits."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

import camsim
from camsim.exposure import auto_ev
from camsim.unprocess import Unprocess, from_display

from .conftest import Invoke

SOURCE, TARGET = "phone/pixel-4a-imx363", "still/nikon-d850"


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    import skimage.data

    path = tmp_path / "photo.png"
    pixels = skimage.data.astronaut()[:64, :80].copy()
    pixels[:16, :16] = 252
    Image.fromarray(pixels).save(path)
    return path


@pytest.fixture
def mosaic(tmp_path: Path) -> Path:
    """As the source takes a soft scene."""
    scene = torch.rand(1, 3, 6, 8, generator=torch.Generator().manual_seed(0)) * 0.5 + 0.1
    soft = torch.nn.functional.interpolate(scene, (96, 128), mode="bilinear", align_corners=True)
    with torch.no_grad():
        np.save(tmp_path / "mosaic.npy", camsim.compile(SOURCE).capture(soft, seed=7)[0, 0].numpy())
    return tmp_path / "mosaic.npy"


@torch.no_grad()
def test_a_source_camera_is_undone_before_another_looks(invoke: Invoke, photo: Path, tmp_path: Path) -> None:
    options = ["--source-camera", SOURCE, "--highlights", "preserve"]
    assert invoke("emulate", photo, "--profile", TARGET, *options, "--out", "out.npy").exit_code == 0
    how = Unprocess(source=camsim.load(SOURCE), highlights="preserve")
    scene = from_display(np.asarray(Image.open(photo)).copy(), how)
    expected = camsim.compile(TARGET)(scene[None], 0, [photo.name])[0].permute(1, 2, 0)
    np.testing.assert_array_equal(np.load(tmp_path / "out.npy"), expected.numpy())


def test_each_choice_gives_another_mosaic(invoke: Invoke, photo: Path, tmp_path: Path) -> None:
    choices = [
        [],
        ["--tone", "smoothstep"],
        ["--highlights", "extrapolate"],
        ["--highlights", "extrapolate=16"],
        ["--source-camera", "seed/drone/bi-s-ga"],
        ["--ev", "-1"],
        ["--ev", "auto"],
    ]
    found = []
    for number, choice in enumerate(choices):
        done = invoke("capture", photo, "--profile", "automotive/imx490", *choice, "--out", f"{number}.npy")
        assert done.exit_code == 0, done.output
        found.append(np.load(tmp_path / f"{number}.npy"))
    assert all(not np.array_equal(one, other) for at, one in enumerate(found) for other in found[at + 1 :])


def test_exposure_is_a_factor_on_the_light(invoke: Invoke, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    light = rng.uniform(0.5, 40, (24, 32, 3)).astype(np.float32)
    np.save(tmp_path / "panorama.npy", light)
    ev = auto_ev(torch.from_numpy(light).permute(2, 0, 1))
    np.save(tmp_path / "known.npy", light * np.float32(2.0**ev))
    done = invoke("capture", "panorama.npy", "--profile", TARGET, "--ev", "auto", "--out", "auto.npy")
    assert done.exit_code == 0
    assert f"panorama.npy: exposed by {ev:+.2f} EV, so that its log-average luminance is 0.18" in done.stderr
    assert invoke("capture", "known.npy", "--profile", TARGET, "--out", "plain.npy").exit_code == 0
    # Another name, so other noise: the light is the same.
    pair = [np.load(tmp_path / name).mean() for name in ("auto.npy", "plain.npy")]
    assert pair[0] == pytest.approx(pair[1], rel=2e-3)


def test_a_radiance_file_is_a_scene(invoke: Invoke, tmp_path: Path) -> None:
    golden = Path(__file__).parent.parent / "golden" / "radiance.hdr"
    assert invoke("capture", golden, "--profile", TARGET, "--ev", "auto", "--out", "out.npy").exit_code == 0
    assert np.load(tmp_path / "out.npy").shape == (12, 24)


def test_raw_of_one_device_as_another_shows_it(invoke: Invoke, mosaic: Path, tmp_path: Path) -> None:
    done = invoke("emulate", mosaic, "--as-shot-by", SOURCE, "--profile", "board/rpi-hq-imx477", "--out", "out.npy")
    assert done.exit_code == 0, done.output
    assert f"as shot by {SOURCE}: 0.2" in done.stderr or "DN/e-" in done.stderr
    assert np.load(tmp_path / "out.npy").shape == (48, 64, 3)
    noisier = invoke("capture", mosaic, "--as-shot-by", SOURCE, "--profile", TARGET, "--out", "dn.tiff")
    assert noisier.exit_code == 0
    assert "on 100 % of the pixels the scene brings as much noise as still/nikon-d850 has" in noisier.stderr


@pytest.mark.shared
def test_a_dng_without_and_with_its_device(invoke: Invoke, shared: Path, tmp_path: Path) -> None:
    dng = shared / "data" / "raw" / "nikon_d5000.dng"
    alone = invoke("capture", dng, "--profile", SOURCE, "--out", "alone.npy")
    assert alone.exit_code == 0
    assert "its noise is not known and stays, below what the device adds" in alone.stderr
    known = invoke("capture", dng, "--as-shot-by", "still/nikon-d5000", "--profile", SOURCE, "--out", "known.npy")
    assert known.exit_code == 0
    assert np.load(tmp_path / "known.npy").shape == np.load(tmp_path / "alone.npy").shape == (1434, 2155)


WRONG = {
    "no such source": (["photo.png", "--source-camera", "phone/pixel-4"], "did you mean 'phone/pixel-4a-imx363'"),
    "source of linear light": (
        ["light.npy", "--source-camera", SOURCE],
        "light.npy: --source-camera, --tone and --highlights are about display pictures; this is linear light already",
    ),
    "preserve without source": (
        ["photo.png", "--highlights", "preserve"],
        "--highlights: preserve needs a --source-camera, whose white balance gains it is about",
    ),
    "two tones": (
        ["photo.png", "--source-camera", SOURCE, "--tone", "smoothstep"],
        "--tone: a --source-camera brings its own tone curve; give one of the two",
    ),
    "highlights": (
        ["photo.png", "--highlights", "extrapolate=0.5"],
        "--highlights extrapolate=MAX: Input should be greater than or equal to 1",
    ),
    "maximum of clip": (["photo.png", "--highlights", "clip=3"], "extrapolate or extrapolate=MAX, got 'clip=3'"),
    "ev": (["light.npy", "--ev", "bright"], "--ev takes auto or a number in [-30, 30]"),
    "dark": (["dark.npy", "--ev", "auto"], "dark.npy: has no light from which an exposure could be told"),
    "as shot by of a picture": (
        ["photo.jpg", "--as-shot-by", SOURCE],
        "photo.jpg: --as-shot-by is about RAW files",
    ),
    "not of this device": (
        ["high.npy", "--as-shot-by", SOURCE],
        "high.npy: its values reach from 60000 to 60000, but phone/pixel-4a-imx363 gives DN from 0 to 1023",
    ),
    "source of RAW": (
        ["mosaic.npy", "--as-shot-by", SOURCE, "--source-camera", SOURCE],
        "this is RAW, whose device is told by --as-shot-by",
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_wrong_inputs_say_what_is_wrong(case: str, invoke: Invoke, photo: Path, mosaic: Path, tmp_path: Path) -> None:
    Image.open(photo).save(tmp_path / "photo.jpg")
    np.save(tmp_path / "light.npy", np.ones((16, 16, 3), dtype=np.float32))
    np.save(tmp_path / "dark.npy", np.zeros((16, 16, 3), dtype=np.float32))
    np.save(tmp_path / "high.npy", np.full((16, 16), 60000, dtype=np.float32))
    arguments, message = WRONG[case]
    for command in ("capture", "emulate"):
        done = invoke(command, *arguments, "--profile", TARGET, "--out", "out.npy")
        assert done.exit_code == 2
        assert message in done.stderr
        assert not (tmp_path / "out.npy").exists()


def test_an_audit_keeps_how_its_pictures_became_scenes(
    invoke: Invoke, sturdy: Path, pictures: Path, tmp_path: Path
) -> None:
    """The data's hash and the manifest tell audits apart; without the options both are as ever."""
    common = ["audit", sturdy, "--data", pictures, "--profiles", TARGET, "--limit", "4", "--max-flips", "0.9"]
    runs = {
        "plain": [],
        "source": ["--source-camera", SOURCE, "--highlights", "extrapolate=4"],
        "tone": ["--tone", "smoothstep"],
    }
    found = {}
    for name, options in runs.items():
        done = invoke(*common, *options, "--out", name)
        assert done.exit_code in (0, 1, 3), done.output
        found[name] = (
            json.loads((tmp_path / name / "manifest.json").read_text()),
            json.loads((tmp_path / name / "results.json").read_text()),
        )
    assert len({manifest["data_sha256"] for manifest, _ in found.values()}) == 3
    assert "unprocess" not in found["plain"][0]
    told = found["source"][0]["unprocess"]
    assert (told["source_camera"], told["highlights"], told["maximum"]) == (SOURCE, "extrapolate", 4.0)
    assert found["tone"][0]["unprocess"] == {"tone": "smoothstep", "highlights": "clip"}
    assert "highlights invented up to 4 times white" in json.dumps(found["source"][1])
    resumed = invoke(*common, "--tone", "none", "--out", "tone", "--resume")
    assert resumed.exit_code == 2
