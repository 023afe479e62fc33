from __future__ import annotations

from pathlib import Path

import pytest
import skimage.data
import torch
from PIL import Image

from audit.data import builtin_scenes, open_dataset
from audit.data.builtin import PHOTOGRAPHS
from camsim.errors import CamsimError
from camsim.imageio import read_image
from camsim.unprocess import unprocess


def test_the_built_in_scenes_are_photographs_crops_and_charts() -> None:
    data = builtin_scenes()
    names = [sample.id for sample in data.samples]
    assert data.name == "built-in scenes"
    assert data.class_names is None
    assert names == sorted(names)
    assert sum(name.startswith("photo/") for name in names) == 18
    assert [name for name in names if name.startswith("chart/")] == [
        "chart/color-checker",
        "chart/dead-leaves",
        "chart/siemens-star",
        "chart/slanted-edge",
    ]
    assert "18 photographic scenes from 4 photographs" in data.description
    assert "crops of one photograph are not independent" in data.description
    assert data.sha256 == builtin_scenes().sha256


def test_every_scene_loads_at_a_useful_size() -> None:
    for sample in builtin_scenes().samples:
        scene = sample.load()
        assert min(scene.shape[1:]) >= 200, sample.id
        assert max(scene.shape[1:]) <= 512, sample.id
        assert scene.min() >= 0
        assert scene.std() > 0.01


@pytest.mark.parametrize("name", PHOTOGRAPHS)
def test_the_crops_tile_the_photograph(name: str) -> None:
    file, (rows, columns) = PHOTOGRAPHS[name]
    pixels = torch.from_numpy(read_image(Path(skimage.data.__file__).parent / file)).permute(2, 0, 1)
    whole = unprocess(pixels[None] / 255)[0]
    crops = {sample.id: sample for sample in builtin_scenes().samples}
    cells = [crops[f"photo/{name}/crop-{i + 1}"].load() for i in range(rows * columns)]
    tiled = torch.cat([torch.cat(cells[r * columns : (r + 1) * columns], dim=2) for r in range(rows)], dim=1)
    assert all(before - after < 2 for before, after in zip(whole.shape, tiled.shape, strict=True))
    torch.testing.assert_close(tiled, whole[:, : tiled.shape[1], : tiled.shape[2]])


def test_a_limit_and_a_size_apply() -> None:
    data = open_dataset(None, limit=5, max_side=64)
    assert len(data.samples) == 5
    assert "64 px" in data.description
    assert all(max(sample.load().shape) == 64 for sample in data.samples)
    assert data.sha256 != builtin_scenes().sha256
    with pytest.raises(CamsimError, match="--limit must be at least 1"):
        open_dataset(None, limit=0)
    with pytest.raises(CamsimError, match="max_side must be at least 8 px"):
        open_dataset(None, max_side=4)


def test_scenes_may_be_changed_by_who_loads_them() -> None:
    chart = next(sample for sample in builtin_scenes().samples if sample.id == "chart/slanted-edge")
    chart.load().zero_()
    assert chart.load().max() > 0.3


def test_a_photograph_that_is_not_installed_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(skimage.data, "__file__", str(tmp_path / "__init__.py"))
    with pytest.raises(CamsimError, match=r"scikit-image .* does not bring astronaut\.png"):
        builtin_scenes()


def test_open_dataset_takes_the_folder_or_the_built_in_scenes(tmp_path: Path) -> None:
    Image.new("RGB", (16, 16)).save(tmp_path / "a.png")
    assert [sample.id for sample in open_dataset(tmp_path).samples] == ["a.png"]
    assert open_dataset(None).sha256 == builtin_scenes().sha256
    with pytest.raises(CamsimError, match="--labels folders: the built-in scenes have no labels"):
        open_dataset(None, labels="folders")
