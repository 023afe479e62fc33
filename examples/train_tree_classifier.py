"""Train a small tree-crown classifier and lay out its test data, ready for `camsim audit`.

Needs a folder of aerial photographs with tree-crown boxes (PASCAL VOC XML beside each PNG), such as those in the source
distribution of the PyPI package deepforest:

    python examples/train_tree_classifier.py PHOTOS OUT
    camsim audit OUT/trees.onnx --data OUT/test --profiles "seed/*" "still/*" --max-drop 0.05

Patches are split by region: in each photograph the upper 60 % is for training, the lower 35 % for the test, with a
strip between them that belongs to neither.
"""

from __future__ import annotations

import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import nn

SIDE = 48
"""Side of a patch, pixels."""
TRAIN, TEST = (0.0, 0.60), (0.65, 1.0)
"""Rows of a photograph as fractions of its height."""
EPOCHS = 15
SIDECAR = """\
camsim_model: 1
color: RGB
scale: 0.00392156862745098
mean: 0
std: 1
resize: stretch
filter: bilinear
output_kind: logits
classes: [background, tree]
"""

Patches = list[tuple[NDArray[np.uint8], int]]


def boxes(annotation: Path) -> NDArray[np.float64]:
    """(N, 4) xmin, ymin, xmax, ymax in pixels."""
    root = ET.parse(annotation).getroot()  # noqa: S314  a local file of the user's own
    found = [[float(box.findtext(key) or 0) for key in ("xmin", "ymin", "xmax", "ymax")] for box in root.iter("bndbox")]
    return np.array(found)


def patches(photo: Path, rows: tuple[float, float], rng: np.random.Generator) -> Patches:
    """Patches of one photograph within a range of rows: each crown once, and as much background as there is of it."""
    image = np.asarray(Image.open(photo).convert("RGB"))
    height, width = image.shape[:2]
    top, bottom = (int(height * row) for row in rows)
    crowns = boxes(photo.with_suffix(".xml"))
    centres = (crowns[:, :2] + crowns[:, 2:]) / 2
    found: Patches = []

    def cut(x: float, y: float, label: int) -> None:
        left, upper = round(x - SIDE / 2), round(y - SIDE / 2)
        if left >= 0 and upper >= top and left + SIDE <= width and upper + SIDE <= bottom:
            found.append((image[upper : upper + SIDE, left : left + SIDE], label))

    for x, y in centres:
        cut(x, y, 1)
    for _ in range(20 * len(centres)):
        if len(found) >= 2 * sum(label for _, label in found):
            break
        x, y = rng.uniform(0, width), rng.uniform(top, bottom)
        # Background: the middle of the patch lies in no box, and no crown's centre is near.
        inside = (np.abs(centres - (x, y)) < (crowns[:, 2:] - crowns[:, :2]) / 2 + SIDE / 6).all(axis=1)
        if not inside.any():
            cut(x, y, 0)
    return found


def network() -> nn.Module:
    """Four convolutions and a linear layer."""
    layers: list[nn.Module] = []
    for inputs, outputs in ((3, 16), (16, 32), (32, 64), (64, 64)):
        layers += [nn.Conv2d(inputs, outputs, 3, padding=1), nn.BatchNorm2d(outputs), nn.ReLU(), nn.MaxPool2d(2)]
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, 2))


def train(data: Patches) -> nn.Module:
    """Train on the patches, each turned and mirrored at random."""
    torch.manual_seed(0)
    images = torch.from_numpy(np.stack([image for image, _ in data])).permute(0, 3, 1, 2).float() / 255
    labels = torch.tensor([label for _, label in data])
    model = network()
    optimizer = torch.optim.AdamW(model.parameters(), lr=2e-3, weight_decay=1e-2)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, EPOCHS)
    for epoch in range(EPOCHS):
        total = 0.0
        for batch in torch.randperm(len(labels)).split(32):
            turned = torch.rot90(images[batch], int(torch.randint(4, ())), (2, 3))
            loss = nn.functional.cross_entropy(model(turned), labels[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.item() * len(batch)
        schedule.step()
        print(f"\repoch {epoch + 1}/{EPOCHS}, loss {total / len(labels):.3f}", end="", file=sys.stderr)
    print(file=sys.stderr)
    return model.eval()


def main(photos: Path, out: Path) -> nn.Module:
    """Cut patches, train, export; the trained network."""
    rng = np.random.default_rng(0)
    files = sorted(photos.glob("*.png"))
    if not files:
        sys.exit(f"{photos}: no PNG photographs with XML boxes there")
    training = [patch for photo in files for patch in patches(photo, TRAIN, rng)]
    test = [patch for photo in files for patch in patches(photo, TEST, rng)]
    for number, (image, label) in enumerate(test):
        folder = out / "test" / ("background", "tree")[label]
        folder.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(folder / f"{number:04d}.png")
    model = train(training)
    torch.onnx.export(
        model,
        (torch.zeros(1, 3, SIDE, SIDE),),
        str(out / "trees.onnx"),
        dynamo=False,
        input_names=["image"],
        output_names=["logits"],
        dynamic_axes={"image": {0: "batch"}, "logits": {0: "batch"}},
    )
    (out / "trees.camsim.yaml").write_text(SIDECAR, encoding="utf-8")
    print(f"{len(training)} patches to train on, {len(test)} in {out / 'test'}; model {out / 'trees.onnx'}")
    return model


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(Path(sys.argv[1]), Path(sys.argv[2]))
