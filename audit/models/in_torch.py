"""Networks as functions of torch, for gradients alone: inference stays where it is."""

from __future__ import annotations

import copy
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

import torch
from torch import Tensor, nn

from audit.models.gradient_check import PARITY
from audit.models.graph_check import allowed_difference, is_half, is_quantised, obstacle
from audit.models.network import Network
from audit.models.onnx_graph import OnnxGraph, UnsupportedOperator
from audit.models.onnx_network import OnnxNetwork
from audit.models.safety import read_onnx, with_weights
from audit.models.session import first_line
from audit.models.torch_network import TorchNetwork
from camsim.errors import CamsimError

T = TypeVar("T")


@dataclass(frozen=True)
class InTorch(Generic[T]):
    """From a prepared batch to what the network gives: outputs by name, or the one that is asked for."""

    run: Callable[[Tensor], T]
    dtype: torch.dtype
    """What it is fed."""
    batch: int = 1
    """How many images it must be fed at a time."""
    allowed: float = PARITY
    """How far its outputs may be from the model's own, relative to the largest."""
    quantised: bool = False


Named = InTorch[Mapping[str, Tensor]]
"""Outputs by name."""


def in_torch(network: Network, names: Sequence[str]) -> tuple[Named, Named]:
    """These outputs of a network as they are used, and in float64.

    Raises:
        CamsimError: what stands in the way.
    """
    if isinstance(network, OnnxNetwork):
        return graph_in_torch(network, names)
    if isinstance(network, TorchNetwork):
        return _module_in_torch(network)
    raise CamsimError(f"is neither an ONNX model nor a PyTorch module, but {type(network).__name__}")


def graph_in_torch(network: OnnxNetwork, names: Sequence[str]) -> tuple[Named, Named]:
    """As `in_torch`, of an ONNX file."""
    if network.declared.size_input is not None:
        raise CamsimError(f"its second input {network.declared.size_input!r} is not fed in torch")
    proto = with_weights(read_onnx(network.path), network.path)
    reason = obstacle(proto)
    if reason is not None:
        raise UnsupportedOperator(reason)
    wanted, chosen = network.wanted, list(names)

    def graph(dtype: torch.dtype | None) -> Named:
        module = OnnxGraph.of(proto, dtype=dtype).eval()
        fed = dtype or (torch.float64 if wanted.dtype == "float64" else torch.float32)
        allowed, quantised = allowed_difference(proto), is_quantised(proto)
        return InTorch(lambda x: module({wanted.name: x}, chosen), fed, wanted.batch or 1, allowed, quantised)

    # onnxruntime, too, computes in float32 what is stated in half precision.
    return graph(torch.float32 if is_half(proto) else None), graph(torch.float64)


def _module_in_torch(network: TorchNetwork) -> tuple[Named, Named]:
    network.check_evaluation()
    module, double = network.module, in_double(network.module)
    dtype = {"float16": torch.float16, "float64": torch.float64}.get(network.wanted.dtype, torch.float32)
    return (
        InTorch(lambda x: network.call(module, x)[0], dtype, network.batch),
        InTorch(lambda x: network.call(double, x)[0], torch.float64, network.batch),
    )


def in_double(module: Callable[[Tensor], object]) -> nn.Module:
    """A copy of a module in float64.

    Raises:
        CamsimError: it is no module, or cannot be copied.
    """
    if not isinstance(module, nn.Module):
        raise CamsimError("it is a function, which cannot be checked in float64; make it an nn.Module")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # torch warns of its own use of TorchScript and exported programs
            return copy.deepcopy(module).double().eval()
    except Exception as error:  # a module may raise anything
        raise CamsimError(f"the module cannot be copied into float64: {first_line(error)}") from None
