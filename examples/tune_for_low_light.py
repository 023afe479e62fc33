"""Tune a camera for a classifier at 5 % of the light: as a PyTorch module, as ONNX, and together with the network.

Trains the classifier of train_tree_classifier.py first, on the same photographs (see there):

    python examples/tune_for_low_light.py PHOTOS OUT

Every line says how accurate the classifier is on held-out patches behind the camera as it is and behind the learned
one, and the gain with its 95 % interval. OUT/onnx holds the learned camera and a report.
"""

from __future__ import annotations

import sys
from pathlib import Path

import yaml
from torch import nn
from train_tree_classifier import SIDE, SIDECAR
from train_tree_classifier import main as train_classifier

import audit
from audit.optimize import Gain, Plan
from camsim import catalog

CAMERA = "seed/drone/parametrised"
EXPOSURE = 0.05
PLAN = Plan(steps=200)


def show(what: str, gain: Gain) -> None:
    """One line of figures, in percent and points."""
    frozen, learned, by = gain.frozen, gain.learned, gain.gain
    print(
        f"{what}: frozen {frozen.value:.1%}, learned {learned.value:.1%}, gain {100 * by.value:+.1f} points "
        f"({100 * by.low:+.1f} to {100 * by.high:+.1f}) on {gain.samples} held-out patches"
    )


def tune_camera(network: nn.Module, data: audit.Dataset, out: Path) -> tuple[Gain, Gain]:
    """The camera alone, for the network in PyTorch and for the same as ONNX."""
    declared = yaml.safe_load(SIDECAR) | {"input_size": [SIDE, SIDE]}
    del declared["camsim_model"]
    module = audit.TorchModel(network, "trees.pt", declared)
    as_torch = audit.tune(module, data, CAMERA, exposure=EXPOSURE, limits="physical", plan=PLAN)
    show("PyTorch, camera alone", as_torch.gain)
    as_onnx = audit.tune(
        out / "trees.onnx", data, CAMERA, exposure=EXPOSURE, limits="physical", plan=PLAN, out=out / "onnx"
    )
    show("ONNX, camera alone", as_onnx.gain)
    return as_torch.gain, as_onnx.gain


def tune_both(network: nn.Module, data: audit.Dataset) -> Gain:
    """Camera and network together, against the network alone behind the frozen camera."""
    targets = {sample.id: ("background", "tree").index(sample.target or "") for sample in data.samples}
    together = audit.tune_jointly(
        network, data.samples, targets, catalog.load(CAMERA), exposure=EXPOSURE, limits="physical", plan=PLAN
    )
    show("PyTorch, camera and network together, against the network alone", together.gain)
    return together.gain


def main(photos: Path, out: Path) -> None:
    """Train, tune in three ways, print."""
    network = train_classifier(photos, out)
    data = audit.open_dataset(out / "test")
    tune_camera(network, data, out)
    tune_both(network, data)


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(Path(sys.argv[1]), Path(sys.argv[2]))
