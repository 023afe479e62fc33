from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet
import pytest
from PIL import Image

from audit.data import open_dataset
from audit.data.truth import Boxes, Labels, Text
from camsim.errors import CamsimError, UnsafeError

LABEL = {"_type": "ClassLabel", "names": ["cat", "dog"]}
IMAGE = {"_type": "Image"}


def png(seed: int) -> dict[str, object]:
    file = io.BytesIO()
    Image.fromarray(np.random.default_rng(seed).integers(0, 256, (16, 24, 3), dtype=np.uint8)).save(file, format="PNG")
    return {"bytes": file.getvalue(), "path": None}


def saved(folder: Path, columns: dict[str, list[Any]], features: dict[str, object]) -> Path:
    """What ``Dataset.save_to_disk`` writes: an Arrow stream, the features, a state."""
    folder.mkdir(parents=True, exist_ok=True)
    table = pa.table(columns)
    path = str(folder / "data-00000-of-00001.arrow")
    with pa.OSFile(path, "wb") as sink, pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table, max_chunksize=2)
    (folder / "dataset_info.json").write_text(json.dumps({"features": features}))
    (folder / "state.json").write_text("{}")
    return folder


def test_classes(tmp_path: Path) -> None:
    columns = {"image": [png(n) for n in range(5)], "label": [1, 0, 1, 0, 0], "site": ["a", "a", "b", "b", None]}
    data = open_dataset(saved(tmp_path, columns, {"image": IMAGE, "label": LABEL, "site": {"_type": "Value"}}))
    assert data.class_names == ("cat", "dog")
    assert [(s.id, s.target) for s in data.samples][:2] == [("0", "dog"), ("1", "cat")]
    assert [dict(s.groups) for s in data.samples][3:] == [{"site": "b"}, {}]
    assert data.samples[4].load().shape == (3, 16, 24)


def test_a_split_is_chosen_and_named(tmp_path: Path) -> None:
    columns = {"image": [png(0)], "label": [1]}
    for split in ("train", "test"):
        saved(tmp_path / split, columns, {"image": IMAGE, "label": LABEL})
    (tmp_path / "dataset_dict.json").write_text(json.dumps({"splits": ["train", "test"]}))
    assert "split test" in open_dataset(tmp_path).description
    assert len(open_dataset(tmp_path / "train").samples) == 1
    (tmp_path / "dataset_dict.json").write_text(json.dumps({"splits": ["fold1"]}))
    with pytest.raises(CamsimError, match="has the splits fold1; give the folder of one of them"):
        open_dataset(tmp_path)


def test_parquet_with_pictures_in_row_groups(tmp_path: Path) -> None:
    features = {"image": IMAGE, "label": LABEL}
    table = pa.table({"image": [png(n) for n in range(7)], "label": [n % 2 for n in range(7)]})
    table = table.replace_schema_metadata({"huggingface": json.dumps({"info": {"features": features}})})
    (tmp_path / "data").mkdir()
    for part in range(2):
        piece = table.slice(part * 4, 4)
        pyarrow.parquet.write_table(piece, tmp_path / "data" / f"test-{part:05d}-of-00002.parquet", row_group_size=2)
    data = open_dataset(tmp_path)
    assert [s.target for s in data.samples] == ["cat", "dog"] * 3 + ["cat"]
    saved(tmp_path / "arrow", {"image": table["image"].to_pylist(), "label": table["label"].to_pylist()}, features)
    same = open_dataset(tmp_path / "arrow")
    assert data.sha256 == same.sha256
    for place in (6, 0, 5, 3):
        assert (data.samples[place].load() == same.samples[place].load()).all()


def test_objects_labels_and_texts(tmp_path: Path) -> None:
    objects = [
        {"bbox": [[1.0, 2.0, 3.0, 4.0], [20.0, 3.0, 9.0, 2.0]], "category": [0, 1]},
        {"bbox": [], "category": []},
    ]
    features: dict[str, object] = {
        "image": IMAGE,
        "objects": {"_type": "Sequence", "feature": {"bbox": {}, "category": LABEL}},
    }
    data = open_dataset(saved(tmp_path / "o", {"image": [png(0), png(1)], "objects": objects}, features))
    first, second = (sample.load_truth((16, 24)) for sample in data.samples)
    assert isinstance(first, Boxes)
    assert isinstance(second, Boxes)
    np.testing.assert_array_equal(first.corners, [[1, 2, 4, 6], [20, 3, 24, 5]])
    assert first.names == ("cat", "dog")
    assert not len(second.corners)
    assert data.notes == ("1 boxes that reach over the border of their picture were cut there (first: row 0).",)
    listed = {"image": IMAGE, "labels": [LABEL]}
    data = open_dataset(saved(tmp_path / "l", {"image": [png(0)], "labels": [[1, 0]]}, listed))
    assert data.samples[0].load_truth((1, 1)) == Labels(frozenset({"cat", "dog"}))
    data = open_dataset(saved(tmp_path / "t", {"image": [png(0)], "text": ["abc"]}, {"image": IMAGE}))
    assert data.samples[0].load_truth((1, 1)) == Text("abc")


def test_paths_stay_in_the_folder(tmp_path: Path) -> None:
    Image.new("RGB", (24, 16)).save(tmp_path / "a.png")
    folder = saved(
        tmp_path / "d", {"image": [{"bytes": None, "path": "a.png"}], "label": [0]}, {"image": IMAGE, "label": LABEL}
    )
    with pytest.raises(CamsimError, match=r"^0: row 0: a\.png: cannot be read"):
        open_dataset(folder).samples[0].load()
    Image.new("RGB", (24, 16)).save(folder / "a.png")
    assert open_dataset(folder).samples[0].load().shape == (3, 16, 24)
    for path in ("../a.png", str(tmp_path / "a.png")):
        saved(folder, {"image": [{"bytes": None, "path": path}], "label": [0]}, {"image": IMAGE, "label": LABEL})
        with pytest.raises(UnsafeError, match="leads out of the folder"):
            open_dataset(folder).samples[0].load()


def test_what_cannot_be_told_is_refused(tmp_path: Path) -> None:
    for columns, features, why in (
        ({"label": [0]}, {"label": LABEL}, "needs one column of pictures, has none among label"),
        ({"a": [png(0)], "b": [png(0)]}, {"a": IMAGE, "b": IMAGE}, "has a, b among a, b"),
        (
            {"image": [png(0)], "label": [5]},
            {"image": IMAGE, "label": LABEL},
            "row 0: label is 5, which is none of the 2",
        ),
        ({"image": [png(0)], "label": [0], "text": ["x"]}, {"image": IMAGE, "label": LABEL}, "holds several truths"),
    ):
        with pytest.raises(CamsimError, match=why):
            open_dataset(saved(tmp_path, columns, features), data_format="huggingface")  # type: ignore[arg-type]
    (tmp_path / "data-00000-of-00001.arrow").write_bytes(b"no arrow at all")
    with pytest.raises(CamsimError, match="cannot be read as a Hugging Face dataset"):
        open_dataset(tmp_path)
    (tmp_path / "dataset_info.json").write_text("{")
    with pytest.raises(CamsimError):
        open_dataset(tmp_path)
