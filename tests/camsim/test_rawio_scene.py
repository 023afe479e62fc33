"""Camera files as scenes: the quick way of reduced ones agrees with the full one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from camsim.cfa import mosaic
from camsim.isp import demosaic_half_size
from camsim.rawio import read_scene


@pytest.mark.parametrize("cfa", ["RGGB", "BGGR", "GRBG", "GBRG"])
def test_cells_are_binned_by_colour_and_odd_sides_are_cut(cfa: str) -> None:
    color = torch.tensor([0.2, 0.5, 0.9])
    flat = mosaic(color[None, :, None, None].expand(1, 3, 7, 9), cfa)[0, 0]  # type: ignore[arg-type]
    binned = demosaic_half_size(flat[None, None], cfa)[0]  # type: ignore[arg-type]
    torch.testing.assert_close(binned, color[:, None, None].expand(3, 3, 4))


@pytest.mark.shared
def test_the_binned_scene_is_the_full_one_reduced(shared: Path) -> None:
    path = shared / "data" / "raw" / "nikon_d5000.dng"
    full, binned = read_scene(path), read_scene(path, max_side=1024)
    assert full.shape == (3, 2868, 4310)
    assert binned.shape == (3, 1434, 2155)
    halves = F.avg_pool2d(full, 2)
    smooth = [F.avg_pool2d(scene, 8).numpy() for scene in (halves, binned)]
    assert np.median(np.abs(smooth[0] - smooth[1])) < 2e-3
    # At edges they differ: a cell's colours are sampled up to half a pixel apart.
    assert np.percentile(np.abs(smooth[0] - smooth[1]), 99) < 0.05
