from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from pycocotools import mask as coco_mask

from audit.data import Dataset, open_dataset
from audit.data.segments import decode_counts, draw, pack
from audit.data.truth import Boxes, Keypoints, Labels, Poses
from camsim.errors import CamsimError, NoDataError, UnsafeError

from .making import coco, picture


def image(number: int, name: str, size: tuple[int, int] | None = (16, 24)) -> dict[str, object]:
    entry: dict[str, object] = {"id": number, "file_name": name}
    return entry | ({} if size is None else {"height": size[0], "width": size[1]})


def thing(number: int, owner: int, box: list[float], kind: int = 1, **more: object) -> dict[str, object]:
    return {"id": number, "image_id": owner, "category_id": kind, "bbox": box, **more}


def boxes(data: Dataset, name: str, shape: tuple[int, int] | None = None) -> Boxes:
    sample = next(sample for sample in data.samples if sample.id == name)
    truth = sample.load_truth(shape or tuple(sample.load().shape[1:]))  # type: ignore[arg-type]
    assert isinstance(truth, Boxes)
    return truth


def test_boxes_names_and_crowds(tmp_path: Path) -> None:
    picture(tmp_path / "a.png")
    picture(tmp_path / "b.png", (20, 20))
    coco(
        tmp_path / "_annotations.coco.json",
        [image(5, "b.png", (20, 20)), image(2, "a.png")],
        [thing(1, 2, [1, 2, 3, 4]), thing(2, 2, [5, 5, 6.5, 7], 7, iscrowd=1), thing(3, 5, [0, 0, 20, 20], 7)],
    )
    data = open_dataset(tmp_path)
    assert data.truth == "boxes"
    assert data.class_names == ("cat", "dog")
    assert [sample.id for sample in data.samples] == ["a.png", "b.png"]
    assert all(sample.target is None for sample in data.samples)
    found = boxes(data, "a.png")
    np.testing.assert_array_equal(found.corners, [[1, 2, 4, 6], [5, 5, 11.5, 12]])
    assert found.names == ("cat", "dog")
    assert found.crowd.tolist() == [False, True]
    assert found.masks is None
    assert data.notes == ()
    assert "3 objects of 2 classes" in data.description


def test_truth_follows_a_reduced_scene(tmp_path: Path) -> None:
    picture(tmp_path / "a.png", (40, 80))
    file = coco(tmp_path / "x.json", [image(1, "a.png", (40, 80))], [thing(1, 1, [10, 20, 40, 10])])
    data = open_dataset(file, max_side=40)
    assert data.samples[0].load().shape == (3, 20, 40)
    np.testing.assert_array_equal(boxes(data, "a.png").corners, [[5, 10, 25, 15]])


def test_bad_boxes_are_cut_or_left_out_and_counted(tmp_path: Path) -> None:
    picture(tmp_path / "a.png")
    bad = [
        thing(1, 1, [-2, 4, 10, 30]),  # over the left and the bottom border
        thing(2, 1, [30, 2, 5, 5]),  # outside
        thing(3, 1, [3, 3, 0, 5]),  # no area
        thing(4, 1, [3, 3, -2, 5]),
        thing(5, 1, [1, float("nan"), 2, 2]),
        thing(6, 1, [1, 1, float("inf"), 2]),
        thing(7, 99, [1, 1, 2, 2]),  # of a picture that is not listed
        thing(8, 1, [0, 0, 24, 16]),
    ]
    data = open_dataset(coco(tmp_path / "x.json", [image(1, "a.png")], bad))
    np.testing.assert_array_equal(boxes(data, "a.png").corners, [[0, 4, 8, 16], [0, 0, 24, 16]])
    notes = "\n".join(data.notes)
    assert "1 boxes that reach over the border of their picture were cut there" in notes
    assert "1 boxes wholly outside their picture were left out" in notes
    assert "2 boxes without area were left out" in notes
    assert "2 boxes with a coordinate that is no finite number were left out" in notes
    assert "1 objects of pictures that the file does not list were left out" in notes


def test_missing_pictures_are_unreadable_samples_and_counted(tmp_path: Path) -> None:
    picture(tmp_path / "a.png")
    entries = [image(1, "a.png"), image(2, "gone.png"), image(3, "lost.png", None)]
    data = open_dataset(coco(tmp_path / "x.json", entries, [thing(1, 2, [1, 1, 2, 2])]))
    assert [sample.id for sample in data.samples] == ["a.png", "gone.png", "lost.png"]
    assert data.notes == ("2 pictures of the file are not there and count as unreadable (first: gone.png).",)
    for name in ("gone.png", "lost.png"):
        with pytest.raises(CamsimError, match=rf"^{name}: .*does not exist"):
            next(sample for sample in data.samples if sample.id == name).load()
    assert boxes(data, "a.png").corners.shape == (0, 4)


def test_objects_of_undeclared_classes_make_a_picture_unreadable(tmp_path: Path) -> None:
    picture(tmp_path / "a.png")
    file = coco(tmp_path / "x.json", [image(1, "a.png")], [thing(4, 1, [1, 1, 2, 2], 3)])
    data = open_dataset(file)
    assert "1 pictures hold objects of undeclared categories" in data.notes[0]
    with pytest.raises(CamsimError, match=r"^a\.png: its annotation 4 is of a category that the file does not declare"):
        data.samples[0].load_truth((16, 24))


def test_the_usual_folders(tmp_path: Path) -> None:
    picture(tmp_path / "val2017" / "a.png")
    coco(tmp_path / "annotations" / "instances_val2017.json", [image(1, "a.png")], [thing(1, 1, [1, 2, 3, 4])])
    assert open_dataset(tmp_path).samples[0].load().shape == (3, 16, 24)
    coco(tmp_path / "annotations" / "instances_train2017.json", [image(1, "a.png")], [])
    with pytest.raises(CamsimError, match=r"several ways: coco \(instances_train2017\.json\), coco"):
        open_dataset(tmp_path)
    with pytest.raises(CamsimError, match=r"none of its first 1 pictures \(such as 'a\.png'\) is there; looked in"):
        open_dataset(tmp_path / "annotations" / "instances_train2017.json")


@pytest.mark.parametrize("name", ["../secret.png", "/etc/passwd", "a/../../b.png", "C:\\x.png", "..\\x.png"])
def test_file_names_that_lead_out_are_refused(tmp_path: Path, name: str) -> None:
    file = coco(tmp_path / "data" / "x.json", [image(1, name)], [])
    with pytest.raises(UnsafeError, match=r"images\[0\].*leads out of the folder"):
        open_dataset(file)


def test_links_out_are_refused(tmp_path: Path) -> None:
    picture(tmp_path / "secret.png")
    file = coco(tmp_path / "data" / "x.json", [image(1, "a.png")], [])
    (tmp_path / "data" / "a.png").symlink_to(tmp_path / "secret.png")
    with pytest.raises(UnsafeError, match="the link leads out"):
        open_dataset(file)


@pytest.mark.parametrize(
    ("images", "why"),
    [
        ([image(1, "a.png"), image(1, "b.png")], "the id 1 occurs twice"),
        ([image(1, "a.png"), image(2, "a.png")], r"the file name 'a\.png' occurs twice"),
        ([{"id": 1}], r"images\[0\]: 'file_name' must be a text, got None"),
        ([{"id": "one", "file_name": "a.png"}], r"images\[0\]: 'id' must be a whole number, got 'one'"),
        ([image(1, "a.png") | {"width": -3}], r"images\[0\]: width is a number of pixels, got -3"),
        (["a.png"], r"images\[0\]: must be an object, got str"),
    ],
)
def test_files_that_contradict_themselves_are_refused(tmp_path: Path, images: list[object], why: str) -> None:
    picture(tmp_path / "a.png")
    picture(tmp_path / "b.png")
    with pytest.raises(CamsimError, match=why):
        open_dataset(coco(tmp_path / "x.json", images, []))  # type: ignore[arg-type]


def test_categories_are_checked(tmp_path: Path) -> None:
    picture(tmp_path / "a.png")
    twice = [{"id": 1, "name": "cat"}, {"id": 2, "name": "cat"}]
    with pytest.raises(CamsimError, match=r"categories\[1\]: the name 'cat' occurs twice"):
        open_dataset(coco(tmp_path / "x.json", [image(1, "a.png")], [], twice))
    (tmp_path / "x.json").write_text(json.dumps({"images": [], "categories": []}))
    with pytest.raises(CamsimError, match="declares no categories"):
        open_dataset(tmp_path / "x.json")
    with pytest.raises(NoDataError, match="lists no pictures"):
        open_dataset(coco(tmp_path / "x.json", [], []))


def test_damaged_and_deep_files_name_the_line(tmp_path: Path) -> None:
    (tmp_path / "x.json").write_text('{"categories": [{"id": 1, "name": "cat"}],\n"images": [1,,2]}')
    with pytest.raises(CamsimError, match=r"x\.json:2: is no JSON"):
        open_dataset(tmp_path / "x.json", data_format="coco")
    (tmp_path / "x.json").write_text('{"images": ' + "[" * 100_000)
    with pytest.raises(CamsimError, match="nested deeper than 40 levels"):
        open_dataset(tmp_path / "x.json", data_format="coco")


def test_masks_from_polygons_and_both_kinds_of_run_lengths(tmp_path: Path) -> None:
    picture(tmp_path / "a.png")
    whole = np.zeros((16, 24), dtype=bool)
    whole[3:9, 4:11] = True
    packed = coco_mask.encode(np.asfortranarray(whole.astype(np.uint8)))
    runs = decode_counts(packed["counts"].decode())
    square = [4, 3, 11, 3, 11, 9, 4, 9]
    ways = [
        {"segmentation": [square]},
        {"segmentation": {"size": [16, 24], "counts": packed["counts"].decode()}},
        {"segmentation": {"size": [16, 24], "counts": runs}},
    ]
    things = [thing(number, 1, [4, 3, 7, 6], **way) for number, way in enumerate(ways)]
    data = open_dataset(coco(tmp_path / "x.json", [image(1, "a.png")], things))
    found = boxes(data, "a.png")
    assert found.masks is not None
    for mask in found.masks:
        np.testing.assert_array_equal(mask, whole)
    smaller = boxes(data, "a.png", (8, 12))
    assert smaller.masks is not None
    assert smaller.masks[0].shape == (8, 12)


@pytest.mark.parametrize("seed", range(5))
def test_compressed_run_lengths_agree_with_pycocotools(seed: int) -> None:
    rng = np.random.default_rng(seed)
    mask = rng.random((rng.integers(1, 60), rng.integers(1, 60))) < rng.random()
    packed = coco_mask.encode(np.asfortranarray(mask.astype(np.uint8)))
    stored = pack({"size": list(mask.shape), "counts": packed["counts"].decode()})
    np.testing.assert_array_equal(draw(stored, mask.shape), mask)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("segmentation", "why"),
    [
        ({"size": [16, 24], "counts": [10**9]}, "add up to 1000000000, and the picture has 384 pixels"),
        ({"size": [16, 24], "counts": [-4, 388]}, "add up to 384"),
        ({"size": [16, 24], "counts": "~~~"}, "not COCO's compressed text"),
        ({"size": [16, 24], "counts": "P"}, "end within a number"),
        ({"counts": [384]}, "no size"),
        ([[1, 2, 3]], "not x, y of at least three points"),
        ([[1, 2, 3, 4, 5, 1e9]], "reaches 10 times as far as the picture"),
        ({"size": [2, 192], "counts": [384]}, "run lengths of 192x2 on a picture of 24x16"),
    ],
)
def test_hostile_masks_are_refused(tmp_path: Path, segmentation: object, why: str) -> None:
    picture(tmp_path / "a.png")
    things = [thing(8, 1, [1, 1, 5, 5], segmentation=segmentation)]
    data = open_dataset(coco(tmp_path / "x.json", [image(1, "a.png")], things))
    with pytest.raises(CamsimError, match=rf"^a\.png: annotation 8: .*{why}"):
        data.samples[0].load_truth((16, 24))


def test_keypoints_of_pictures_with_one_object(tmp_path: Path) -> None:
    for name in "abc":
        picture(tmp_path / f"{name}.png")
    points = [3, 4, 2, 9, 5, 1, 0, 0, 0]
    things = [
        thing(1, 1, [2, 2, 9, 12], keypoints=points),
        thing(2, 1, [2, 2, 3, 3]),  # without keypoints
        thing(3, 2, [2, 2, 9, 12], keypoints=points),
        thing(4, 2, [3, 2, 9, 12], keypoints=points),
    ]
    file = coco(tmp_path / "x.json", [image(1, "a.png"), image(2, "b.png"), image(3, "c.png")], things)
    data = open_dataset(file, truth="keypoints")
    assert [sample.id for sample in data.samples] == ["a.png"]
    assert data.truth == "keypoints"
    truth = data.samples[0].load_truth((16, 24))
    assert isinstance(truth, Keypoints)
    np.testing.assert_array_equal(truth.points, [[3, 4], [9, 5], [0, 0]])
    assert truth.visible.tolist() == [True, True, False]
    assert truth.extent == 15
    assert {
        "1 pictures of several objects with keypoints were left out (first: x.json).",
        "1 pictures without keypoints were left out (first: x.json).",
    } == set(data.notes)


def test_poses_of_any_number_of_objects(tmp_path: Path) -> None:
    for name in "abc":
        picture(tmp_path / f"{name}.png")
    points, none = [3, 4, 2, 9, 5, 1, 0, 0, 0], [0] * 9
    things = [
        thing(1, 1, [2, 2, 9, 12], keypoints=points, area=40),
        thing(2, 1, [2, 2, 4, 5], keypoints=none, iscrowd=1),
        thing(3, 1, [2, 2, 3, 3]),  # a thing that has none
        thing(4, 2, [2, 2, 9, 12], keypoints=points, area="many"),
        thing(5, 2, [3, 2, 9, 12], keypoints=points[:6]),
    ]
    file = coco(tmp_path / "x.json", [image(1, "a.png"), image(2, "b.png"), image(3, "c.png")], things)
    data = open_dataset(file, truth="poses")
    assert (data.truth, data.class_names) == ("poses", ("cat", "dog"))
    assert data.notes == ("1 objects without keypoints were left out (first: x.json).",)
    first, second, third = data.samples
    truth = first.load_truth((16, 24))
    assert isinstance(truth, Poses)
    assert truth.names == ("cat", "cat")
    assert truth.crowd.tolist() == [False, True]
    np.testing.assert_array_equal(truth.points[0], [[3, 4], [9, 5], [0, 0]])
    assert truth.visible.tolist() == [[True, True, False], [False] * 3]
    np.testing.assert_allclose(truth.areas, [40, 0.53 * 20])
    with pytest.raises(CamsimError, match="its objects have different numbers of keypoints, from 2 to 3"):
        second.load_truth((16, 24))
    empty = third.load_truth((16, 24))
    assert isinstance(empty, Poses)
    assert empty.points.shape[0] == 0


def test_labels_from_boxes_and_no_labels(tmp_path: Path) -> None:
    picture(tmp_path / "a.png")
    file = coco(tmp_path / "x.json", [image(1, "a.png")], [thing(1, 1, [1, 1, 2, 2]), thing(2, 1, [1, 1, 2, 2], 7)])
    truth = open_dataset(file, truth="labels").samples[0].load_truth((16, 24))
    assert truth == Labels(frozenset({"cat", "dog"}))
    plain = open_dataset(file, labels="none")
    assert (plain.truth, plain.class_names, plain.samples[0].truth) == (None, None, None)
    assert plain.sha256 != open_dataset(file).sha256
    with pytest.raises(CamsimError, match="--truth text: coco says boxes or keypoints or poses or labels of a picture"):
        open_dataset(file, truth="text")


def test_turned_pictures(tmp_path: Path) -> None:
    """Boxes of the stored pixels turn with the picture; of the shown ones they stay; what cannot be told is refused."""
    stored = np.zeros((16, 24, 3), dtype=np.uint8)
    stored[2:6, 3:10] = 255
    for orientation in range(5, 9):
        exif = Image.Exif()
        exif[274] = orientation
        Image.fromarray(stored).save(tmp_path / "a.png", exif=exif)
        file = coco(tmp_path / "x.json", [image(1, "a.png", (16, 24))], [thing(1, 1, [3, 2, 7, 4])])
        data = open_dataset(file)
        scene = data.samples[0].load()
        left, top, right, bottom = boxes(data, "a.png").corners[0].astype(int)
        inside = scene[0, top:bottom, left:right]
        assert scene.shape == (3, 24, 16)
        assert inside.min() == 1
        assert inside.numel() == 28
        file = coco(tmp_path / "x.json", [image(1, "a.png", (24, 16))], [thing(1, 1, [3, 2, 7, 4])])
        np.testing.assert_array_equal(boxes(open_dataset(file), "a.png").corners, [[3, 2, 10, 6]])
    picture(tmp_path / "a.png", orientation=3)
    file = coco(tmp_path / "x.json", [image(1, "a.png")], [thing(1, 1, [3, 2, 7, 4])])
    with pytest.raises(CamsimError, match=r"EXIF orientation is 3, and it cannot be told .* store it upright"):
        boxes(open_dataset(file), "a.png")


def test_annotations_of_another_size_are_refused(tmp_path: Path) -> None:
    picture(tmp_path / "a.png")
    data = open_dataset(coco(tmp_path / "x.json", [image(1, "a.png", (32, 48))], [thing(1, 1, [3, 2, 7, 4])]))
    with pytest.raises(CamsimError, match=r"^a\.png: its annotations say 48x32 and the picture is 24x16"):
        boxes(data, "a.png")


def test_videos_are_clusters_and_the_hash_covers_the_annotations(tmp_path: Path) -> None:
    picture(tmp_path / "a.png")
    picture(tmp_path / "b.png")
    entries = [image(1, "a.png") | {"video_id": 3}, image(2, "b.png") | {"video_id": 3}]
    data = open_dataset(coco(tmp_path / "x.json", entries, []))
    assert [sample.cluster for sample in data.samples] == ["3", "3"]
    again = open_dataset(coco(tmp_path / "x.json", entries, [thing(1, 1, [1, 1, 2, 2])]))
    assert data.sha256 != again.sha256
    assert len(open_dataset(tmp_path / "x.json", limit=1).samples) == 1
