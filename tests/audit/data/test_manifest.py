from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from audit.data import Dataset, Sample, open_dataset
from audit.data.truth import Boxes, ClassMap, Depth, Keypoints, Labels, Text, Values
from camsim.errors import CamsimError, NoDataError, UnsafeError

from .making import picture


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for place, name in enumerate("abc"):
        picture(tmp_path / "pictures" / f"{name}.png", seed=place)
    return tmp_path


def opened(root: Path, text: str, **options: object) -> Dataset:
    (root / "data.csv").write_text(text)
    return open_dataset(root / "data.csv", **options)  # type: ignore[arg-type]


def sample(data: Dataset, letter: str) -> Sample:
    return next(sample for sample in data.samples if sample.id == f"pictures/{letter}.png")


def test_classes_clusters_and_groups(root: Path) -> None:
    data = opened(
        root,
        "path,label,cluster,weather,007\n"
        "pictures/b.png,cat,site 1,rain,1\npictures/a.png,dog,site 1,,007\npictures/c.png,cat,,sun,1\n",
    )
    assert (data.class_names, data.truth) == (("cat", "dog"), None)
    assert [(s.id, s.target, s.cluster, dict(s.groups)) for s in data.samples] == [
        ("pictures/a.png", "dog", "site 1", {"007": "007"}),
        ("pictures/b.png", "cat", "site 1", {"weather": "rain", "007": "1"}),
        ("pictures/c.png", "cat", None, {"weather": "sun", "007": "1"}),
    ]
    assert data.samples[0].truth is None
    assert data.samples[0].load().shape == (3, 16, 24)
    assert "classes in the column label from data.csv" in data.description


def test_parquet_and_csv_are_the_same_data(root: Path) -> None:
    frame = pd.DataFrame({"image": ["pictures/a.png", "pictures/b.png"], "label": ["x", "y"], "seen": [3, 4]})
    frame.to_parquet(root / "data.parquet")
    data = open_dataset(root / "data.parquet")
    frame.to_csv(root / "data.csv", index=False)
    other = open_dataset(root / "data.csv")
    assert list(data.samples) == list(other.samples)
    assert data.samples[1].groups == {"seen": "4"}


def test_labels_values_texts_and_points(root: Path) -> None:
    text = "image,labels\npictures/a.png,cat; dog\npictures/b.png,\n"
    data = opened(root, text)
    assert (data.truth, data.class_names) == ("labels", ("cat", "dog"))
    assert sample(data, "a").load_truth((16, 24)) == Labels(frozenset({"cat", "dog"}))
    assert sample(data, "b").load_truth((16, 24)) == Labels(frozenset())
    values = sample(opened(root, "image,value_x,value_y\npictures/a.png,1.5,-2e3\n"), "a").load_truth((16, 24))
    assert isinstance(values, Values)
    assert values.numbers.tolist() == [1.5, -2000]
    assert sample(opened(root, 'image,text\npictures/a.png,"a, b"\n'), "a").load_truth((1, 1)) == Text("a, b")
    head = "image,point_eye_x,point_eye_y,point_nose_x,point_nose_y\n"
    points = sample(opened(root, head + "pictures/a.png,6,8,,\npictures/b.png,2,2,5,6"), "b").load_truth((32, 48))
    assert isinstance(points, Keypoints)
    np.testing.assert_array_equal(points.points, [[4, 4], [10, 12]])
    assert points.extent == 10
    with pytest.raises(CamsimError, match=r"data\.csv:2: extent, the size of the object in pixels, must be above 0"):
        sample(opened(root, head + "pictures/a.png,6,8,,\n"), "a").load_truth((16, 24))


def test_boxes_in_several_rows(root: Path) -> None:
    data = opened(
        root,
        "image,xmin,ymin,xmax,ymax,label,crowd\n"
        "pictures/a.png,1,2,3,4,cat,0\npictures/b.png,,,,,,\npictures/a.png,20,2,30,8,dog,1\npictures/a.png,9,9,9,9,dog,0\n",
    )
    assert (data.truth, data.class_names, len(data.samples)) == ("boxes", ("cat", "dog"), 2)
    found = sample(data, "a").load_truth((16, 24))
    assert isinstance(found, Boxes)
    np.testing.assert_array_equal(found.corners, [[1, 2, 3, 4], [20, 2, 24, 8]])
    assert (found.names, found.crowd.tolist()) == (("cat", "dog"), [False, True])
    empty = sample(data, "b").load_truth((16, 24))
    assert isinstance(empty, Boxes)
    assert not len(empty.corners)
    assert {note.split(" (")[0] for note in data.notes} == {
        "1 boxes that reach over the border of their picture were cut there",
        "1 boxes without area were left out",
    }
    sides = sample(opened(root, "image,x,y,width,height\npictures/a.png,1,2,3,4\n"), "a").load_truth((16, 24))
    assert isinstance(sides, Boxes)
    assert (sides.corners.tolist(), sides.names) == ([[1, 2, 4, 6]], ("object",))
    with pytest.raises(CamsimError, match=r"data\.csv:2: label is empty; give every box one"):
        opened(root, "image,x,y,width,height,label\npictures/a.png,1,2,3,4,\n")
    with pytest.raises(CamsimError, match=r"data\.csv:2: width must be a number, got 'wide'"):
        opened(root, "image,x,y,width,height\npictures/a.png,1,2,wide,4\n")


def test_masks_and_depth_maps(root: Path) -> None:
    Image.fromarray(np.pad(np.full((8, 12), 2, np.uint8), ((0, 8), (0, 12)), constant_values=255)).save(root / "m.png")
    (root / "classes.csv").write_text("index,name\n0,road\n2,sky\n")
    data = opened(root, "image,mask\npictures/a.png,m.png\n")
    assert (data.truth, data.class_names) == ("class_map", ("road", "sky"))
    found = sample(data, "a").load_truth((16, 24))
    assert isinstance(found, ClassMap)
    assert (found.indices[:8, :12] == 1).all()
    assert (found.indices[8:] == -1).all()
    metres = np.full((16, 24), 2.5, np.float32)
    metres[0, 0] = 0
    np.save(root / "d.npy", metres)
    Image.fromarray((metres * 1000).astype(np.uint16)).save(root / "d.png")
    for name in ("d.npy", "d.png"):
        depth = sample(opened(root, f"image,depth\npictures/a.png,{name}\n"), "a").load_truth((16, 24))
        assert isinstance(depth, Depth)
        assert np.isnan(depth.metres[0, 0])
        np.testing.assert_allclose(depth.metres[1:], 2.5)
    before = opened(root, "image,depth\npictures/a.png,d.npy\n").sha256
    np.save(root / "d.npy", metres + 1)
    assert open_dataset(root / "data.csv").sha256 != before
    with pytest.raises(CamsimError, match=r"^pictures/a\.png: e\.npy: the depth map is not there"):
        sample(opened(root, "image,depth\npictures/a.png,e.npy\n"), "a").load_truth((16, 24))


@pytest.mark.parametrize(
    ("text", "error", "why"),
    [
        ("", NoDataError, "is empty"),
        ("image,label\n", NoDataError, "has no rows"),
        ("photo,label\na,b\n", CamsimError, "needs one column of pictures, named image or path .*; has photo, label"),
        ("image,path\na,b\n", CamsimError, "has image and path"),
        ("image,image\na,b\n", CamsimError, "has two columns 'image'"),
        ("image,label,class\na,b,c\n", CamsimError, "both label and class could be the class"),
        ("image,label,text\na,b,c\n", CamsimError, r"holds several truths: text \(text\), class \(label\); .*--truth"),
        ("image,label\npictures/a.png,x\npictures/b.png,\n", CamsimError, r"data\.csv:3: label is empty"),
        ("image,label\npictures/a.png,x\npictures/a.png,y\n", CamsimError, r"csv:3: .* listed twice .*data\.csv:2"),
        ("image,label\npictures/a.png,x\n,y\n", CamsimError, r"data\.csv:3: '' is no file name"),
        ("image,label\n../a.png,x\n", UnsafeError, r"data\.csv:2: '\.\./a\.png' leads out"),
        ("image,label\n/a.png,x\n", UnsafeError, r"data\.csv:2: '/a\.png' leads out"),
        ("image,label\na,b,c,d\n", CamsimError, "cannot be read as a table"),
        ("image,point_a_x\na,1\n", CamsimError, "point_a_x is without point_a_y"),
        ("image,mask\npictures/a.png,m.png\n", CamsimError, "masks need a table of their classes"),
    ],
)
def test_bad_tables_are_refused_with_their_line(root: Path, text: str, error: type[CamsimError], why: str) -> None:
    with pytest.raises(error, match=why):
        opened(root, text)


def test_a_truth_can_be_chosen(root: Path) -> None:
    text = "image,label,text\npictures/a.png,cat,meow\n"
    assert opened(root, text, truth="text").samples[0].load_truth((1, 1)) == Text("meow")
    chosen = opened(root, text, truth="class")
    assert (chosen.samples[0].target, dict(chosen.samples[0].groups)) == ("cat", {})
    with pytest.raises(CamsimError, match=r"--truth boxes: no columns for that; it has text \(text\), class \(label\)"):
        opened(root, text, truth="boxes")


def test_missing_pictures_are_counted_and_values_that_are_none_are_errors_of_their_row(root: Path) -> None:
    data = opened(root, "image,value\npictures/a.png,1\npictures/gone.png,2\npictures/b.png,\n")
    assert data.notes == ("1 pictures of the table are not there and count as unreadable (first: pictures/gone.png).",)
    with pytest.raises(CamsimError, match=r"^pictures/b\.png: .*data\.csv:4: value is empty or no finite number"):
        sample(data, "b").load_truth((16, 24))


def test_columns_that_hardly_group_are_no_groups(root: Path) -> None:
    rows = "".join(f"p/{n}.png,cat,{n},{n % 2}\n" for n in range(120))
    data = opened(root, "image,label,time,half\n" + rows)
    assert set(data.samples[0].groups) == {"half"}
    assert any("1 columns have more than 100 different values and are no groups (first: time)" in n for n in data.notes)


def test_a_link_out_is_refused(root: Path) -> None:
    (root / "inner").mkdir()
    (root / "inner" / "a.png").symlink_to(root / "pictures" / "a.png")
    (root / "inner" / "data.csv").write_text("image,label\na.png,x\n")
    with pytest.raises(UnsafeError, match="leads out of the folder"):
        open_dataset(root / "inner")
