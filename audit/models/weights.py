"""Weights from a file into a network of code: safetensors, or a PyTorch file read without running anything."""

from __future__ import annotations

import pickle
from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from audit.models.safety import Limits
from audit.models.session import first_line
from camsim.errors import CamsimError, UnsafeError

_SHOWN = 3


def read_safetensors(path: Path) -> dict[str, Tensor]:
    """Tensors by name; the format cannot hold anything else.

    Raises:
        UnsafeError: the file is longer than is read.
        CamsimError: it is damaged.
    """
    _check_size(path)
    try:
        return load_file(path)
    except (SafetensorError, OSError, ValueError) as error:
        raise CamsimError(f"{path}: is a damaged safetensors file: {first_line(error)}") from None


def read_torch_weights(path: Path) -> dict[str, Tensor]:
    """The state dict in a PyTorch file; its pickle may hold tensors and plain containers alone.

    Raises:
        UnsafeError: it holds something else, which would have to be run, or is longer than is read.
        CamsimError: it is damaged, or holds no tensors by name.
    """
    _check_size(path)
    try:
        found = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError:
        raise UnsafeError(
            f"{path}: holds more than tensors, which would have to be unpickled and can run any code; camsim never "
            f"does that, trusted or not. Save the weights alone: torch.save(model.state_dict(), ...) or safetensors"
        ) from None
    except Exception as error:  # torch.load raises what its reader meets
        raise CamsimError(f"{path}: is a damaged PyTorch file: {first_line(error)}") from None
    for key in ("state_dict", "model_state_dict", "model"):
        if isinstance(found, Mapping) and isinstance(found.get(key), Mapping):
            found = found[key]
    if not isinstance(found, Mapping) or not all(
        isinstance(name, str) and isinstance(value, Tensor) for name, value in found.items()
    ):
        raise CamsimError(f"{path}: holds no tensors by name (a state dict); save model.state_dict()")
    return dict(found)


def fill(module: nn.Module, weights: Mapping[str, Tensor], where: str) -> None:
    """Load weights; every tensor must fit, and none may be left over.

    Raises:
        CamsimError: what does not fit.
    """
    wanted = module.state_dict()
    # Tensors that share their memory are written once.
    present = {value.data_ptr() for name, value in wanted.items() if name in weights and value.numel()}
    missing = [name for name, value in wanted.items() if name not in weights and value.data_ptr() not in present]
    extra = [name for name in weights if name not in wanted]
    other = [
        f"{name} ({_shape(weights[name])} in the file, {_shape(value)} in the network)"
        for name, value in wanted.items()
        if name in weights and weights[name].shape != value.shape
    ]
    problems = [
        f"{title}: {_listed(names)}"
        for title, names in (("missing", missing), ("not in the network", extra), ("of another shape", other))
        if names
    ]
    if problems:
        raise CamsimError(f"{where}: the weights do not fit {type(module).__name__}: " + "; ".join(problems))
    module.load_state_dict(dict(weights), strict=False)


def _check_size(path: Path) -> None:
    limit = Limits().file_bytes
    if path.stat().st_size > limit:
        raise UnsafeError(f"{path}: is {path.stat().st_size} bytes long; at most {limit} are read")


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(name if name.isprintable() else repr(name) for name in names[:_SHOWN])[:500] + more


def _shape(tensor: Tensor) -> str:
    return "x".join(map(str, tensor.shape)) or "one number"
