"""A small network is trained for each task; as an ONNX file and as a torch module it gives the same figures."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from audit.data import Dataset, Sample
from audit.data.truth import ClassMap, Depth, Keypoints, Labels, Truth, Values
from audit.decoders import (
    ClassMapDecoder,
    Decoder,
    DepthDecoder,
    EmbeddingDecoder,
    HeatmapsDecoder,
    LabelChancesDecoder,
    ValuesDecoder,
)
from audit.models import Network, open_network
from audit.tasks.depth import DepthTask
from audit.tasks.keypoints import KeypointsTask
from audit.tasks.mark import Mark
from audit.tasks.multilabel import Multilabel
from audit.tasks.regression import Regression
from audit.tasks.retrieval import Retrieval
from audit.tasks.segmentation import Segmentation

from .simple import value

SIDE = 32
COLORS = ("red", "green", "blue")
NEAR, FAR = 2.0, 6.0
TRAIN, HELD_OUT = 256, 48
STEPS = 250


@dataclass(frozen=True)
class Scene:
    """A bright disc of one colour on dim noise."""

    picture: NDArray[np.uint8]
    inside: NDArray[np.bool_]
    centre: NDArray[np.float64]
    radius: float
    color: int


def scene(seed: int) -> Scene:
    rng = np.random.default_rng(seed)
    centre, radius, color = rng.uniform(11, SIDE - 11, 2), rng.uniform(5, 10), int(rng.integers(3))
    rows, columns = np.mgrid[:SIDE, :SIDE] + 0.5
    inside = np.hypot(columns - centre[0], rows - centre[1]) < radius
    picture = rng.normal(60, 12, (SIDE, SIDE, 3))
    picture[inside, color] += 130
    return Scene(np.clip(picture, 0, 255).astype(np.uint8), inside, centre, radius, color)


class Trunk(nn.Module):
    """Shared layers, and one head for each task."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(3, 16, 3, 2, 1),
            nn.ReLU(),
            nn.Conv2d(16, 32, 3, 2, 1),
            nn.ReLU(),
            nn.Conv2d(32, 32, 3, 1, 1),
            nn.ReLU(),
        )
        self.classes, self.heat, self.depth = nn.Conv2d(32, 4, 1), nn.Conv2d(32, 1, 3, 1, 1), nn.Conv2d(32, 1, 1)
        self.size, self.colors, self.vector = nn.Linear(32, 1), nn.Linear(32, 3), nn.Linear(32, 8)

    def forward(self, image: Tensor) -> dict[str, Tensor]:
        maps = self.layers(image - 0.5)
        mean = maps.mean(dim=(2, 3))
        return {
            "segmentation": self.classes(maps),
            "keypoints": self.heat(maps),
            "depth": F.softplus(self.depth(maps)),
            "regression": self.size(mean),
            "multilabel": self.colors(mean),
            "retrieval": self.vector(mean),
        }


class Head(nn.Module):
    """The network of one task."""

    def __init__(self, trunk: Trunk, task: str) -> None:
        super().__init__()
        self.trunk, self.task = trunk, task

    def forward(self, image: Tensor) -> Tensor:
        return self.trunk(image)[self.task]


def losses(said: dict[str, Tensor], scenes: Sequence[Scene]) -> Tensor:
    inside = torch.stack([torch.from_numpy(one.inside) for one in scenes])[:, None].float()
    colors = torch.tensor([one.color for one in scenes])
    radius = torch.tensor([one.radius for one in scenes])
    centre = torch.tensor(np.array([one.centre for one in scenes])).float() / SIDE * 8
    rows, columns = torch.meshgrid(torch.arange(8) + 0.5, torch.arange(8) + 0.5, indexing="ij")
    heat = torch.exp(-((columns - centre[:, 0, None, None]) ** 2 + (rows - centre[:, 1, None, None]) ** 2) / 2)
    full = F.interpolate(said["segmentation"], (SIDE, SIDE), mode="bilinear")
    depth = F.interpolate(said["depth"], (SIDE, SIDE), mode="bilinear")
    vectors = F.normalize(said["retrieval"], dim=1) @ F.normalize(said["retrieval"], dim=1).T
    alike = (colors[:, None] == colors).float()
    return (
        F.cross_entropy(full, (inside[:, 0] * (colors[:, None, None] + 1)).long())
        + F.mse_loss(said["keypoints"][:, 0], heat) * 10
        + F.mse_loss(depth, FAR + (NEAR - FAR) * inside)
        + F.mse_loss(said["regression"][:, 0], (radius - 7.5) / 1.5)
        + F.binary_cross_entropy_with_logits(said["multilabel"], F.one_hot(colors, 3).float())
        + F.mse_loss(vectors, alike)
    )


@pytest.fixture(scope="module")
def trunk() -> Trunk:
    torch.manual_seed(0)
    network = Trunk()
    scenes = [scene(seed) for seed in range(TRAIN)]
    images = torch.stack([torch.from_numpy(one.picture).permute(2, 0, 1) for one in scenes]).float() / 255
    optimiser = torch.optim.Adam(network.parameters(), 5e-3)
    for step in range(STEPS):
        chosen = np.random.default_rng(step).choice(TRAIN, 32, replace=False)
        optimiser.zero_grad()
        losses(network(images[chosen]), [scenes[place] for place in chosen]).backward()
        optimiser.step()
    return network.eval()


def truth_of(task: str, one: Scene) -> Truth | None:
    match task:
        case "segmentation":
            return ClassMap((one.inside * (one.color + 1)).astype(np.int32))
        case "keypoints":
            return Keypoints(one.centre[None], np.array([True]), 2**1.5 * one.radius, (SIDE, SIDE))
        case "depth":
            return Depth(np.where(one.inside, NEAR, FAR).astype(np.float32))
        case "regression":
            return Values(np.array([one.radius]))
        case "multilabel":
            return Labels(frozenset({COLORS[one.color]}))
    return None


def held_out(task: str) -> tuple[list[Scene], Dataset]:
    scenes = [scene(seed) for seed in range(TRAIN, TRAIN + HELD_OUT)]
    samples = tuple(
        Sample(
            id=f"s{place:02}",
            target=COLORS[one.color] if task == "retrieval" else None,
            loader=lambda: torch.zeros(3, SIDE, SIDE),
            truth=None if task == "retrieval" else (lambda one=one: truth_of(task, one)),
        )
        for place, one in enumerate(scenes)
    )
    classes = {"segmentation": ("none", *COLORS), "multilabel": COLORS, "retrieval": COLORS}.get(task)
    kind = {"segmentation": "class_map", "regression": "values", "multilabel": "labels", "retrieval": None}.get(
        task, task
    )
    return scenes, Dataset("discs", samples, classes, "0" * 64, "Discs.", kind)  # type: ignore[arg-type]


TASKS: dict[str, tuple[type[Any], Decoder, dict[str, float]]] = {
    "segmentation": (Segmentation, ClassMapDecoder(), {"miou": 0.8, "pixel_accuracy": 0.9}),
    "keypoints": (KeypointsTask, HeatmapsDecoder(), {"pck_20": 0.9}),
    "depth": (DepthTask, DepthDecoder(), {"delta_1": 0.8}),
    "regression": (Regression, ValuesDecoder(mean=(7.5,), std=(1.5,)), {"r2": 0.8}),
    "multilabel": (Multilabel, LabelChancesDecoder(), {"f1_macro": 0.95, "map": 0.95}),
    "retrieval": (Retrieval, EmbeddingDecoder(), {"recall_1": 0.95, "map": 0.9}),
}


def export(network: nn.Module, path: Path, shape: tuple[int, int] = (SIDE, SIDE)) -> Path:
    names = {"input_names": ["image"], "output_names": ["output"]}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch's exporter warns of its own plans
        torch.onnx.export(network, (torch.zeros(1, 3, *shape),), path, dynamo=False, **names)
    return path


def measured(kind: type[Any], decoder: Decoder, network: Network, name: str) -> tuple[dict[str, float], list[Mark]]:
    scenes, data = held_out(name)
    given = {"show": lambda sample: scenes[int(sample.id[1:])].picture} if kind is Retrieval else {}
    task = kind(network, decoder, data, **given)
    dim = [(one.picture * 0.5).astype(np.uint8) for one in scenes]
    references, answers = task.predict([one.picture for one in scenes]), task.predict(dim)
    truths = [task.truth(sample, (SIDE, SIDE)) for sample in data.samples]
    marks = [task.mark(*three) for three in zip(references, references, truths, strict=True)]
    drifted = [task.mark(*three) for three in zip(answers, references, truths, strict=True)]
    rows = [{"score": mark.score, "agreement": mark.agreement, **mark.own} for mark in marks]
    figures = {
        metric.key: value(task, metric.key, rows)
        if metric.kind == "aggregate"
        else float(np.mean([row[metric.columns[0]] for row in rows]))
        for metric in task.metrics
    }
    return figures, drifted


@pytest.mark.slow
@pytest.mark.parametrize("name", TASKS)
def test_onnx_and_torch_give_the_same_figures(name: str, trunk: Trunk, tmp_path: Path) -> None:
    kind, decoder, wanted = TASKS[name]
    head = Head(trunk, name).eval()
    by_torch, drifted = measured(kind, decoder, open_network(head, overrides={"input_size": [SIDE, SIDE]}), name)
    by_onnx, drifted_too = measured(kind, decoder, open_network(export(head, tmp_path / "head.onnx")), name)
    assert by_onnx == pytest.approx(by_torch, abs=1e-4)
    for metric, least in wanted.items():
        assert by_torch[metric] > least
    # Half the light is seen, and costs.
    assert [mark.flip for mark in drifted] == [mark.flip for mark in drifted_too]
    assert np.mean([mark.agreement for mark in drifted]) < 0.999
