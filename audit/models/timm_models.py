"""Networks of timm by name, with weights from a local safetensors file; nothing is downloaded."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

from torch import Tensor, nn

from audit.models.metadata import Stated
from audit.models.session import first_line
from audit.models.sidecar import declaration_of
from camsim.errors import CamsimError, did_you_mean

PREFIX = "timm:"
_NAME = re.compile(r"[A-Za-z0-9_]+(\.[A-Za-z0-9_]+)?")
_FILTERS = {"nearest": "nearest", "bilinear": "bilinear", "bicubic": "bicubic", "lanczos": "lanczos", "box": "box"}


def timm_module(name: str, weights: Mapping[str, Tensor]) -> tuple[nn.Module, Stated]:
    """The network, without weights, and the preprocessing that timm knows of it.

    Args:
        name: as timm has it: ``resnet18``, ``vit_tiny_patch16_224.augreg_in21k``.
        weights: what will be loaded: it tells the number of classes.

    Raises:
        CamsimError: timm is not installed, or has no such network.
    """
    if _NAME.fullmatch(name) is None:
        raise CamsimError(f"{PREFIX}{name}: is no name of a network in timm")
    try:
        import timm
    except ImportError:
        raise CamsimError(f"{PREFIX}{name}: needs timm: pip install timm") from None
    if not timm.is_model(name.split(".")[0]):
        hint = did_you_mean(name, timm.list_models())
        raise CamsimError(f"{PREFIX}{name}: timm {timm.__version__} has no such network{hint}")
    try:
        module = timm.create_model(name, pretrained=False)
        classes = _classes(module, weights)
        if classes is not None:
            module = timm.create_model(name, pretrained=False, num_classes=classes)
    except Exception as error:  # timm raises what its networks do
        raise CamsimError(f"{PREFIX}{name}: timm cannot make it: {first_line(error)}") from None
    return module.eval(), _preprocessing(module.pretrained_cfg, name)


def _classes(module: nn.Module, weights: Mapping[str, Tensor]) -> int | None:
    """How many classes the weights are for, where that is not what the network has."""
    head = module.pretrained_cfg.get("classifier")  # type: ignore[union-attr, operator]
    key = f"{head}.weight" if isinstance(head, str) else ""
    own = module.state_dict().get(key)
    if own is None or key not in weights or weights[key].shape == own.shape:
        return None
    return int(weights[key].shape[0])


def _preprocessing(known: Mapping[str, Any], name: str) -> Stated:
    """timm.data.create_transform for evaluation: Resize to size / crop_pct, CenterCrop, Normalize."""
    _, height, width = known["input_size"]
    found: dict[str, Any] = {
        "input_size": [height, width],
        "color": "RGB",
        "scale": 1 / 255,
        "mean": [float(value) for value in known["mean"]],
        "std": [float(value) for value in known["std"]],
    }
    unread = []
    mode, part = known.get("crop_mode") or "center", float(known.get("crop_pct") or 0.875)
    if known.get("interpolation") in _FILTERS:
        found["filter"] = _FILTERS[str(known["interpolation"])]
    else:
        unread.append(f"interpolation {known.get('interpolation')!r} of timm")
    if mode == "squash" and part == 1.0:
        found["resize"] = "stretch"
    elif mode == "center" and height == width:
        found |= {"resize": "crop", "resize_shorter": math.floor(height / part)}
    else:
        unread.append(f"crop_mode {mode!r} of timm")
    return Stated(declaration_of(found, PREFIX + name), tuple(found), tuple(unread))
