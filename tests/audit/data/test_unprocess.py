"""How pictures become scenes is part of what a dataset is."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

import camsim
from audit.data import open_dataset
from audit.manifest import run_key
from camsim.unprocess import Unprocess, from_display

TONE = Unprocess(tone="smoothstep")


class Pictures:
    """A map-style dataset."""

    classes = ("one", "two")

    def __len__(self) -> int:
        return 4

    def __getitem__(self, index: int) -> tuple[np.ndarray, int]:
        return np.random.default_rng(index).integers(0, 256, (16, 16, 3), dtype=np.uint8), index % 2


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        for number in range(2):
            picture = np.random.default_rng(number).integers(0, 256, (12, 14, 3), dtype=np.uint8)
            Image.fromarray(picture).save(tmp_path / name / f"{number}.png")
    return tmp_path


@pytest.mark.parametrize("kind", ["folder", "object", "built-in"])
def test_other_scenes_are_another_dataset(kind: str, folder: Path) -> None:
    given = {"folder": folder, "object": Pictures(), "built-in": None}[kind]
    plain = open_dataset(given)
    toned = open_dataset(given, unprocess=TONE)
    assert plain.sha256 == open_dataset(given, unprocess=Unprocess()).sha256 != toned.sha256
    assert plain.unprocess is None
    assert toned.unprocess == {"tone": "smoothstep", "highlights": "clip"}
    assert toned.description == f"{plain.description} Of pictures: {TONE}."
    scenes = [dataset.samples[-1].load() for dataset in (plain, toned)]
    assert scenes[0].shape == scenes[1].shape
    assert not torch.equal(*scenes)


def test_a_sample_is_what_the_choice_makes_of_its_picture(folder: Path) -> None:
    how = Unprocess(source=camsim.load("seed/drone/bi-s-ga"), highlights="extrapolate", maximum=3.0)
    dataset = open_dataset(folder, unprocess=how)
    pixels = np.asarray(Image.open(folder / "one" / "0.png")).copy()
    assert torch.equal(dataset.samples[0].load(), from_display(pixels, how))
    assert any("isp.sharpen: looks at neighbours" in note for note in dataset.notes)


def test_a_run_is_known_by_the_choice(folder: Path) -> None:
    keys = [
        run_key("model", open_dataset(folder, unprocess=how), "all", [], 0, 0)
        for how in (Unprocess(), TONE, Unprocess(highlights="extrapolate"))
    ]
    assert "unprocess" not in keys[0]
    assert len({key["data"] for key in keys}) == 3
    assert keys[1]["unprocess"]["tone"] == "smoothstep"
