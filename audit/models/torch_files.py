"""TorchScript and torch.export archives: programs, which run only if they are trusted."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from pathlib import Path

import torch
from torch import nn

from audit.models.graph import described_image
from audit.models.metadata import json_metadata
from audit.models.preprocess import DType
from audit.models.session import first_line
from audit.models.sidecar import read_declaration
from audit.models.torch_network import DTYPES, Origin, TorchNetwork
from audit.models.trust import Trust
from camsim.errors import CamsimError

_ADVICE = "Export the model to ONNX: torch.onnx.export(model, example_input, 'model.onnx')"
_CONFIG = "config.txt"
"""Where Ultralytics writes what it knows of a TorchScript model."""


def open_torchscript(
    path: Path, sidecar: Path | None, overrides: Mapping[str, object] | None, trust: Trust
) -> TorchNetwork:
    """A TorchScript archive.

    Raises:
        UnsafeError: it is not trusted.
        CamsimError: it cannot be loaded or run, or what is declared contradicts it.
    """
    digest = trust.check(f"{path.name} is a TorchScript archive", path, _ADVICE)
    given, used = read_declaration(path, sidecar, overrides)
    extra = {_CONFIG: b""}
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            module = torch.jit.load(str(path), map_location="cpu", _extra_files=extra)  # type: ignore[no-untyped-call]
    except Exception as error:  # torch's errors have no base class of their own
        raise CamsimError(f"{path}: torch cannot load it: {first_line(error)}") from None
    module.eval()
    metadata = json_metadata(extra[_CONFIG])
    origin = Origin("TorchScript", digest, None if used is None else used.name, metadata=metadata)
    return TorchNetwork(module, path.name, given, origin)


def open_pt2(path: Path, sidecar: Path | None, overrides: Mapping[str, object] | None, trust: Trust) -> TorchNetwork:
    """A torch.export archive (``.pt2``).

    Raises:
        UnsafeError: it is not trusted.
        CamsimError: it cannot be loaded or run, takes no image, or what is declared contradicts it.
    """
    digest = trust.check(f"{path.name} is a torch.export archive (.pt2)", path, _ADVICE)
    given, used = read_declaration(path, sidecar, overrides)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            program = torch.export.load(path)
            module = program.module()
    except Exception as error:  # as above
        raise CamsimError(f"{path}: torch cannot load it: {first_line(error)}") from None
    names = program.graph_signature.user_inputs
    found = [
        node.meta["val"]
        for node in program.graph.nodes
        if node.op == "placeholder" and node.name in names and isinstance(node.meta.get("val"), torch.Tensor)
    ]
    if len(names) != 1 or len(found) != 1:
        raise CamsimError(f"{path}: has {len(names)} inputs; camsim audits models with one input, an image")
    (fed,) = found
    shape = tuple(side if isinstance(side, int) else None for side in fed.shape)
    dtype: DType | None = "uint8" if fed.dtype == torch.uint8 else DTYPES.get(fed.dtype)
    if dtype is None:
        raise CamsimError(f"{path}: its input takes {str(fed.dtype)[6:]}; camsim feeds images as float or uint8")
    try:
        wanted = described_image(str(names[0]), dtype, shape, given.layout, given.color)
    except CamsimError as error:
        raise CamsimError(f"{path}: {error}") from None
    origin = Origin("torch.export archive", digest, None if used is None else used.name, wanted=wanted)
    return TorchNetwork(_Exported(module), path.name, given, origin)


class _Exported(nn.Module):
    """An exported program: its mode was fixed when it was exported, whatever its parts say."""

    def __init__(self, program: nn.Module) -> None:
        super().__init__()
        self.program = program
        for part in self.modules():
            part.training = False

    def forward(self, images: torch.Tensor) -> object:
        return self.program(images)
