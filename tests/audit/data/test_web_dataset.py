from __future__ import annotations

import gzip
import io
import json
import tarfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from audit.data import Dataset, open_dataset
from audit.data.truth import Boxes, Text
from camsim.errors import CamsimError, NoDataError, UnsafeError


def png(seed: int = 0) -> bytes:
    file = io.BytesIO()
    pixels = np.random.default_rng(seed).integers(0, 256, (16, 24, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(file, format="PNG")
    return file.getvalue()


def shard(path: Path, members: dict[str, bytes | str]) -> Path:
    with tarfile.open(path, "w") as tar:
        for name, content in members.items():
            data = content.encode() if isinstance(content, str) else content
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            tar.addfile(entry, io.BytesIO(data))
    return path


def opened(path: Path, members: dict[str, bytes | str], **options: object) -> Dataset:
    return open_dataset(shard(path / "a.tar", members), **options)  # type: ignore[arg-type]


def test_classes_over_shards(tmp_path: Path) -> None:
    shard(tmp_path / "s-0.tar", {"x/1.png": png(1), "x/1.cls": "2", "x/2.png": png(2), "x/2.cls": "0"})
    shard(tmp_path / "s-1.tar", {"x/1.cls": "1", "x/1.png": png(3)})
    data = open_dataset(tmp_path)
    assert data.class_names == ("0", "1", "2")
    assert [(s.id, s.target) for s in data.samples] == [("s-0/x/1", "2"), ("s-0/x/2", "0"), ("s-1/x/1", "1")]
    (tmp_path / "classes.txt").write_text("cat\ndog\neel\n")
    data = open_dataset(tmp_path)
    assert [s.target for s in data.samples] == ["eel", "cat", "dog"]
    with Image.open(io.BytesIO(png(3))) as image:
        encoded = np.asarray(image)
    dark = encoded == 0
    assert (data.samples[2].load().permute(1, 2, 0).numpy()[dark] == 0).all()
    (tmp_path / "classes.txt").write_text("cat\ndog\n")
    with pytest.raises(CamsimError, match=r"classes\.txt: names 2 classes, and there is a label 2"):
        open_dataset(tmp_path)


def test_texts_boxes_and_clusters(tmp_path: Path) -> None:
    data = opened(tmp_path, {"a.png": png(), "a.txt": "hello\n"})
    assert data.samples[0].load_truth((1, 1)) == Text("hello")
    said = {"boxes": [[1, 2, 30, 8], [3, 3, 3, 5]], "labels": ["cat", "dog"], "cluster": 7}
    data = opened(tmp_path, {"a.png": png(), "a.json": json.dumps(said)})
    truth = data.samples[0].load_truth((16, 24))
    assert isinstance(truth, Boxes)
    assert (truth.corners.tolist(), truth.names) == ([[1, 2, 24, 8]], ("cat",))
    assert data.samples[0].cluster == "7"
    assert len(data.notes) == 2
    both = {"a.png": png(), "a.json": json.dumps({"label": "cat", "text": "x"})}
    with pytest.raises(CamsimError, match=r"holds several truths: class, text; choose one with --truth class"):
        opened(tmp_path, both)
    assert opened(tmp_path, both, truth="class").samples[0].target == "cat"


def test_the_hash_is_of_what_members_hold(tmp_path: Path) -> None:
    first = opened(tmp_path, {"a.png": png(1), "a.cls": "0"}).sha256
    assert opened(tmp_path, {"a.cls": "0", "a.png": png(1)}).sha256 == first
    assert opened(tmp_path, {"a.png": png(2), "a.cls": "0"}).sha256 != first


def test_samples_without_pictures_and_other_members(tmp_path: Path) -> None:
    data = opened(tmp_path, {"a.png": png(), "a.seg.png": png(), "a.npz": b"", "b.cls": "1", ".hidden.png": b""})
    assert [sample.id for sample in data.samples] == ["a"]
    assert data.notes == ("1 samples have no picture and were left out (first: b).",)
    with pytest.raises(NoDataError, match="no sample has a picture"):
        opened(tmp_path, {"b.cls": "1"})


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE])
def test_links_and_devices_are_refused(tmp_path: Path, kind: bytes) -> None:
    with tarfile.open(tmp_path / "a.tar", "w") as tar:
        entry = tarfile.TarInfo("a.png")
        entry.type, entry.linkname = kind, "/etc/passwd"
        tar.addfile(entry)
    with pytest.raises(UnsafeError, match=r"a\.tar: 'a\.png': is a link or a device"):
        open_dataset(tmp_path / "a.tar")


@pytest.mark.parametrize("name", ["/etc/a.png", "../a.png", "x/../../a.png"])
def test_names_that_lead_out_are_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(UnsafeError, match="leads out of the folder"):
        opened(tmp_path, {name: png()})


def test_what_cannot_be_read_at_random_or_at_all(tmp_path: Path) -> None:
    path = shard(tmp_path / "a.tar", {"a.png": png(), "a.cls": "0"})
    whole = path.read_bytes()
    path.write_bytes(gzip.compress(whole))
    with pytest.raises(CamsimError, match=r"is compressed \(gzip\).*unpack it to a plain \.tar"):
        open_dataset(path)
    path.write_bytes(b"no tar" * 200)
    with pytest.raises(CamsimError, match="is damaged or no tar file"):
        open_dataset(path)
    path.write_bytes(whole[:700])
    with pytest.raises(CamsimError, match=r"ends within 'a\.png'|is damaged"):
        open_dataset(path)
    for members, why in (
        ({"a.png": png(), "a.jpg": png()}, "'a' has two pictures"),
        ({"a.png": png(), "a.cls": "0", "b.png": png()}, "a.tar: b: has no label"),
        ({"a.png": png(), "a.json": "{"}, "is no JSON"),
        ({"a.png": png(), "a.json": "[]"}, "must hold an object"),
        ({"a.png": png(), "a.cls": "9" * 12}, "is no number of a class"),
        (
            {"a.png": png(), "a.cls": "0", "b.png": png(), "b.cls": "0", "a.bmp": b"", "a.json": '{"label": 0}'},
            "'a' is not unique",
        ),
    ):
        with pytest.raises(CamsimError, match=why):
            opened(tmp_path, members)  # type: ignore[arg-type]
