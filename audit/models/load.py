"""Load a model of any format that camsim audits."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from audit.models.model import Model
from audit.models.onnx import load_onnx
from audit.models.sniff import FileKind, refuse, sniff


def load_model(
    path: Path | str, sidecar: Path | str | None = None, overrides: Mapping[str, object] | None = None
) -> Model:
    """Look at what kind of file it is, by its content, and load it with the adapter for it.

    Args:
        path: the model's file.
        sidecar: the YAML file that declares its preprocessing; None: ``NAME.camsim.yaml`` beside it, if there is one.
        overrides: the sidecar's keys, laid over it.

    Raises:
        UnsafeError: the file runs code when it is loaded, goes beyond a limit, or reaches outside its folder.
        CamsimError: it is missing, of another kind, or no classifier of images; the message says which.
    """
    path = Path(path)
    kind = sniff(path)
    if kind is not FileKind.ONNX:
        refuse(path, kind)
    return load_onnx(path, sidecar, overrides)
