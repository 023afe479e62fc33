"""Open a model of any format that camsim audits."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeAlias, cast

from torch import nn

from audit.models.called import CallableNetwork, MaiteNetwork, is_maite
from audit.models.classifier import NetworkModel
from audit.models.factory import is_place, make
from audit.models.huggingface import PREFIX as HUGGING_FACE
from audit.models.huggingface import open_hf
from audit.models.metadata import NOTHING
from audit.models.model import Model, is_classifier
from audit.models.network import Network
from audit.models.onnx import OnnxModel
from audit.models.onnx_network import OnnxNetwork, read_onnx_file
from audit.models.sidecar import Declaration, declaration_of, read_declaration
from audit.models.sniff import FileKind, refuse, sniff
from audit.models.timm_models import PREFIX as TIMM
from audit.models.timm_models import timm_module
from audit.models.torch_files import open_pt2, open_torchscript
from audit.models.torch_module import TorchModel
from audit.models.torch_network import Origin, TorchNetwork
from audit.models.trust import Trust, file_digest
from audit.models.weights import fill, read_safetensors, read_torch_weights
from camsim.errors import CamsimError

NOBODY = Trust()

Source: TypeAlias = Network | nn.Module | Callable[..., Any] | Path | str
"""A file, ``hf:FOLDER``, ``module:function``; or, in Python, a module, a function of pictures, a model of MAITE."""


def open_network(
    source: Source,
    sidecar: Path | str | None = None,
    overrides: Mapping[str, object] | None = None,
    trust: Trust = NOBODY,
) -> Network:
    """Look at what a model is, a file by its content, and open it with the adapter for it.

    Args:
        source: the model's file, ``hf:FOLDER`` of transformers, or ``module:function``, which makes the model; in code
            also a module, any function of a picture, or a model with MAITE's protocols.
        sidecar: the YAML file that declares its preprocessing; None: ``NAME.camsim.yaml`` beside it, if there is one.
        overrides: the sidecar's keys, laid over it.
        trust: whether code that comes with the model may run.

    Raises:
        UnsafeError: it runs code when it is loaded, goes beyond a limit, or reaches outside its folder.
        CamsimError: it is missing, of another kind, or its input is no image; the message says which.
    """
    network = _open(source, None if sidecar is None else Path(sidecar), overrides, trust)
    if isinstance(network, OnnxNetwork):
        network.load()
    return network


def _open(source: Source, beside: Path | None, overrides: Mapping[str, object] | None, trust: Trust) -> Network:
    """As `open_network`, but onnxruntime has not looked at it yet."""
    if not isinstance(source, Path | str):
        return _of_object(source, beside, overrides)
    text = str(source)
    if text.startswith(HUGGING_FACE):
        return open_hf(Path(text.removeprefix(HUGGING_FACE)), beside, overrides)
    if text.startswith(TIMM):
        raise CamsimError(
            f"{text}: has no weights, and camsim downloads none; give their safetensors file as the model, with "
            f"--factory {text}"
        )
    if is_place(text) and not Path(source).exists():
        return _of_place(text, beside, overrides, trust)
    return _of_file(Path(source), beside, overrides, trust)


def load_model(
    source: Model | Source,
    sidecar: Path | str | None = None,
    overrides: Mapping[str, object] | None = None,
    trust: Trust = NOBODY,
) -> Model:
    """The classifier that a model is; see `open_network`.

    Raises:
        UnsafeError: as there.
        CamsimError: as there, or it is no classifier.
    """
    if is_classifier(source):
        return source
    return as_classifier(_open(source, None if sidecar is None else Path(sidecar), overrides, trust))


def as_classifier(network: Network) -> Model:
    """The classifier on top of a network.

    Raises:
        CamsimError: none of its outputs, or not the one that is declared, holds one score a class; or it cannot run.
    """
    if network.task not in (None, "classification"):
        raise CamsimError(f"{network.name}: its task is {network.task}, not classification")
    if isinstance(network, OnnxNetwork):
        model = OnnxModel(network)
        network.load()
        model.probe()
        return model
    if isinstance(network, TorchNetwork):
        return TorchModel(network)
    declared = getattr(network, "declared", None)
    if isinstance(declared, Declaration):
        return NetworkModel(network, declared.output, declared.output_kind)
    return NetworkModel(network)


def _of_file(path: Path, sidecar: Path | None, overrides: Mapping[str, object] | None, trust: Trust) -> Network:
    kind = sniff(path)
    match kind:
        case FileKind.ONNX:
            return OnnxNetwork(read_onnx_file(path, sidecar, overrides))
        case FileKind.TORCHSCRIPT:
            return open_torchscript(path, sidecar, overrides, trust)
        case FileKind.PT2:
            return open_pt2(path, sidecar, overrides, trust)
        case FileKind.SAFETENSORS | FileKind.TORCH:
            given, used = read_declaration(path, sidecar, overrides)
            if given.factory is not None:
                return _of_weights(path, kind, given, None if used is None else used.name, trust)
        case FileKind.FOLDER if (path / "config.json").is_file():
            raise CamsimError(f"{path}: is a folder of Hugging Face transformers; give it as {HUGGING_FACE}{path}")
    refuse(path, kind)


def _of_weights(path: Path, kind: FileKind, given: Declaration, sidecar: str | None, trust: Trust) -> TorchNetwork:
    """Weights, in a network that code makes."""
    assert given.factory is not None
    known, maker = NOTHING, given.factory
    if given.factory.startswith(TIMM):
        weights = read_safetensors(path) if kind is FileKind.SAFETENSORS else read_torch_weights(path)
        module, known = timm_module(given.factory.removeprefix(TIMM), weights)
    else:
        made = make(given.factory, trust)
        if not isinstance(made.value, nn.Module):
            raise CamsimError(f"{given.factory}: gives {type(made.value).__name__}; weights need an nn.Module")
        module, maker = made.value, f"{maker} {made.sha256}"
        weights = read_safetensors(path) if kind is FileKind.SAFETENSORS else read_torch_weights(path)
    fill(module, weights, str(path))
    title = "safetensors" if kind is FileKind.SAFETENSORS else "PyTorch weights"
    whole = hashlib.sha256(f"{file_digest(path)}\n{maker}\n{module}".encode()).hexdigest()
    origin = Origin(f"{title} in {given.factory}", whole, sidecar, known=known)
    return TorchNetwork(module.eval(), path.name, given, origin)


def _of_place(place: str, sidecar: Path | None, overrides: Mapping[str, object] | None, trust: Trust) -> Network:
    made = make(place, trust)
    model = made.value
    given, used = read_declaration(made.file, sidecar, overrides)
    if isinstance(model, nn.Module):
        origin = Origin(f"PyTorch module of {place}", None, None if used is None else used.name, made.sha256)
        return TorchNetwork(model.eval(), place, given, origin)
    if is_maite(model):
        return MaiteNetwork(cast(Any, model), given)
    if not callable(model):
        raise CamsimError(
            f"{place}: gives {type(model).__name__}; an nn.Module, or a function of a picture (H, W, 3) is wanted"
        )
    return CallableNetwork(model, place, given, made.sha256)


def _of_object(source: object, sidecar: Path | None, overrides: Mapping[str, object] | None) -> Network:
    if not isinstance(source, nn.Module) and hasattr(source, "run") and hasattr(source, "frame"):
        if sidecar is not None or overrides:
            raise CamsimError("a network that is open already cannot be declared anew; open it with the declaration")
        return cast(Network, source)
    name = getattr(source, "__name__", type(source).__name__)
    if sidecar is not None:
        given, _ = read_declaration(Path(name), sidecar, overrides)
    else:
        given = declaration_of(overrides or {}, name)
    if is_maite(source):
        return MaiteNetwork(cast(Any, source), given)
    if isinstance(source, nn.Module):
        return TorchNetwork(source, name, given)
    if callable(source):
        return CallableNetwork(source, name, given)
    raise CamsimError(f"a model is a file, a module or a function; got {name}")
