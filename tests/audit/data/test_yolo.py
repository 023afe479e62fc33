from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from audit.data import Dataset, open_dataset
from audit.data.truth import Boxes
from camsim.errors import CamsimError, NoDataError, UnsafeError

from .making import picture


def dataset(root: Path, labels: dict[str, str | None], more: str = "") -> Path:
    root.mkdir(parents=True, exist_ok=True)
    (root / "data.yaml").write_text(f"val: images/val\nnames: [cat, dog]\n{more}")
    for name, text in labels.items():
        picture(root / "images" / "val" / f"{name}.png")
        if text is not None:
            (root / "labels" / "val").mkdir(parents=True, exist_ok=True)
            (root / "labels" / "val" / f"{name}.txt").write_text(text)
    return root


def boxes(data: Dataset, name: str) -> Boxes:
    truth = next(sample for sample in data.samples if sample.id == name).load_truth((16, 24))
    assert isinstance(truth, Boxes)
    return truth


def test_fractions_become_pixels(tmp_path: Path) -> None:
    data = open_dataset(dataset(tmp_path, {"a": "1 0.5 0.5 0.25 0.5\n0 0.5 0.5 1 1\n", "b": None, "c": ""}))
    found = boxes(data, "images/val/a.png")
    np.testing.assert_allclose(found.corners, [[9, 4, 15, 12], [0, 0, 24, 16]])
    assert found.names == ("dog", "cat")
    for name in "bc":
        assert boxes(data, f"images/val/{name}.png").corners.shape == (0, 4)
    assert data.notes == ("1 pictures have no label file and count as without objects (first: images/val/b.png).",)
    assert data.class_names == ("cat", "dog")
    assert data.sha256 == open_dataset(tmp_path / "data.yaml").sha256
    assert "split val of data.yaml" in data.description


def test_outlines_are_masks(tmp_path: Path) -> None:
    data = open_dataset(dataset(tmp_path, {"a": "0 0.25 0.25 0.75 0.25 0.75 0.75 0.25 0.75\n"}))
    found = boxes(data, "images/val/a.png")
    np.testing.assert_allclose(found.corners, [[6, 4, 18, 12]])
    expected = np.zeros((16, 24), dtype=bool)
    expected[4:12, 6:18] = True
    assert found.masks is not None
    np.testing.assert_array_equal(found.masks[0], expected)


def test_keypoints_after_the_box_are_passed_over(tmp_path: Path) -> None:
    data = open_dataset(dataset(tmp_path, {"a": "0 0.5 0.5 1 1 0.1 0.1 2 0.2 0.2 2\n"}, "kpt_shape: [2, 3]\n"))
    np.testing.assert_allclose(boxes(data, "images/val/a.png").corners, [[0, 0, 24, 16]])


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("2 0.5 0.5 1 1", r"a\.txt:2: class 2, and data\.yaml names 0 to 1"),
        ("-1 0.5 0.5 1 1", "class -1"),
        ("0.5 0.5 0.5 1 1", "class 0.5"),
        ("nan 0.5 0.5 1 1", "class nan"),
        ("0 0.5 0.5 1", r"a\.txt:2: 4 numbers; a line holds class x y width height"),
        ("0 0.5 half 1 1", r"a\.txt:2: must hold numbers, got '0 0\.5 half 1 1'"),
    ],
)
def test_bad_lines_make_a_picture_unreadable(tmp_path: Path, line: str, why: str) -> None:
    data = open_dataset(dataset(tmp_path, {"a": f"0 0.5 0.5 1 1\n{line}\n", "b": ""}))
    assert data.notes[0].startswith(
        "1 pictures have labels that cannot be read and count as unreadable (first: a.txt:2:"
    )
    with pytest.raises(CamsimError, match=why):
        boxes(data, "images/val/a.png")


def test_bad_boxes_are_cut_or_left_out_and_counted(tmp_path: Path) -> None:
    lines = [
        "0 0.0 0.5 0.5 0.5",
        "0 1.5 0.5 0.1 0.1",
        "0 nan 0.5 0.1 0.1",
        "0 0.5 0.5 0 0.1",
        "0 0.999999 0.5 0.000003 1",
    ]
    data = open_dataset(dataset(tmp_path, {"a": "\n".join(lines)}))
    assert boxes(data, "images/val/a.png").corners.shape == (2, 4)
    assert sorted(note.split(" (")[0] for note in data.notes) == [
        "1 boxes that reach over the border of their picture were cut there",
        "1 boxes wholly outside their picture were left out",
        "1 boxes with a coordinate that is no finite number were left out",
        "1 boxes without area were left out",
    ]


def test_splits_lists_and_the_ways_people_write_paths(tmp_path: Path) -> None:
    root = dataset(tmp_path / "set", {"a": "", "b": ""})
    (root / "val.txt").write_text("./images/val/b.png\n\n")
    for text, names in (
        ("test: images/val\ntrain: images/val", ["a", "b"]),
        ("val: ../images/val", ["a", "b"]),  # as Roboflow writes it
        ("val: [images/val]", ["a", "b"]),
        ("path: .\nval: val.txt", ["b"]),
        (f"path: {root}\nval: images/val", ["a", "b"]),
    ):
        (root / "data.yaml").write_text(text + "\nnames: {0: cat, 1: dog}\n")
        assert [sample.id for sample in open_dataset(root).samples] == [f"images/val/{name}.png" for name in names]


@pytest.mark.parametrize(
    ("text", "error", "why"),
    [
        ("val: /etc\nnames: [a]", UnsafeError, "'/etc' lies outside the folder"),
        ("val: ../other\nnames: [a]", UnsafeError, "lies outside the folder"),
        ("val: nowhere\nnames: [a]", CamsimError, "'nowhere' is not there"),
        ("val: empty\nnames: [a]", NoDataError, "holds no pictures"),
        ("val: images/val\nnames: []", CamsimError, "names must be a list of class names"),
        ("val: images/val\nnames: [a, a]", CamsimError, "a class name occurs twice"),
        ("val: images/val\nnames: {1: a}", CamsimError, "numbered from 0"),
        ("val: images/val\nnames: {0: a, b: c}", CamsimError, "numbered from 0"),
        ("names: [a]", CamsimError, "names no pictures"),
        ("val: !!python/object:os.system x\nnames: [a]", CamsimError, r"data\.yaml"),
    ],
)
def test_bad_declarations_are_refused(tmp_path: Path, text: str, error: type[CamsimError], why: str) -> None:
    root = dataset(tmp_path / "set", {"a": ""})
    (tmp_path / "other").mkdir()
    (root / "empty").mkdir()
    (root / "data.yaml").write_text(text)
    with pytest.raises(error, match=why):
        open_dataset(root / "data.yaml")


def test_lists_may_not_lead_out(tmp_path: Path) -> None:
    root = dataset(tmp_path, {"a": ""})
    (root / "data.yaml").write_text("val: val.txt\nnames: [a]")
    (root / "val.txt").write_text("images/val/a.png\n../b.png\n")
    with pytest.raises(UnsafeError, match=r"val\.txt:2: '\.\./b\.png' leads out"):
        open_dataset(root)
    (root / "val.txt").write_text("images/val/a.png\nimages/val/a.png\n")
    with pytest.raises(CamsimError, match=r"lists images/val/a\.png twice"):
        open_dataset(root)
