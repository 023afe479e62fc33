"""Training, in seconds on one core, and the ONNX file."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import torch
import yaml
from torch import Tensor, nn

from audit.camera import open_camera
from benchmarks.tasks.cases import Case
from camsim import catalog
from camsim.atomic import write_text

REFERENCE = "reference/srgb"
RATE = 5e-3
"""Highest learning rate, of AdamW on one cycle."""
BATCH = 32


def trained(case: Case) -> nn.Module:
    """The case's network, in evaluation mode, trained on what the reference camera shows: the same each time."""
    torch.manual_seed(0)
    network = case.network()
    data = case.data(0, case.training)
    scenes = torch.stack([sample.load() for sample in data.samples])
    names = [f"training/{sample.id}" for sample in data.samples]
    images = fed(open_camera(catalog.load(REFERENCE)).shoot_together(scenes, 0, names))
    targets = case.aim[0]([sample.load_truth(case.size) or sample.target or "" for sample in data.samples])
    optimizer = torch.optim.AdamW(network.parameters(), RATE, weight_decay=1e-2)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, RATE, case.steps + 1)
    for _ in range(case.steps):
        chosen = torch.randint(len(images), (BATCH,))
        loss = case.aim[1](network(images[chosen]), *(target[chosen] for target in targets))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
    for parameter in network.parameters():
        parameter.requires_grad_(False)
    return network.eval()


def fed(pictures: list[np.ndarray]) -> Tensor:
    """Pictures (H, W, 3) as `benchmarks.tasks.cases.INPUT` declares them: (N, 3, H, W)."""
    images = torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2).float()
    return (images / 255 - 0.5) / 0.25


def exported(case: Case, network: nn.Module, folder: Path) -> Path:
    """The ONNX file, with its sidecar beside it."""
    path = folder / "model.onnx"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch's exporters warn of their own plans
        torch.onnx.export(
            network,
            (torch.zeros(1, 3, *case.size),),
            path,
            dynamo=case.dynamo,
            input_names=["image"],
            output_names=list(case.outputs),
            **({"verbose": False, "external_data": False} if case.dynamo else {"opset_version": 17}),
        )
    sidecar = yaml.safe_dump({"camsim_model": 1, **case.declared}, sort_keys=False)
    write_text(path.with_suffix(".camsim.yaml"), sidecar)
    return path
