"""Pictures of coloured squares with a COCO file, and a detector for them in ONNX: for docs/audit-a-detector.md."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from PIL import Image

COLOURS = ("red", "green", "blue")
HEIGHT, WIDTH = 96, 128
SQUARE, STEP = 16, 4
"""Pixels: side of every square, and the grid that its corner lies on."""


def write_shapes(folder: Path, pictures: int = 80) -> None:
    """``images/`` and ``annotations.json``: one to five squares a picture, some dim."""
    rng = np.random.default_rng(11)
    images, annotations = [], []
    (folder / "images").mkdir(parents=True)
    for number in range(1, pictures + 1):
        pixels = np.full((HEIGHT, WIDTH, 3), 60.0) + rng.normal(0, 2, (HEIGHT, WIDTH, 1))
        for place in rng.permutation(12)[: rng.integers(1, 6)]:
            top, left = (int(cell) * 32 + int(rng.integers(0, 5)) * STEP for cell in divmod(int(place), 4))
            colour = int(rng.integers(3))
            pixels[top : top + SQUARE, left : left + SQUARE, colour] = rng.uniform(120, 230)
            annotations.append(
                {
                    "id": len(annotations) + 1,
                    "image_id": number,
                    "category_id": colour + 1,
                    "bbox": [left, top, SQUARE, SQUARE],
                    "area": SQUARE**2,
                    "iscrowd": 0,
                }
            )
        name = f"{number:03}.png"
        Image.fromarray(pixels.round().astype(np.uint8)).save(folder / "images" / name)
        images.append({"id": number, "file_name": name, "width": WIDTH, "height": HEIGHT})
    categories = [{"id": number, "name": name} for number, name in enumerate(COLOURS, 1)]
    text = json.dumps({"images": images, "annotations": annotations, "categories": categories})
    (folder / "annotations.json").write_text(text, encoding="utf-8")


def write_detector(path: Path) -> None:
    """In the form of YOLOv8, (1, 4 + 3, A): how far each window of a square's size exceeds the two other colours."""
    down, across = (np.arange(0, side - SQUARE + 1, STEP) + SQUARE / 2 for side in (HEIGHT, WIDTH))
    rows, columns = (places.ravel() for places in np.meshgrid(down, across, indexing="ij"))
    sides = np.full(rows.size, float(SQUARE))
    boxes = np.stack([columns, rows, sides, sides])[None]
    # Each colour minus the others: 2 c - (r + g + b), which grey makes 0 at 3 c - (r + g + b).
    contrast = 1.5 * np.eye(3) - 0.5
    window = np.einsum("oi,hw->oihw", contrast, np.full((SQUARE, SQUARE), 1 / SQUARE**2))
    graph = helper.make_graph(
        [
            helper.make_node("Conv", ["images", "window"], ["excess"], strides=[STEP, STEP]),
            helper.make_node("Mul", ["excess", "gain"], ["steep"]),
            helper.make_node("Clip", ["steep", "low", "high"], ["chances"]),
            helper.make_node("Reshape", ["chances", "shape"], ["classes"]),
            helper.make_node("Concat", ["boxes", "classes"], ["output0"], axis=1),
        ],
        "squares",
        [helper.make_tensor_value_info("images", TensorProto.FLOAT, [1, 3, HEIGHT, WIDTH])],
        [helper.make_tensor_value_info("output0", TensorProto.FLOAT, [1, 7, rows.size])],
        [_tensor("window", window), _tensor("boxes", boxes)]
        + [_tensor(name, np.array(value)) for name, value in (("gain", 1.8), ("low", 0.0), ("high", 0.99))]
        + [helper.make_tensor("shape", TensorProto.INT64, [3], [1, 3, rows.size])],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)


def _tensor(name: str, values: NDArray[np.float64]) -> onnx.TensorProto:
    return numpy_helper.from_array(values.astype(np.float32), name)
