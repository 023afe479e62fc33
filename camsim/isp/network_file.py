"""Weights of the neural processor in a safetensors file."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load, save

from camsim.atomic import write_bytes
from camsim.beside import read_beside
from camsim.errors import CamsimError

MAX_FEATURES, MAX_LAYERS = 32, 6
_MAX_BYTES = 2**20  # far more than the largest network takes

Weights = list[NDArray[np.float32]]
"""Weight (out, in, 3, 3) and bias (out,) of each layer, from the first to the last."""


def shapes(features: int, layers: int) -> dict[str, tuple[int, ...]]:
    """Names and shapes of the tensors of a network, in order; it takes and gives three channels."""
    widths = [3, *[features] * (layers - 1), 3]
    result: dict[str, tuple[int, ...]] = {}
    for number, (before, after) in enumerate(pairwise(widths)):
        result[f"layers.{number}.weight"] = (after, before, 3, 3)
        result[f"layers.{number}.bias"] = (after,)
    return result


def read_network(folder: Path, name: str) -> tuple[Weights, int, int, str]:
    """Weights in a folder or below it, features, layers, and the file's sha256.

    Raises:
        ValueError: a path that leads elsewhere, a file that cannot be read, or tensors that are not such a network's.
    """
    data = read_beside(folder, name, _MAX_BYTES)
    try:
        tensors = load(data)
    except (SafetensorError, KeyError, TypeError, ValueError) as error:
        raise ValueError(f"file {name!r} is no safetensors file of floating-point numbers: {error}") from None
    try:
        features, layers = _checked(tensors)
    except ValueError as error:
        raise ValueError(f"file {name!r}: {error}") from None
    weights = [tensors[key].astype(np.float32) for key in shapes(features, layers)]
    return weights, features, layers, hashlib.sha256(data).hexdigest()


def _checked(tensors: Mapping[str, NDArray[np.generic]]) -> tuple[int, int]:
    """Features and layers of the network whose tensors these are."""
    layers = len(tensors) // 2
    first = tensors.get("layers.0.weight")
    features = first.shape[0] if first is not None and first.ndim == 4 else 0
    if not (2 <= layers <= MAX_LAYERS and 1 <= features <= MAX_FEATURES):
        raise ValueError(
            f"needs layers.0.weight, layers.0.bias, layers.1.weight ... of 2 to {MAX_LAYERS} layers of 1 to "
            f"{MAX_FEATURES} features, got {_shown(tensors)}"
        )
    expected = shapes(features, layers)
    for name, shape in expected.items():
        if name not in tensors or tensors[name].shape != shape:
            raise ValueError(f"needs {name} of the shape {shape}, got {_shown(tensors)}")
        if tensors[name].dtype not in (np.float16, np.float32, np.float64):
            raise ValueError(f"{name} must be of float16, float32 or float64, got {tensors[name].dtype}")
        if not np.isfinite(tensors[name].astype(np.float32)).all():
            raise ValueError(f"{name} has NaN or infinite numbers, or such that are too large for float32")
    return features, layers


def _shown(tensors: Mapping[str, NDArray[np.generic]]) -> str:
    shown = [f"{name[:40]} {tensor.shape}" for name, tensor in sorted(tensors.items())[:4]]
    return ", ".join(shown) + (f" and {len(tensors) - 4} more" if len(tensors) > 4 else "") or "nothing"


def write_network(weights: Sequence[NDArray[np.float32]], features: int, layers: int, path: Path) -> None:
    """Write a file that `read_network` reads, whole or not at all.

    Raises:
        CamsimError: another suffix than .safetensors, or a place that cannot be written.
    """
    if path.suffix != ".safetensors":
        raise CamsimError(f"{path}: weights are written as .safetensors, got {path.suffix or 'no suffix'}")
    names = shapes(features, layers)
    write_bytes(path, save({name: np.ascontiguousarray(w) for name, w in zip(names, weights, strict=True)}))
