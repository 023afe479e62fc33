"""Linearisation per CFA site."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from camsim.cfa import RawFormat
from camsim.isp import BlackLevel, black_level

RAW = RawFormat("GRBG", black=(60.0, 64.0, 66.0, 70.0), white=(1000.0, 1010.0, 1020.0, 1030.0), full_scale=1023.0)


def numpy_sites(values: tuple[float, ...], height: int, width: int) -> np.ndarray:
    frame = np.empty((height, width))
    for site, value in enumerate(values):
        frame[site // 2 :: 2, site % 2 :: 2] = value
    return frame


@pytest.mark.parametrize("size", [(6, 8), (7, 5), (2, 2)], ids="{0[0]}x{0[1]}".format)
@pytest.mark.parametrize("normalize", [True, False], ids=["to white", "to full scale"])
def test_each_site_has_its_own_levels(size: tuple[int, int], normalize: bool) -> None:
    dn = np.random.default_rng(0).integers(0, 1024, size).astype(np.float64)
    stage = BlackLevel(normalize=normalize).build(RAW)
    ours = stage(torch.from_numpy(dn)[None, None])[0, 0].detach().numpy()
    black, white = numpy_sites(RAW.black, *size), numpy_sites(RAW.white, *size)
    expected = (dn - black) / (white - black) if normalize else (dn - black) / 1023
    np.testing.assert_allclose(ours, expected, rtol=0, atol=1e-14)


def test_black_and_white_become_zero_and_one() -> None:
    stage = BlackLevel().build(RAW)
    for levels, value in [(RAW.black, 0.0), (RAW.white, 1.0)]:
        frame = torch.from_numpy(numpy_sites(levels, 4, 6))[None, None]
        assert (stage(frame) - value).abs().max() < 1e-15


def test_nothing_is_clipped() -> None:
    image = torch.tensor([[[[0.0, 2000.0], [0.0, 2000.0]]]])
    out = black_level(image, torch.full((4,), 100.0), torch.full((4,), 1000.0))
    torch.testing.assert_close(out, torch.tensor([[[[-0.1, 1.9], [-0.1, 1.9]]]]))


def test_levels_of_its_own_go_before_the_sensors() -> None:
    spec = BlackLevel(level=10.0, white=(100.0, 110.0, 120.0, 130.0)).resolve(RAW)
    assert spec.level == (10.0,) * 4
    assert spec.white == (100.0, 110.0, 120.0, 130.0)


def test_what_is_left_out_comes_from_the_sensor() -> None:
    spec = BlackLevel().resolve(RAW)
    assert spec.level == RAW.black
    assert spec.white == RAW.white


def test_white_below_black_is_refused() -> None:
    with pytest.raises(ValueError, match="must lie above the black level"):
        BlackLevel(level=2000.0).resolve(RAW)
    with pytest.raises(ValueError, match="must lie above the black level"):
        BlackLevel(white=(100.0, 100.0, 66.0, 100.0)).resolve(RAW)


def test_a_white_level_that_would_be_ignored_is_refused() -> None:
    with pytest.raises(ValueError, match="white"):
        BlackLevel(white=1000.0, normalize=False)


def test_turning_the_level_of_a_normalising_stage_keeps_white_at_one() -> None:
    stage = BlackLevel().build(RAW)
    with torch.no_grad():
        stage.level.add_(20)
    frame = torch.from_numpy(numpy_sites(RAW.white, 4, 4))[None, None]
    assert (stage(frame) - 1).abs().max() < 1e-15
