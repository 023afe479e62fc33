"""The additive layer, against scikit-image's resize."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from skimage.transform import resize

import camsim
from camsim.isp import AdditiveLayer, additive_layer
from camsim.profile import Profile

RNG = np.random.default_rng(4)


@pytest.mark.parametrize("grid", [(1, 1), (2, 3), (8, 8), (5, 1)])
@pytest.mark.parametrize("frame", [(16, 24), (33, 47), (9, 8)])
def test_equals_scikit_image(grid: tuple[int, int], frame: tuple[int, int]) -> None:
    offsets, image = RNG.normal(size=(3, *grid)), RNG.uniform(size=(2, 3, *frame))
    stretched = [resize(plane, frame, order=1, mode="edge", anti_aliasing=False) for plane in offsets]
    ours = additive_layer(torch.from_numpy(image), torch.from_numpy(offsets))
    np.testing.assert_allclose(ours.numpy(), image + np.array(stretched), rtol=0, atol=1e-12)


def test_a_grid_of_the_frames_size_is_added_as_it_is() -> None:
    offsets, image = torch.randn(3, 7, 5), torch.rand(1, 3, 7, 5)
    torch.testing.assert_close(additive_layer(image, offsets), image + offsets, rtol=0, atol=0)


def grid(height: int, width: int) -> Any:
    y, x = np.mgrid[:height, :width]
    return [(0.1 * channel + 0.01 * y - 0.002 * x).tolist() for channel in range(3)]


@pytest.mark.parametrize(
    ("offsets", "message"),
    [
        (grid(2, 2)[:2], "Field required"),
        ([*grid(2, 2)[:2], *grid(2, 3)[:1]], "three grids of one size, .* got 2 rows of 2 and 2 rows of 3"),
        ([[[0, 0], [0]]] * 3, "each row as long as the others"),
        ([[]] * 3, "at least 1 item"),
        ([[[2.0]]] * 3, r"must lie in \[-1, 1\], got 2"),
        (grid(1, 257), "at most 256 items"),
    ],
)
def test_bad_grids_are_refused(offsets: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        AdditiveLayer(offsets=offsets)


@pytest.fixture(scope="module")
def shaded() -> Profile:
    profile = camsim.load("still/nikon-d5000")
    chain = (*profile.isp, AdditiveLayer(offsets=grid(3, 4)))
    return profile.model_copy(update={"isp": chain, "search": None})


def test_a_large_frame_is_developed_as_a_whole(shaded: Profile, monkeypatch: pytest.MonkeyPatch) -> None:
    """Cut into tiles, the grid would be stretched over each of them."""
    raw = 1000 + 2000 * torch.rand(1, 1, 600, 300, generator=torch.Generator().manual_seed(1))
    camera = camsim.compile(shaded, fused=False)
    with torch.no_grad():
        whole = camera.develop(raw)
        monkeypatch.setattr("camsim.emulator.TILED_FROM", 1)
        torch.testing.assert_close(camera.develop(raw), whole, rtol=0, atol=0)
        monkeypatch.setattr("camsim.segments.TILED_FROM", 1)  # in what is fused around it
        torch.testing.assert_close(camsim.compile(shaded).develop(raw), whole, rtol=0, atol=1e-5)


def test_all_settings_at_once_equal_one_by_one(shaded: Profile) -> None:
    """Under vmap, as a search develops."""
    raw = 1000 + 2000 * torch.rand(2, 1, 12, 15, generator=torch.Generator().manual_seed(1))
    camera = camsim.compile(shaded)
    settings = 0.1 * torch.randn(3, 3, 3, 4, generator=torch.Generator().manual_seed(2))
    together = camera.develop_each(raw, {"isp.additive_layer.offsets": settings})
    for images, offsets in zip(together, settings, strict=True):
        with torch.no_grad():
            camera.get_parameter("isp.additive_layer.offsets").copy_(offsets)
            torch.testing.assert_close(images, camera.develop(raw))


def test_a_fused_frame_of_several_tiles_gets_one_grid(shaded: Profile) -> None:
    raw = 1000 + 2000 * torch.rand(1, 1, 300, 560, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        plain, fused = (camsim.compile(shaded, fused=fused).develop(raw) for fused in (False, True))
    torch.testing.assert_close(fused, plain, rtol=0, atol=1e-5)
