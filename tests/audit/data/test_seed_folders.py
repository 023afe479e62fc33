"""The layout of the study's own code: github:aiaudit-org/lens2logit, dataset.py."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tifffile
import torch
from PIL import Image

from audit.data import open_dataset
from audit.data.mosaic import mosaic_scene
from audit.data.truth import ClassMap
from camsim import catalog
from camsim.errors import CamsimError

INVALID = "Ma190c_lame3_zone13_composite_Mcropped_2"


def mosaic(path: Path, level: float = 0.3) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    tifffile.imwrite(path, np.full((16, 16), int(level * 65535), np.uint16), photometric="minisblack", metadata=None)


@pytest.fixture
def cells(tmp_path: Path) -> Path:
    lines = [f"Ma190c_lame1_zone{n // 2}_composite_Mcropped_{n} LYT" for n in range(6)]
    lines += [f"Ma190c_lame2_zone{n}_composite_Mcropped_1 BAS" for n in range(5)]
    lines += ["Ma190c_lame9_zone1_composite_Mcropped_1 PMB", f"{INVALID} LYT"]
    for scale in (10, 100):
        for line in lines:
            mosaic(tmp_path / "images" / f"raw_scale{scale:03d}" / f"{line.split()[0]}.tiff", scale / 400)
    (tmp_path / "labels").mkdir()
    (tmp_path / "labels" / "Ma190c_annotations.dat").write_text("\n".join(lines) + "\n")
    return tmp_path


def test_raw_microscopy(cells: Path) -> None:
    data = open_dataset(cells)
    assert (data.class_names, len(data.samples), data.truth) == (("BAS", "LYT"), 11, None)
    assert data.samples[0].id == "Ma190c_lame1_zone0_composite_Mcropped_0.tiff"
    assert [sample.cluster for sample in data.samples][:3] == ["Ma190c_lame1_zone0"] * 2 + ["Ma190c_lame1_zone1"]
    assert "1 of the original intensity" in data.description
    notes = "\n".join(data.notes)
    assert "1 samples of classes with fewer than 5 of them were left out" in notes
    assert f"1 file known to be damaged was left out, as in the study (first: {INVALID})" in notes
    dim = open_dataset(cells, intensity=0.1)
    assert "0.1 of the original intensity" in dim.description
    assert dim.samples[0].load()[1].mean() < data.samples[0].load()[1].mean() / 5
    with pytest.raises(CamsimError, match=r"there is no intensity 0\.5; --intensity is one of 0\.1, 1"):
        open_dataset(cells, intensity=0.5)
    (cells / "labels" / "Ma190c_annotations.dat").write_text("a LYT\nb\n")
    with pytest.raises(CamsimError, match=r"annotations\.dat:2: needs a name and a class, got 'b'"):
        open_dataset(cells)


def test_raw_drone_masks(tmp_path: Path) -> None:
    for name in ("00_00001", "00_00007", "01_00002"):
        mosaic(tmp_path / "drone" / "images_tiles_256" / "raw_scale100" / f"{name}.tif")
        (tmp_path / "drone" / "masks_tiles_256").mkdir(exist_ok=True)
        pixels = np.zeros((16, 16), bool)
        pixels[:4] = True
        Image.fromarray(pixels).save(tmp_path / "drone" / "masks_tiles_256" / f"{name}.png")
    data = open_dataset(tmp_path / "drone")
    assert (data.class_names, data.truth, len(data.samples)) == (("background", "car"), "class_map", 3)
    assert [sample.cluster for sample in data.samples] == ["00", "00", "01"]
    truth = data.samples[0].load_truth((16, 16))
    assert isinstance(truth, ClassMap)
    assert (truth.indices[:4] == 1).all()
    assert (truth.indices[4:] == 0).all()
    for place in ("images_tiles_256", "images_tiles_256/raw_scale100"):
        assert open_dataset(tmp_path / "drone" / place).sha256 == data.sha256
    mosaic(tmp_path / "drone" / "images_full" / "raw_scale100" / "a.tif")
    with pytest.raises(CamsimError, match=r"holds several sets of mosaics: .*images_full, .*images_tiles_256"):
        open_dataset(tmp_path / "drone")


def test_raw_drone_tiles_with_and_without_cars(tmp_path: Path) -> None:
    for name in ("00_00001", "00_00002"):
        mosaic(tmp_path / "images_tiles_256" / "raw_scale050_thr_0.01" / f"{name}.tif")
    table = tmp_path / "dataset_tiles_256_72_0.01.csv"
    table.write_text(",file name,label\n0,00_00001,0\n1,00_00002,1\n2,00_00003,1\n")
    data = open_dataset(tmp_path)
    assert [(sample.target, sample.cluster) for sample in data.samples] == [
        ("car", "00"),
        ("no car", "00"),
        ("no car", "00"),
    ]
    assert "0.5 of the original intensity" in data.description
    assert data.notes == ("1 labelled tiles are not there and count as unreadable (first: 00_00003.tif).",)
    table.write_text(",file name,label\n0,00_00001,2\n")
    with pytest.raises(CamsimError, match=r"csv:2: needs 'file name' and a label 0 \(car\) or 1 \(no car\)"):
        open_dataset(tmp_path)


@pytest.mark.parametrize("name", ["seed/drone/bi-s-ga", "seed/microscope/bi-s-ga", "phone/google-pixel-imx378"])
def test_a_mosaic_read_back_is_the_scene_that_was_captured(tmp_path: Path, name: str) -> None:
    profile = catalog.load(name)
    from camsim import compile

    ramp = torch.linspace(0.1, 0.6, 32).expand(32, 32)
    scene = torch.stack([ramp, ramp.T, (ramp + ramp.T) / 2])
    raw = compile(profile, fused=False).capture(scene[None], seed=None)[0, 0].detach()
    np.save(tmp_path / "a.npy", raw.numpy())
    back = mosaic_scene(tmp_path / "a.npy", profile)
    inner = (slice(None), slice(4, -4), slice(4, -4))
    assert (back - scene)[inner].abs().max() < 0.02
    assert (back - scene)[inner].mean().abs() < 0.002


def test_mosaics_need_a_device_that_can_have_made_them(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.full((16, 16), 70000.0, np.float32))
    mosaic(tmp_path / "b.tiff")
    data = open_dataset(tmp_path, raw_profile="seed/drone/bi-s-ga")
    with pytest.raises(
        CamsimError, match=r"^a\.npy: its values reach from 70000 to 70000, but seed/drone/bi-s-ga gives DN"
    ):
        data.samples[0].load()
    assert data.samples[1].load().shape == (3, 16, 16)
    with pytest.raises(CamsimError, match="unknown profile 'seed/dorne'"):
        open_dataset(tmp_path, raw_profile="seed/dorne")
