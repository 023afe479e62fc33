from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch.utils.data import TensorDataset

from audit.data import Dataset, open_dataset
from audit.data.truth import Boxes, ClassMap, Depth, Labels, Text, Values
from camsim.errors import CamsimError, NoDataError

PIXELS = np.random.default_rng(0).integers(0, 256, (16, 24, 3), dtype=np.uint8)


@dataclass
class Items:
    """A map-style dataset."""

    items: list[Any]
    classes: list[str] | None = None
    metadata: dict[str, Any] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.items)

    def __getitem__(self, index: int) -> Any:
        return self.items[index]


@dataclass
class Found:
    """MAITE's target of object detection."""

    boxes: Any
    labels: Any
    scores: Any


def truth(target: Any, classes: list[str] | None = None, **options: Any) -> Any:
    data = open_dataset(Items([(PIXELS, target)], classes), **options)
    return data.samples[0].load_truth((16, 24))


def test_a_tensor_dataset() -> None:
    pictures = torch.arange(5 * 3 * 16 * 24).reshape(5, 3, 16, 24) % 256 / 255
    data = open_dataset(TensorDataset(pictures, torch.tensor([2, 0, 1, 1, 0])))
    assert isinstance(data, Dataset)
    assert data.class_names == ("0", "1", "2")
    assert [s.target for s in data.samples] == ["2", "0", "1", "1", "0"]
    assert data.samples[0].load().shape == (3, 16, 24)
    assert len(open_dataset(TensorDataset(pictures, torch.tensor([2, 0, 1, 1, 0])), limit=3).samples) == 3


@pytest.mark.parametrize(
    "form",
    [
        PIXELS,
        PIXELS.transpose(2, 0, 1),
        torch.from_numpy(PIXELS.transpose(2, 0, 1).copy()),
        (PIXELS / 255).astype(np.float32).transpose(2, 0, 1),
        Image.fromarray(PIXELS),
    ],
)
def test_pictures_of_every_form_are_the_same_scene(form: Any) -> None:
    scene = open_dataset(Items([form])).samples[0].load()
    encoded = PIXELS / 255
    linear = np.where(encoded <= 0.04045, encoded / 12.92, ((encoded + 0.055) / 1.055) ** 2.4)
    np.testing.assert_allclose(scene.permute(1, 2, 0).numpy(), linear, atol=1e-6)


def test_maite_classification_and_detection() -> None:
    names = {"id": "sites", "index2label": {0: "cat", 1: "dog"}}
    items = [
        (PIXELS.transpose(2, 0, 1), [0.1, 0.9], {"id": "b", "hour": 3}),
        (PIXELS.transpose(2, 0, 1), [1, 0], {"id": "a", "hour": 4}),
    ]
    data = open_dataset(Items(items, metadata=names), truth="class")
    assert (data.name, data.class_names) == ("sites", ("cat", "dog"))
    assert [(s.id, s.target, dict(s.groups)) for s in data.samples] == [
        ("a", "cat", {"hour": "4"}),
        ("b", "dog", {"hour": "3"}),
    ]
    target = Found(torch.tensor([[1.0, 2, 30, 8], [3, 3, 3, 5]]), torch.tensor([1, 0]), torch.ones(2))
    data = open_dataset(Items([(PIXELS, target, {"id": 5})], metadata=names))
    found = data.samples[0].load_truth((16, 24))
    assert isinstance(found, Boxes)
    assert (found.corners.tolist(), found.names, data.samples[0].id) == ([[1, 2, 24, 8]], ("dog",), "5")
    assert len(data.notes) == 2


def test_targets_by_their_form() -> None:
    assert truth("abc") == Text("abc")
    numbers = truth([1.5, 2.5, 3.5])
    assert isinstance(numbers, Values)
    assert numbers.numbers.tolist() == [1.5, 2.5, 3.5]
    assert truth([1, 1, 0], ["a", "b", "c"]) == Labels(frozenset({"a", "b"}))
    classes = np.zeros((16, 24), np.uint8)
    classes[0, 0], classes[1, 1] = 255, 1
    for form in (classes, Image.fromarray(classes), torch.from_numpy(classes).long()):
        found = truth(form, ["a", "b"])
        assert isinstance(found, ClassMap)
        assert (found.indices[0, 0], found.indices[1, 1], found.indices[2, 2]) == (-1, 1, 0)
    metres = truth(np.full((16, 24), 2.0, np.float32))
    assert isinstance(metres, Depth)
    assert (metres.metres == 2).all()
    boxes = truth({"boxes": [[0, 0, 4, 4]], "labels": [1], "masks": np.ones((1, 16, 24))}, ["a", "b"])
    assert isinstance(boxes, Boxes)
    assert boxes.masks is not None
    assert boxes.masks[0].all()


def test_what_is_no_dataset_is_refused() -> None:
    class Broken(Items):
        def __getitem__(self, index: int) -> Any:
            raise RuntimeError("disk on fire")

    for given, error, why in (
        (Items([]), NoDataError, "Items: is empty"),
        (Broken([1]), CamsimError, "item 0 of Broken fails: RuntimeError: disk on fire"),
        (Items([(1, 2, 3, 4)]), CamsimError, "got 4 parts"),
        (Items([(PIXELS, 5)], ["a", "b"]), CamsimError, "has 2 class names, and an item is of class 5"),
        (Items([(PIXELS, -1)]), CamsimError, "item 0: its target must be the number of a class"),
        (Items([(PIXELS, {"boxes": [], "labels": []})]), CamsimError, "its boxes need names"),
        (Items([(PIXELS, {"boxes": []})], ["a"]), CamsimError, "needs boxes and labels"),
        (Items([(PIXELS, np.zeros((2, 2, 2)))]), CamsimError, "is none that is known"),
        (Items([(PIXELS, object())]), CamsimError, "holds no numbers"),
        (7, CamsimError, "data must be a path or have __len__ and __getitem__, got int"),
    ):
        with pytest.raises(error, match=why):
            open_dataset(given)  # type: ignore[arg-type]


def test_pictures_that_are_none_say_so_when_loaded() -> None:
    for picture, why in (
        (PIXELS / 127.5 - 1, "lies in .0, 1., got .* without Normalize"),
        (PIXELS.astype(np.int32), "holds bytes, or floats"),
        (PIXELS[..., :2], "1 or 3 channels"),
        (Image.new("CMYK", (24, 16)), "must be RGB or L, got CMYK"),
        (np.full((16, 24, 3), np.nan), "lies in"),
    ):
        sample = open_dataset(Items([picture])).samples[0]
        with pytest.raises(CamsimError, match=rf"^0: .*{why}"):
            sample.load()


def test_the_hash_is_of_pictures_and_targets() -> None:
    base = open_dataset(Items([(PIXELS, 0), (PIXELS, 1)])).sha256
    assert open_dataset(Items([(PIXELS, 0), (PIXELS, 1)])).sha256 == base
    assert open_dataset(Items([(PIXELS, 1), (PIXELS, 0)])).sha256 != base
    assert open_dataset(Items([(PIXELS, 0), (255 - PIXELS, 1)])).sha256 != base
