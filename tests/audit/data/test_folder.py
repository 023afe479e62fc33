from __future__ import annotations

import os
import pickle
import shutil
from pathlib import Path

import numpy as np
import pytest
import tifffile
import torch
from PIL import Image

from audit.data.folder import open_folder
from camsim.errors import CamsimError, NoDataError, UnsafeError


def picture(path: Path, seed: int, size: tuple[int, int] = (12, 16)) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(seed).integers(0, 256, (*size, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(path)
    return path


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Three classes of 4, 2 and 6 pictures."""
    root = tmp_path / "animals"
    for label, count in {"dog": 4, "cat": 2, "eel": 6}.items():
        for number in range(count):
            picture(root / label / f"{number}.png", seed=ord(label[0]) * 10 + number)
    return root


def ids(root: Path, **options: object) -> list[str]:
    return [sample.id for sample in open_folder(root, **options).samples]  # type: ignore[arg-type]


def test_a_flat_folder_is_unlabelled(tmp_path: Path) -> None:
    for name in ("b.png", "a.JPG", "c.webp"):
        picture(tmp_path / name, 0)
    data = open_folder(tmp_path)
    assert [(sample.id, sample.target) for sample in data.samples] == [
        ("a.JPG", None),
        ("b.png", None),
        ("c.webp", None),
    ]
    assert data.class_names is None
    assert data.name == tmp_path.name
    assert "without labels" in data.description


def test_a_folder_for_each_class_is_labelled(tree: Path) -> None:
    data = open_folder(tree)
    assert data.class_names == ("cat", "dog", "eel")
    assert [sample.id for sample in data.samples] == sorted(sample.id for sample in data.samples)
    assert all(sample.target == sample.id.split("/")[0] for sample in data.samples)
    assert len(data.samples) == 12
    assert "3 classes" in data.description


def test_labels_can_be_turned_off(tree: Path) -> None:
    data = open_folder(tree, labels="none")
    assert data.class_names is None
    assert {sample.target for sample in data.samples} == {None}
    assert len(data.samples) == 12


def test_scenes_are_linear_light(tmp_path: Path) -> None:
    path = picture(tmp_path / "a.png", 0)
    scene = open_folder(tmp_path).samples[0].load()
    with Image.open(path) as image:
        encoded = np.asarray(image) / 255
    linear = np.where(encoded <= 0.04045, encoded / 12.92, ((encoded + 0.055) / 1.055) ** 2.4)  # IEC 61966-2-1
    assert scene.shape == (3, 12, 16)
    np.testing.assert_allclose(scene.permute(1, 2, 0).numpy(), linear, atol=1e-6)


def test_scene_files_are_taken_as_they_are(tmp_path: Path) -> None:
    scene = np.random.default_rng(0).random((9, 11, 3)).astype(np.float32) * 5
    np.save(tmp_path / "a.npy", scene)
    assert torch.equal(open_folder(tmp_path).samples[0].load(), torch.from_numpy(scene).permute(2, 0, 1))


def test_long_scenes_are_reduced_in_linear_light(tmp_path: Path) -> None:
    columns = np.zeros((20, 80, 3), dtype=np.uint8)
    columns[:, ::2] = 255
    Image.fromarray(columns).save(tmp_path / "a.png")
    data = open_folder(tmp_path, max_side=20)
    assert "scenes longer than 20 px are reduced to that" in data.description
    with pytest.raises(CamsimError, match=r"^a\.png: 80x20 is too elongated"):
        data.samples[0].load()
    scene = open_folder(tmp_path, max_side=40).samples[0].load()
    assert scene.shape == (3, 10, 40)
    assert scene.mean().item() == pytest.approx(0.5, abs=0.01)  # reduced as displayed it would be 0.21


def test_what_cannot_be_read_stays_and_says_why(tmp_path: Path) -> None:
    picture(tmp_path / "good.png", 0)
    (tmp_path / "bad.jpg").write_text("this is text")
    (tmp_path / "bad.dng").write_text("this is text")
    (tmp_path / "bad.npy").write_text("this is text")
    (tmp_path / "lost.png").symlink_to("nowhere.png")
    samples = {sample.id: sample for sample in open_folder(tmp_path).samples}
    assert set(samples) == {"good.png", "bad.jpg", "bad.dng", "bad.npy", "lost.png"}
    samples.pop("good.png").load()
    for name, sample in samples.items():
        with pytest.raises(CamsimError, match=f"^{name}: ") as caught:
            sample.load()
        assert str(tmp_path) not in str(caught.value)


def test_hidden_and_other_files_are_left_out_and_counted(tmp_path: Path) -> None:
    picture(tmp_path / "a.png", 0)
    picture(tmp_path / ".thumb.png", 0)
    picture(tmp_path / ".cache" / "b.png", 0)
    (tmp_path / "labels.csv").write_text("")
    (tmp_path / "notes.txt").write_text("")
    os.mkfifo(tmp_path / "pipe.png")
    data = open_folder(tmp_path)
    assert [sample.id for sample in data.samples] == ["a.png"]
    assert "left out: 2 hidden, 3 of other kinds" in data.description


def test_an_empty_folder_is_no_data(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "notes.txt").write_text("")
    with pytest.raises(
        NoDataError, match=r"holds no images \(left out: 1 of other kinds\); looked for \.jpg .*\.dng.*\.exr"
    ):
        open_folder(tmp_path)


def test_what_could_be_classes_or_not_is_refused(tree: Path) -> None:
    picture(tree / "loose.png", 1)
    for labels in ("auto", "folders"):
        with pytest.raises(
            CamsimError, match=r"1 images lie in the folder itself.*12 in its sub-folders.*--labels none"
        ):
            open_folder(tree, labels=labels)  # type: ignore[arg-type]
    assert len(ids(tree, labels="none")) == 13


def test_one_sub_folder_may_be_a_class_or_not(tmp_path: Path) -> None:
    picture(tmp_path / "images" / "a.png", 0)
    with pytest.raises(CamsimError, match=r"one sub-folder 'images'.*--labels none.*--labels folders"):
        open_folder(tmp_path)
    assert open_folder(tmp_path, labels="folders").class_names == ("images",)
    assert open_folder(tmp_path, labels="none").class_names is None


def test_deeper_folders_are_refused_unless_said(tmp_path: Path) -> None:
    for name in ("train/cat/a.png", "val/cat/a.png"):
        picture(tmp_path / name, 0)
    with pytest.raises(CamsimError, match=r"more than one folder deep .*'train/cat/a\.png'.*--labels folders"):
        open_folder(tmp_path)
    assert open_folder(tmp_path, labels="folders").class_names == ("train", "val")


def test_a_class_without_images_is_refused(tree: Path) -> None:
    (tree / "bee").mkdir()
    with pytest.raises(CamsimError, match="class folder 'bee' holds no images"):
        open_folder(tree)
    assert len(ids(tree, labels="none")) == 12


def test_folders_as_labels_need_folders(tmp_path: Path) -> None:
    picture(tmp_path / "a.png", 0)
    with pytest.raises(CamsimError, match="--labels folders needs a sub-folder for each class"):
        open_folder(tmp_path, labels="folders")
    with pytest.raises(CamsimError, match="--labels must be one of auto, folders, none, got 'csv'"):
        open_folder(tmp_path, labels="csv")  # type: ignore[arg-type]


def test_a_limit_takes_every_class_and_keeps_their_names(tree: Path) -> None:
    assert ids(tree, limit=6) == ["cat/0.png", "cat/1.png", "dog/1.png", "dog/3.png", "eel/1.png", "eel/4.png"]
    data = open_folder(tree, limit=2)
    assert data.class_names == ("cat", "dog", "eel")
    assert len(data.samples) == 2
    assert "2 of 12 files, evenly spaced" in data.description
    with pytest.raises(CamsimError, match="--limit must be at least 1"):
        open_folder(tree, limit=0)


def test_the_sha256_is_of_names_labels_and_contents(tree: Path, tmp_path: Path) -> None:
    first = open_folder(tree).sha256
    assert len(first) == 64
    copy = tmp_path / "elsewhere"
    shutil.copytree(tree, copy)
    assert open_folder(copy).sha256 == first
    (copy / "notes.txt").write_text("no part of the data")
    assert open_folder(copy).sha256 == first
    assert len({first, open_folder(copy, labels="none").sha256, open_folder(copy, limit=3).sha256}) == 3
    (copy / "cat" / "0.png").rename(copy / "cat" / "9.png")
    renamed = open_folder(copy).sha256
    picture(copy / "cat" / "9.png", 999)
    assert len({first, renamed, open_folder(copy).sha256}) == 3


def test_repeated_contents_are_counted(tmp_path: Path) -> None:
    picture(tmp_path / "a.png", 0)
    picture(tmp_path / "b.png", 0)
    picture(tmp_path / "c.png", 1)
    (tmp_path / "d.png").symlink_to("c.png")
    data = open_folder(tmp_path)
    assert len(data.samples) == 4
    assert "2 files repeat the content of another" in data.description
    assert "repeat" not in open_folder(tmp_path, limit=1).description


@pytest.mark.parametrize("link", ["file", "folder", "dots"])
def test_links_out_of_the_folder_are_refused(tmp_path: Path, link: str) -> None:
    root = tmp_path / "data"
    picture(root / "a.png", 0)
    picture(tmp_path / "secret" / "b.png", 1)
    if link == "folder":
        (root / "more").symlink_to(tmp_path / "secret")
    else:
        target = tmp_path / "secret/b.png" if link == "file" else Path("../secret/b.png")
        (root / "b.png").symlink_to(target)
    with pytest.raises(UnsafeError, match=r"the link leads out of the folder to .*secret"):
        open_folder(root)


def test_links_inside_do_not_loop(tmp_path: Path) -> None:
    picture(tmp_path / "a.png", 0)
    (tmp_path / "again").symlink_to(tmp_path)
    data = open_folder(tmp_path)
    assert [sample.id for sample in data.samples] == ["a.png"]
    assert "1 links to folders" in data.description
    (tmp_path / "loop.png").symlink_to("loop.png")
    with pytest.raises(UnsafeError, match="cannot be followed"):
        open_folder(tmp_path)


def test_the_folder_itself_may_be_a_link(tree: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tree)
    assert open_folder(tmp_path / "link").sha256 == open_folder(tree).sha256


def test_names_that_are_not_utf8_are_refused(tmp_path: Path) -> None:
    picture(tmp_path / "a.png", 0)
    name = os.fsencode(tmp_path) + b"/\xff.png"
    try:
        shutil.copy(os.fsencode(tmp_path / "a.png"), name)
    except OSError:
        pytest.skip("this file system takes UTF-8 names only")
    with pytest.raises(CamsimError, match="is not UTF-8; rename the file"):
        open_folder(tmp_path)


def test_a_single_file_is_a_dataset_of_one(tmp_path: Path) -> None:
    data = open_folder(picture(tmp_path / "photo.png", 0))
    assert [sample.id for sample in data.samples] == ["photo.png"]
    assert data.samples[0].load().shape == (3, 12, 16)
    assert data.name == "photo.png"
    (tmp_path / "notes.txt").write_text("")
    with pytest.raises(CamsimError, match=r"notes\.txt: \.txt is not an image; allowed: \.jpg"):
        open_folder(tmp_path / "notes.txt")
    os.mkfifo(tmp_path / "pipe.png")
    with pytest.raises(CamsimError, match="neither a folder nor a file"):
        open_folder(tmp_path / "pipe.png")


def test_a_missing_path_names_its_neighbours(tree: Path) -> None:
    with pytest.raises(CamsimError, match="animal: does not exist; did you mean 'animals'"):
        open_folder(tree.parent / "animal")


def test_samples_travel_to_other_processes(tree: Path) -> None:
    sample = open_folder(tree).samples[0]
    assert torch.equal(pickle.loads(pickle.dumps(sample)).load(), sample.load())


def test_a_camera_file_is_a_scene(tmp_path: Path) -> None:
    # A DNG as the DNG 1.4 specification asks for it: CFA RGGB, 12 bits, neutral 1:1:1; LibRaw knows the model.
    tags = [
        (50706, "B", 4, bytes([1, 4, 0, 0]), True),  # DNGVersion
        (271, "s", 0, "NIKON CORPORATION", True),
        (272, "s", 0, "NIKON D5000", True),
        (50708, "s", 0, "NIKON D5000", True),  # UniqueCameraModel
        (33421, "H", 2, (2, 2), True),  # CFARepeatPatternDim
        (33422, "B", 4, bytes([0, 1, 1, 2]), True),  # CFAPattern
        (50728, "2I", 3, [1, 1] * 3, True),  # AsShotNeutral
        (50717, "H", 1, 4095, True),  # WhiteLevel
    ]
    mosaic = np.full((64, 80), 1024, dtype=np.uint16)
    tifffile.imwrite(tmp_path / "a.dng", mosaic, photometric=32803, extratags=tags, metadata=None)
    scene = open_folder(tmp_path, max_side=40).samples[0].load()
    torch.testing.assert_close(scene, torch.full((3, 32, 40), 1024 / 4095), atol=1e-4, rtol=0)
