"""`camsim develop | capture | emulate`."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import skimage.data
import tifffile
from PIL import Image

import camsim
from camsim.cfa import cell

from .conftest import Invoke


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "photo.png"
    Image.fromarray(skimage.data.astronaut()[:96, :128]).save(path)
    return path


def test_capture_then_develop_is_emulate(invoke: Invoke, photo: Path, tmp_path: Path) -> None:
    device = ["--profile", "board/rpi-v1-ov5647"]
    for arguments in (
        ["capture", photo, *device, "--out", "mosaic.npy", "--seed", "3"],
        ["develop", "mosaic.npy", *device, "--out", "two-steps.npy"],
        ["emulate", photo, *device, "--out", "one-step.npy", "--seed", "3"],
    ):
        done = invoke(*arguments)
        assert done.exit_code == 0, done.output
    two, one = np.load(tmp_path / "two-steps.npy"), np.load(tmp_path / "one-step.npy")
    assert two.shape == one.shape == (96, 128, 3)
    assert two.dtype == np.float32
    np.testing.assert_array_equal(two, one)


def test_formats_agree(invoke: Invoke, photo: Path, tmp_path: Path) -> None:
    for name in ("out.png", "out.tiff", "out.npy"):
        assert invoke("emulate", photo, "--profile", "still/nikon-d850", "--out", name).exit_code == 0
    exact = np.load(tmp_path / "out.npy")
    assert np.abs(np.asarray(Image.open(tmp_path / "out.png")) / 255 - exact).max() <= 0.5 / 255 + 1e-6
    assert np.abs(tifffile.imread(tmp_path / "out.tiff") / 65535 - exact).max() <= 0.5 / 65535 + 1e-6


def test_a_mosaic_in_16_bits_develops_the_same_from_tiff_png_and_npy(
    invoke: Invoke, photo: Path, tmp_path: Path
) -> None:
    device = ["--profile", "seed/drone/ma-s-me"]
    assert invoke("capture", photo, *device, "--out", "mosaic.tiff").exit_code == 0
    dn = tifffile.imread(tmp_path / "mosaic.tiff")
    assert dn.dtype == np.uint16
    assert not (dn % 16).any()  # 12 bits, left-justified in 16
    Image.fromarray(dn).save(tmp_path / "mosaic.png")
    np.save(tmp_path / "mosaic.npy", dn)
    pictures = []
    for suffix in ("tiff", "png", "npy"):
        assert invoke("develop", f"mosaic.{suffix}", *device, "--out", f"{suffix}.npy").exit_code == 0
        pictures.append(np.load(tmp_path / f"{suffix}.npy"))
    np.testing.assert_array_equal(pictures[0], pictures[1])
    np.testing.assert_array_equal(pictures[0], pictures[2])


def test_a_linear_scene_is_taken_as_it_is(invoke: Invoke, tmp_path: Path) -> None:
    np.save(tmp_path / "scene.npy", np.full((32, 32, 3), 0.25, dtype=np.float32))
    assert invoke("emulate", "scene.npy", "--profile", "reference/srgb", "--out", "out.npy").exit_code == 0
    expected = 1.055 * 0.25 ** (1 / 2.4) - 0.055
    assert np.load(tmp_path / "out.npy").mean() == pytest.approx(expected, abs=2e-3)


@pytest.mark.shared
def test_the_nikon_dng_develops_to_a_photograph_close_to_libraws(invoke: Invoke, tmp_path: Path, shared: Path) -> None:
    rawpy = pytest.importorskip("rawpy")
    colour = pytest.importorskip("skimage.color")
    dng = shared / "data" / "raw" / "nikon_d5000.dng"
    done = invoke("develop", dng, "--profile", "still/nikon-d5000", "--out", "photo.npy")
    assert done.exit_code == 0, done.output
    ours = np.load(tmp_path / "photo.npy")
    with rawpy.imread(str(dng)) as raw:
        other = raw.postprocess(use_camera_wb=True, no_auto_bright=True, gamma=(2.4, 12.92), output_bps=16) / 65535
    assert ours.shape == other.shape
    difference = colour.deltaE_ciede2000(*(colour.rgb2lab(image[::6, ::6]) for image in (ours, other)))
    assert np.median(difference) < 1
    assert np.percentile(difference, 95) < 8

    wrong = invoke("develop", dng, "--profile", "still/nikon-d850", "--out", "wrong.npy")
    assert wrong.exit_code == 2
    assert "its CFA is GBRG, the profile's is RGGB" in wrong.stderr


def test_camera_and_command_agree(invoke: Invoke, tmp_path: Path) -> None:
    import torch

    dn = np.random.default_rng(0).integers(300, 4000, (40, 42)).astype(np.float32)
    np.save(tmp_path / "mosaic.npy", dn)
    assert invoke("develop", "mosaic.npy", "--profile", "board/rpi-hq-imx477", "--out", "out.npy").exit_code == 0
    with torch.inference_mode():
        expected = camsim.compile("board/rpi-hq-imx477").develop(torch.from_numpy(dn)[None, None])
    np.testing.assert_array_equal(np.load(tmp_path / "out.npy"), expected[0].permute(1, 2, 0).numpy())


def test_raw_files_of_other_arrays_are_developed_or_refused_by_their_phase(invoke: Invoke, tmp_path: Path) -> None:
    """An X-Trans DNG is developed as its mosaic is; one of another phase is refused."""
    mosaic = np.random.default_rng(1).integers(1024, 16384, (66, 72)).astype(np.uint16)
    for name, cfa in (("right.dng", "x-trans"), ("shifted.dng", "x-trans+0+1")):
        colors = bytes("RGB".index(site) for site in "".join(cell(cfa)))
        tags = [
            (33421, "H", 2, (6, 6), False),
            (33422, "B", 36, colors, False),
            (50706, "B", 4, bytes([1, 4, 0, 0]), False),
            (50708, "s", 0, "camsim", False),
            (50714, "H", 1, 1024, False),
            (50717, "I", 1, 16383, False),
        ]
        tifffile.imwrite(tmp_path / name, mosaic, photometric="cfa", extratags=tags, metadata=None)
    np.save(tmp_path / "mosaic.npy", mosaic)
    for name in ("right.dng", "mosaic.npy"):
        done = invoke("develop", name, "--profile", "still/fujifilm-x-t2", "--out", f"{name}.out.npy")
        assert done.exit_code == 0, done.output
    developed, expected = (np.load(tmp_path / f"{name}.out.npy") for name in ("right.dng", "mosaic.npy"))
    np.testing.assert_array_equal(developed, expected)
    assert developed.std() > 0.1
    done = invoke("develop", "shifted.dng", "--profile", "still/fujifilm-x-t2", "--out", "no.png")
    assert done.exit_code == 2
    told = " ".join(done.output.split())
    assert "its CFA is x-trans+0+1, the profile's is x-trans (the same at another phase: copy the profile" in told
