"""Half-size demosaicing against LibRaw and scikit-image."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import numpy as np
import pytest
import rawpy
import torch
from skimage.measure import block_reduce

from camsim.cfa import Bayer, color_masks, mosaic
from camsim.isp import HalfSize, demosaic_half_size
from camsim.rawio import read_raw

each_phase = pytest.mark.parametrize("cfa", get_args(Bayer))


@each_phase
@pytest.mark.parametrize("size", [(2, 2), (3, 2), (16, 22), (15, 17)], ids="{0[0]}x{0[1]}".format)
@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float64, 1e-15), (torch.float32, 1e-7)], ids=["f64", "f32"])
def test_each_cell_is_the_mean_of_its_sites(
    cfa: Bayer, size: tuple[int, int], dtype: torch.dtype, tolerance: float
) -> None:
    raw = torch.rand(2, 1, *size, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    masks = color_masks(cfa, *size, like=raw).numpy()
    whole = [side // 2 * 2 for side in size]
    sums, counts = (
        np.stack([block_reduce(plane[: whole[0], : whole[1]], (2, 2), np.sum) for plane in planes])
        for planes in (raw[1, 0].numpy() * masks, masks)
    )
    ours = demosaic_half_size(raw.to(dtype), cfa)
    assert ours.dtype == dtype
    assert ours.shape == (2, 3, *HalfSize().output_size(*size))
    np.testing.assert_allclose(ours[1].numpy(), sums / counts, rtol=0, atol=tolerance)


@each_phase
def test_an_even_colour_is_reproduced(cfa: Bayer) -> None:
    rgb = torch.tensor([0.7, 0.2, 0.4])[None, :, None, None].expand(2, 3, 7, 9)
    assert torch.equal(demosaic_half_size(mosaic(rgb, cfa), cfa), rgb[..., :3, :4])


@pytest.mark.shared
def test_a_camera_file_as_libraw_has_it(shared: Path) -> None:
    path = shared / "data" / "raw" / "nikon_d5000.dng"
    with rawpy.imread(str(path)) as raw:
        theirs = raw.postprocess(
            half_size=True,
            gamma=(1, 1),
            no_auto_bright=True,
            no_auto_scale=True,
            output_color=rawpy.ColorSpace.raw,
            user_wb=[1, 1, 1, 1],
            output_bps=16,
            user_flip=0,
        )
    file = read_raw(path)
    assert file.cfa == "GBRG"
    ours = demosaic_half_size(torch.from_numpy(file.mosaic)[None, None], file.cfa)[0]  # black is 0 DN
    np.testing.assert_array_equal(ours.permute(1, 2, 0).floor().numpy(), theirs)
