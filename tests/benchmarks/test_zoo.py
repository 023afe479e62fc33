"""Exported networks agree with onnxruntime and with finite differences; a part of the zoo of benchmarks/zoo."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from benchmarks.page import END, replace_between
from benchmarks.zoo import networks
from benchmarks.zoo.case import Feed
from benchmarks.zoo.exports import EXPORTS
from benchmarks.zoo.measure import Row, measure
from benchmarks.zoo.packages import PACKAGES
from benchmarks.zoo.seeded import seeded
from benchmarks.zoo.table import BEGIN, markdown

TESTED = (
    "CNN, TorchScript, opset 13",
    "CNN, dynamo, opset 18",
    "CNN, float16, TorchScript, opset 17",
    "CNN, int8 qdq, TorchScript, opset 13",
    "CNN of NHWC bytes, TorchScript, opset 13",
    "MobileNetV3, TorchScript, opset 14",
    "ViT, dynamo, opset 23",
    "ViT, int8 dynamic, TorchScript, opset 17",
    "Swin, TorchScript, opset 17",
    "SSD-like, TorchScript, opset 14",
    "CRNN (LSTM), TorchScript, opset 17",
)


@pytest.mark.parametrize("name", TESTED)
def test_an_export_agrees(name: str, tmp_path: Path) -> None:
    pytest.importorskip("onnxscript", reason="needs the extra 'export'")
    (case,) = (case for case in EXPORTS if case.name == name)
    row = measure(case, tmp_path, timed=False)
    assert row.output <= row.allowed
    assert row.slope <= 1e-3
    exact = not any(word in name for word in ("float16", "int8"))
    assert (row.allowed == 1e-4) == exact
    assert f"opset {row.opset}" in name


def test_what_the_zoo_holds() -> None:
    names = [case.name for case in (*EXPORTS, *PACKAGES)]
    assert len(set(names)) == len(names)
    assert sum("float16" not in name and "int8" not in name for name in names) >= 25
    assert {case.source.split("==")[0] for case in PACKAGES} >= {"rapidocr-onnxruntime", "nudenet", "ddddocr"}


def test_networks_are_the_same_every_time() -> None:
    before = torch.random.get_rng_state()
    first, second = (seeded(networks.MobileNetV3, (1, 3, 64, 64)) for _ in range(2))
    assert torch.equal(before, torch.random.get_rng_state())
    for name, value in first.state_dict().items():
        assert torch.equal(value, second.state_dict()[name])
    assert not any(part.training for part in first.modules())
    outputs = first(torch.randn(4, 3, 64, 64, generator=torch.Generator().manual_seed(0)))
    assert outputs.std(0).min() > 1e-3  # they tell pictures apart


@pytest.mark.parametrize(
    ("shape", "dtype"), [((1, 3, 8, 12), "float32"), ((1, 8, 12, 3), "uint8"), ((1, 1, 8, 12), "float16")]
)
def test_feeds(shape: tuple[int, int, int, int], dtype: str) -> None:
    array = Feed(shape, mean=(0.0,), std=(1.0,), dtype=dtype).array()
    assert (array.shape, array.dtype) == (shape, np.dtype(dtype))
    assert array.max() > (100 if dtype == "uint8" else 0.4)


def test_the_table() -> None:
    rows = [
        Row("a|b", "torch", 13, 10, 3, 1e-7, 1e-4, 2e-6, 2.25, 5.6),
        Row("half", "torch", 17, 10, 3, 1e-3, 2e-3, 2e-6, 0.1, 50.0),
        Row("wrong", "torch", 18, 10, 3, 1e-3, 1e-4, 2e-6, 3.0, 7.0),
    ]
    assert [row.good for row in rows] == [True, True, False]
    page = replace_between(f"before\n{BEGIN}\nold\n{END}\nafter", markdown(rows), BEGIN)
    assert "2 of 3 models" in page
    assert "| a\\|b | torch | 13 | 10 (3) | 1.0e-07 | 2.0e-06 | 2.2 | 5.6 |" in page
    assert "| 1.0e-03* |" in page
    assert "6.3 forwards in the median (5.6 to 7)" in page
    assert "old" not in page
