from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from audit.data import open_dataset
from audit.data.class_table import read_table
from audit.data.truth import ClassMap
from camsim.errors import CamsimError, NoDataError

from .making import picture


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for name in ("a", "b"):
        picture(tmp_path / "images" / "deep" / f"{name}.jpg")
        write(tmp_path / "masks" / "deep" / f"{name}.png", np.arange(384, dtype=np.uint8).reshape(16, 24) % 2)
    (tmp_path / "classes.txt").write_text("road\nsky\n")
    return tmp_path


def write(path: Path, pixels: np.ndarray, mode: str | None = None) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    image = Image.fromarray(pixels)
    if mode == "P":
        image.putpalette([0, 0, 0, 255, 0, 0])
    image.save(path)


def classes(root: Path, place: int = 0) -> np.ndarray:
    truth = open_dataset(root).samples[place].load_truth((16, 24))
    assert isinstance(truth, ClassMap)
    return truth.indices


def test_indices(root: Path) -> None:
    data = open_dataset(root)
    assert (data.truth, data.class_names, data.notes) == ("class_map", ("road", "sky"), ())
    assert [sample.id for sample in data.samples] == ["deep/a.jpg", "deep/b.jpg"]
    expected = np.arange(384).reshape(16, 24) % 2
    np.testing.assert_array_equal(classes(root), expected)
    write(root / "masks" / "deep" / "a.png", expected.astype(np.uint8), "P")
    np.testing.assert_array_equal(classes(root), expected)
    write(root / "masks" / "deep" / "a.png", np.where(expected == 1, 255, 0).astype(np.uint8))
    np.testing.assert_array_equal(classes(root), -expected)


def test_colours(root: Path) -> None:
    (root / "classes.txt").unlink()
    (root / "class_dict.csv").write_text("name, r, g, b\nsky, 0, 0, 255\nignore, 0, 0, 0\nroad, 128, 64, 128\n")
    pixels = np.zeros((16, 24, 3), np.uint8)
    pixels[:4] = (0, 0, 255)
    pixels[4:8] = (128, 64, 128)
    write(root / "masks" / "deep" / "a.png", pixels)
    found = classes(root)
    assert open_dataset(root).class_names == ("sky", "road")
    assert (found[:4] == 0).all()
    assert (found[4:8] == 1).all()
    assert (found[8:] == -1).all()
    pixels[0, 0] = (1, 2, 3)
    write(root / "masks" / "deep" / "a.png", pixels)
    with pytest.raises(
        CamsimError, match=r"^deep/a\.jpg: a\.png: 1 pixels have the colour \(1, 2, 3\), which the table"
    ):
        classes(root)


def test_what_a_table_does_not_have_is_refused(root: Path) -> None:
    write(root / "masks" / "deep" / "a.png", np.full((16, 24), 7, np.uint8))
    with pytest.raises(
        CamsimError, match=r"^deep/a\.jpg: a\.png: 384 pixels hold 7, which the table of classes does not"
    ):
        classes(root)
    write(root / "masks" / "deep" / "a.png", np.zeros((16, 24, 3), np.uint8))
    with pytest.raises(CamsimError, match=r"holds colours, and the table gives indices"):
        classes(root)
    write(root / "masks" / "deep" / "a.png", np.zeros((8, 24), np.uint8))
    with pytest.raises(CamsimError, match=r"its annotations say 24x8 and the picture is 24x16"):
        classes(root)
    (root / "masks" / "deep" / "a.png").write_bytes(b"\x89PNG\r\n")
    with pytest.raises(CamsimError, match=r"a\.png: the mask cannot be read"):
        classes(root)


def test_masks_and_pictures_that_lack_each_other_are_counted(root: Path) -> None:
    (root / "images" / "deep" / "a.jpg").unlink()
    picture(root / "images" / "c.jpg")
    data = open_dataset(root)
    assert [sample.id for sample in data.samples] == ["deep/b.jpg"]
    assert data.notes == (
        "1 pictures have no mask and were left out (first: c.jpg).",
        "1 masks belong to no picture (first: deep/a).",
    )
    (root / "images" / "deep" / "b.jpg").unlink()
    with pytest.raises(NoDataError, match="no picture in images has a mask"):
        open_dataset(root)


def test_two_masks_of_one_name_are_refused(root: Path) -> None:
    write(root / "masks" / "deep" / "a.bmp", np.zeros((16, 24), np.uint8))
    with pytest.raises(CamsimError, match=r"a\.bmp: there is another mask deep/a\.png"):
        open_dataset(root)


@pytest.mark.parametrize(
    ("name", "text", "why"),
    [
        ("classes.csv", "index,name\n0,a\nx,b\n", r"classes\.csv:3: needs a name and whole numbers"),
        ("classes.csv", "index,name\n0,a\n0,b\n", "the index or colour 0 occurs twice"),
        ("classes.csv", "index,name\n0,a\n1,a\n", "the name 'a' occurs twice"),
        ("classes.csv", "index,name\n70000,a\n", r"classes\.csv:2: out of range"),
        ("classes.csv", "index\n1\n", "needs the columns index,name"),
        ("classes.csv", "name,red\na,1\n", "needs a column index, or red, green and blue"),
        ("classes.txt", "\n", "names no classes"),
    ],
)
def test_bad_tables_are_refused(tmp_path: Path, name: str, text: str, why: str) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(CamsimError, match=why):
        read_table(tmp_path / name)
