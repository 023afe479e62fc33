"""Which format is seen in what lies there, and the sequences that datasets are."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from PIL import Image

from audit.data import Sample, open_dataset
from audit.data.dataset import take
from audit.data.sniff import sniff
from audit.data.table import SampleTable, coded, packed, repeated, texts_of
from audit.split import take as halve
from camsim.errors import CamsimError

from .making import coco, picture, voc, voc_object


def test_descriptions_are_seen_beside_pictures(tmp_path: Path) -> None:
    picture(tmp_path / "a.png")
    assert sniff(tmp_path) == ("folder", tmp_path)
    (tmp_path / "notes.json").write_text("{}")
    (tmp_path / "empty.csv").write_text("")
    (tmp_path / "other.csv").write_text("a,b\n1,2\n")
    (tmp_path / "settings.yaml").write_text("a: 1")
    assert sniff(tmp_path) == ("folder", tmp_path)
    coco(tmp_path / "x.json", [{"id": 1, "file_name": "a.png"}], [])
    assert sniff(tmp_path) == ("coco", tmp_path / "x.json")
    (tmp_path / "x.csv").write_text("image,label\na.png,cat\n")
    with pytest.raises(CamsimError, match=r"could be read in several ways: coco \(x\.json\), manifest \(x\.csv\)"):
        open_dataset(tmp_path)
    assert open_dataset(tmp_path, data_format="manifest").class_names == ("cat",)
    assert open_dataset(tmp_path, data_format="folder").class_names is None
    assert open_dataset(tmp_path / "x.csv").class_names == ("cat",)


def test_what_is_asked_for_must_be_there(tmp_path: Path) -> None:
    picture(tmp_path / "a.png")
    for options, why in (
        ({"data_format": "yolo"}, "--data-format yolo: nothing there describes such data"),
        ({"data_format": "tfrecord"}, "--data-format must be one of folder, manifest, .*, got 'tfrecord'"),
        ({"truth": "boxes"}, "--truth boxes: folder says class of a picture"),
        ({"intensity": 0.5}, "--intensity is for Raw-Drone and Raw-Microscopy"),
        ({"labels": "csv"}, "--labels must be one of"),
    ):
        with pytest.raises(CamsimError, match=why):
            open_dataset(tmp_path, **options)  # type: ignore[arg-type]
    (tmp_path / "a.txt").write_text("")
    with pytest.raises(CamsimError, match=r"\.txt is neither a picture nor a description of data"):
        open_dataset(tmp_path / "a.txt")
    (tmp_path / "x.json").write_text("[]")
    with pytest.raises(CamsimError, match="is no COCO file"):
        open_dataset(tmp_path / "x.json")
    with pytest.raises(CamsimError, match=r"does not exist; did you mean 'a\.png'"):
        open_dataset(tmp_path / "b.png")


def test_files_that_pictures_may_not_be_are_refused_one_by_one(tmp_path: Path) -> None:
    frames = [Image.new("RGB", (16, 16), color) for color in ("red", "blue")]
    Image.new("CMYK", (16, 16)).save(tmp_path / "cmyk.jpg")
    Image.new("RGBA", (16, 16)).save(tmp_path / "alpha.png")
    Image.fromarray(np.zeros((16, 16), np.uint16)).save(tmp_path / "deep.png")
    frames[0].save(tmp_path / "film.png", save_all=True, append_images=frames[1:])
    picture(tmp_path / "small.png", (8, 8))
    picture(tmp_path / "large.png", (40, 30))
    names = sorted(path.name for path in tmp_path.iterdir())
    coco(tmp_path / "x.json", [{"id": n, "file_name": name} for n, name in enumerate(names)], [])
    data = open_dataset(tmp_path)
    assert len(data.samples) == 6
    why = {"cmyk.jpg": "CMYK", "alpha.png": "transparent", "deep.png": "16 bits a channel", "film.png": "animated"}
    for sample in data.samples:
        if sample.id in why:
            with pytest.raises(CamsimError, match=rf"^{sample.id}: .*{why[sample.id]}"):
                sample.load()
        else:
            assert sample.load().shape[0] == 3


def test_samples_are_made_when_asked_for(tmp_path: Path) -> None:
    for number in range(7):
        picture(tmp_path / f"{number}.png", seed=number)
        voc(tmp_path / f"{number}.xml", voc_object("cat", (1, 1, 5, 5)))
    samples = open_dataset(tmp_path).samples
    assert isinstance(samples, SampleTable)
    assert [sample.id for sample in samples] == [f"{number}.png" for number in range(7)]
    assert [sample.id for sample in samples[2:4]] == ["2.png", "3.png"]
    assert samples[-1] == samples[6]
    assert samples[0] in samples
    with pytest.raises(IndexError):
        samples[7]
    assert [sample.id for sample in take(samples, [5, 1])] == ["5.png", "1.png"]
    assert [sample.id for sample in take(tuple(samples), [5, 1])] == ["5.png", "1.png"]
    again = pickle.loads(pickle.dumps(samples[3]))
    assert (again.load() == samples[3].load()).all()
    halves = [halve(samples, split, 0) for split in ("search", "held-out")]
    assert all(isinstance(half, SampleTable) for half in halves)
    assert sorted(sample.id for half in halves for sample in half) == [f"{number}.png" for number in range(7)]


def test_clusters_stay_in_one_half() -> None:
    def none() -> None:
        raise AssertionError

    samples = [Sample(f"s{n}", None, none, cluster=f"c{n // 4}") for n in range(40)]  # type: ignore[arg-type]
    for seed in range(3):
        search, held_out = (halve(samples, split, seed) for split in ("search", "held-out"))
        assert not {s.cluster for s in search} & {s.cluster for s in held_out}
        assert len(search) == len(held_out) == 20


def test_columns_of_texts() -> None:
    names = packed((f"{n}ä" for n in range(9000)), at_a_time=100)
    assert names.to_pylist() == [f"{n}ä" for n in range(9000)]
    assert list(texts_of(names, at_a_time=7)) == names.to_pylist()
    assert len(packed([])) == 0
    assert repeated(pa.array(["b", "a", "b"])) == "b"
    assert repeated(pa.array(["b", "a"])) is None
    assert coded(["x", None, "y", "x"]).to_pylist() == ["x", None, "y", "x"]
    assert coded(["x", "z"], ["z", "y", "x"]).indices.to_pylist() == [2, 0]
