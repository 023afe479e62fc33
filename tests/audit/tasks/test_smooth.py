"""Smooth losses: one number with and without gradients, the slope that finite differences see, no silent way out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from audit.camera import open_camera
from audit.data import Dataset, Sample
from audit.data.truth import ClassMap
from audit.models import open_network
from audit.models.gradient_check import slope_difference
from audit.models.onnx_graph.straight import unrounded
from audit.searching.gradients import open_gradients, with_gradient
from audit.searching.marked import MarkedTask, judged_by
from audit.tasks.open import open_task
from benchmarks.tasks.cases import CASES, Case
from benchmarks.tasks.scenes import SIDE
from benchmarks.tasks.train import exported
from camsim import catalog

COUNT = 4
TASKS = ("multilabel", "segmentation", "regression", "depth", "keypoints", "retrieval", "detection", "text")
AS_MARKED = ("multilabel", "regression", "depth", "retrieval", "detection")
"""Tasks whose marks have a smooth loss already: the search raises that one."""


def made(name: str) -> nn.Module:
    """The task's network with random weights: its answers are poor, and far from any limit."""
    torch.manual_seed(1)
    network = CASES[name].network().eval()
    for parameter in network.parameters():
        parameter.requires_grad_(False)
    return network


def marked(
    case: Case, model: Any, *, labelled: bool, loss: str = "soft_error", more: Mapping[str, Any] | None = None
) -> tuple[MarkedTask, list[NDArray[np.uint8]], list[str]]:
    """The task as a search has it, with gradients, and pictures of a phone."""
    data = case.data(7, 60 if case.task == "retrieval" else COUNT)  # of retrieval, the gallery
    declared = case.declared | dict(more or {})
    if not labelled:
        samples = [replace(sample, truth=None, target=None) for sample in data.samples]
        data = replace(data, samples=tuple(samples), class_names=None, truth=None)
    overrides = {} if isinstance(model, Path) else {"overrides": declared}
    task = open_task(open_network(model, **overrides), data, case.task)
    shots = {
        name: [open_camera(catalog.load(name)).shoot(sample.load(), 0, sample.id) for sample in data.samples[:COUNT]]
        for name in ("reference/srgb", "phone/pixel-4a-imx363")
    }
    ids = [sample.id for sample in data.samples[:COUNT]]
    scene = data.samples[0].load().shape[1:]
    answers = None
    if not labelled:
        answers = dict(zip(ids, task.predict(shots["reference/srgb"], tuple(scene)), strict=True))
    plain = judged_by(task, data.samples, answers, loss)  # type: ignore[arg-type]
    assert isinstance(plain, MarkedTask)
    pictures = shots["phone/pixel-4a-imx363"]
    opened = with_gradient(plain, open_gradients(plain, pictures[:2], ids[:2]))
    assert opened.no_gradient is None, opened.no_gradient
    return opened, pictures, ids


def as_images(pictures: list[NDArray[np.uint8]]) -> Tensor:
    return torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2).float() / 255


@pytest.mark.parametrize("labelled", [True, False], ids=["labels", "without labels"])
@pytest.mark.parametrize("name", TASKS)
def test_the_loss_is_the_same_with_and_without_gradients(name: str, labelled: bool, tmp_path: Path) -> None:
    """Of an ONNX file: judged by onnxruntime and the decoder, differentiated in torch."""
    path = exported(CASES[name], made(name), tmp_path)
    task, pictures, ids = marked(CASES[name], path, labelled=labelled)
    judged = task.judge(pictures, ids)
    images = as_images(pictures).requires_grad_()
    losses = task.losses(images, ids)
    np.testing.assert_allclose(losses.detach().numpy(), judged.losses, rtol=0, atol=1e-5)
    assert ((judged.losses >= 0) & (judged.losses <= 1)).all()
    (slopes,) = torch.autograd.grad(losses.sum(), images)
    assert slopes.isfinite().all()
    assert float(slopes.abs().max()) > 0
    if name in AS_MARKED:
        np.testing.assert_allclose(judged.losses, mark_losses(task, pictures, ids), rtol=0, atol=1e-6)


def mark_losses(task: MarkedTask, pictures: list[NDArray[np.uint8]], ids: list[str]) -> list[float]:
    """What the audit writes down."""
    found = []
    for picture, name, answer in zip(pictures, ids, task.task.predict(pictures), strict=True):
        truth = None if task.answers is not None else task.task.truth(task.samples[name], picture.shape[:2])
        reference = answer if task.answers is None else task.answers[name]
        found.append(task.task.mark(answer, reference, truth).loss)
    return found


@pytest.mark.parametrize("labelled", [True, False], ids=["labels", "without labels"])
@pytest.mark.parametrize("name", TASKS)
def test_the_slope_is_that_of_finite_differences(name: str, labelled: bool) -> None:
    """Through preprocessing, network, decoder and loss, in float64 and without rounding."""
    task, pictures, ids = marked(CASES[name], made(name).double(), labelled=labelled)
    noise = torch.randn(1, 3, *pictures[0].shape[:2], generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    point = as_images(pictures[:1]).double() * 0.8 + 0.1 + 0.01 * noise
    with unrounded():
        assert slope_difference(lambda image: task.losses(image, ids[:1]), point) < 1e-3


VARIANTS: dict[str, tuple[str, dict[str, Any], dict[str, Any], Callable[[Any], Any]]] = {
    # task, decoder, what else is declared, what is done to the network's output
    "logits of one channel": (
        "segmentation",
        {"kind": "class_map", "holds": "logits", "threshold": 0.4},
        {"classes": ["ground", "shape"]},
        lambda maps: maps[:, 1] - maps[:, 0],
    ),
    "chances of one channel": (
        "segmentation",
        {"kind": "class_map", "holds": "probabilities"},
        {"classes": ["ground", "shape"]},
        lambda maps: (maps[:, 1] - maps[:, 0]).sigmoid(),
    ),
    "chances of classes, last": (
        "segmentation",
        {"kind": "class_map", "holds": "probabilities", "channels": "last"},
        {},
        lambda maps: maps.softmax(dim=1).permute(0, 2, 3, 1),
    ),
    "letterbox": (
        "segmentation",
        {"kind": "class_map", "holds": "logits"},
        {"resize": "pad", "input_size": [40, 64]},
        lambda x: x,
    ),
    "crop": (
        "segmentation",
        {"kind": "class_map", "holds": "logits"},
        {"resize": "crop", "input_size": [40, 32]},
        lambda x: x,
    ),
    "depth of unknown scale": ("depth", {"kind": "depth", "relative": "scale"}, {}, lambda x: x),
    "inverse depth": ("depth", {"kind": "depth", "inverse": True, "scale": 2.0, "farthest": 20.0}, {}, lambda x: x),
    "inverse depth of unknown scale and shift": (
        "depth",
        {"kind": "depth", "inverse": True, "relative": "scale_and_shift"},
        {"resize": "pad", "input_size": [40, 64]},
        lambda x: x,
    ),
    "multilabel chances": (
        "multilabel",
        {"kind": "label_chances", "holds": "probabilities"},
        {},
        lambda x: x.sigmoid(),
    ),
    "scores on heatmaps, on corners": (
        "keypoints",
        {"kind": "heatmaps", "cell": "corner", "channels": "last"},
        {"resize": "pad", "input_size": [40, 64]},
        lambda maps: maps.sigmoid().permute(0, 2, 3, 1),
    ),
    "coordinates": (
        "keypoints",
        {"kind": "coordinates", "unit": "fraction"},
        {"resize": "pad", "input_size": [40, 64]},
        lambda maps: torch.stack([maps.mean(dim=(2, 3)), maps.amax(dim=(2, 3))], dim=2).sigmoid(),
    ),
    "bins along the axes": (
        "keypoints",
        {"kind": "simcc", "x": "x", "y": "y", "split": 0.25},
        {},
        lambda maps: {"x": maps.mean(dim=2), "y": maps.mean(dim=3)},
    ),
    "boxes with objectness": (
        "detection",
        {"kind": "yolov5", "iou_threshold": 0.5},
        {},
        lambda table: torch.cat([table[:, :4], table[:, 4:].amax(1, True), table[:, 4:]], dim=1).transpose(1, 2),
    ),
    "cells": (
        "detection",
        {"kind": "yolox", "strides": [4], "iou_threshold": 0.5},
        {},
        lambda table: torch.cat(
            [table[:, :2] * 0 + 0.5, (table[:, 2:4] / 4).log(), table[:, 4:].amax(1, True), table[:, 4:]], dim=1
        ).transpose(1, 2),
    ),
    "queries": (
        "detection",
        {"kind": "detr", "logits": "logits", "boxes": "boxes", "scoring": "softmax"},
        {},
        lambda table: {
            "logits": torch.cat([table[:, 4:].logit(), table[:, 4:5] * 0 - 1], dim=1).transpose(1, 2),
            "boxes": (table[:, :4] / 48).transpose(1, 2),
        },
    ),
    "boxes and a table of scores": (
        "detection",
        {"kind": "boxes", "boxes": "boxes", "scores": "scores", "format": "cxcywh", "iou_threshold": 0.5},
        {"resize": "pad", "input_size": [48, 48]},
        lambda table: {"boxes": table[:, :4].transpose(1, 2), "scores": table[:, 4:].transpose(1, 2)},
    ),
    "chances of characters, the blank last": (
        "text",
        {"kind": "ctc", "holds": "probabilities", "blank": -1, "characters": list("0123456789")},
        {},
        lambda logits: logits.softmax(dim=2),
    ),
}
"""Every way that a decoder can read an output, of the same networks."""


class Turned(nn.Module):
    """A network with another output."""

    def __init__(self, network: nn.Module, turn: Callable[[Any], Any]) -> None:
        super().__init__()
        self.network, self.turn = network, turn

    def forward(self, image: Tensor) -> Any:
        return self.turn(self.network(image))


@pytest.mark.parametrize("labelled", [True, False], ids=["labels", "without labels"])
@pytest.mark.parametrize("variant", VARIANTS)
def test_every_decoder_is_the_same_in_torch(variant: str, labelled: bool) -> None:
    """Equal losses, equal to those of the marks where these are smooth, and slopes as finite differences have them."""
    key, decoder, declared, turn = VARIANTS[variant]
    case = replace(CASES[key], classes=declared.get("classes", CASES[key].classes))
    if "classes" in declared:  # all kinds of shapes are one
        case = replace(case, data=lambda seed, count: _one_class(CASES[key].data(seed, count)))
    network = Turned(made(key).double(), turn).eval()
    declared = {name: value for name, value in declared.items() if name != "classes"} | {"decoder": decoder}
    task, pictures, ids = marked(case, network, labelled=labelled, more=declared)
    judged = task.judge(pictures, ids)
    losses = task.losses(as_images(pictures), ids).numpy()
    np.testing.assert_allclose(losses, judged.losses, rtol=0, atol=1e-5)
    if key in AS_MARKED or decoder["kind"] == "coordinates":
        np.testing.assert_allclose(judged.losses, mark_losses(task, pictures, ids), rtol=0, atol=1e-6)
    point = as_images(pictures[:1]).double() * 0.8 + 0.1
    point = point + 0.01 * torch.randn(point.shape, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    with unrounded():
        assert slope_difference(lambda image: task.losses(image, ids[:1]), point) < 1e-3


def _one_class(data: Dataset) -> Dataset:
    def truth(sample: Sample) -> ClassMap:
        found = sample.load_truth((SIDE, SIDE))
        assert isinstance(found, ClassMap)
        return ClassMap((found.indices > 0).astype(np.int32))

    samples = tuple(replace(sample, truth=lambda sample=sample: truth(sample)) for sample in data.samples)
    return replace(data, samples=samples, class_names=("ground", "shape"))
