"""Mosaics of devices whose DN are not in simple proportion to the light, as scenes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

import camsim
from audit.data.mosaic import mosaic_scene
from camsim.errors import CamsimError


def test_a_companded_hdr_mosaic_is_undone(tmp_path: Path) -> None:
    """From a tenth of white to 50 times white; off by the steps of the companding alone."""
    profile = camsim.load("automotive/imx490-hdr")
    camera = camsim.compile(profile)
    for level in (0.1, 1.0, 8.0, 50.0):
        scene = (level * torch.tensor([0.9, 1.0, 0.7]))[:, None, None].expand(3, 24, 24)
        with torch.no_grad():
            raw = camera.capture(scene[None], seed=None)
        np.save(tmp_path / "raw.npy", raw[0, 0].numpy())
        back = mosaic_scene(tmp_path / "raw.npy", profile)[:, 4:-4, 4:-4]
        torch.testing.assert_close(back, scene[:, 4:-4, 4:-4], rtol=0.05, atol=0.002)


def test_analogue_and_digital_gain_are_undone(tmp_path: Path) -> None:
    profile = camsim.load("machine-vision/imx250")
    louder = profile.sensor.replace({"analog_gain": 2.0, "digital_gain": 1.5, "exposure": 3000.0})
    profile = profile.model_copy(update={"sensor": louder})
    with torch.no_grad():
        raw = camsim.compile(profile).capture(torch.full((1, 3, 24, 24), 0.4), seed=None)
    np.save(tmp_path / "raw.npy", raw[0, 0].numpy())
    back = mosaic_scene(tmp_path / "raw.npy", profile)[:, 4:-4, 4:-4]
    torch.testing.assert_close(back, torch.full_like(back, 0.4), rtol=0.01, atol=0.002)


@pytest.mark.parametrize("name", ["still/fujifilm-x-t2", "phone/oppo-reno-10x-48mp"])
def test_mosaics_of_larger_cells_are_undone(tmp_path: Path, name: str) -> None:
    profile = camsim.load(name)
    scene = torch.tensor([0.3, 0.4, 0.2])[:, None, None].expand(3, 25, 31)
    with torch.no_grad():
        raw = camsim.compile(profile).capture(scene[None], seed=None)
    np.save(tmp_path / "raw.npy", raw[0, 0].numpy())
    torch.testing.assert_close(mosaic_scene(tmp_path / "raw.npy", profile), scene, rtol=0.01, atol=0.002)


def test_a_monochrome_mosaic_is_no_scene(tmp_path: Path) -> None:
    np.save(tmp_path / "raw.npy", np.full((8, 8), 900, np.uint16))
    with pytest.raises(CamsimError, match=r"raw.npy: machine-vision/imx250-mono \(mono\) sees no colours"):
        mosaic_scene(tmp_path / "raw.npy", camsim.load("machine-vision/imx250-mono"))
