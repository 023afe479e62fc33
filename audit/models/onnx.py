"""ONNX models, run by onnxruntime on the CPU."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np
import onnxruntime as ort
import torch
from numpy.typing import NDArray

from audit.models.graph import class_output, image_input
from audit.models.output import ClassScores
from audit.models.preprocess import ImageInput, ResolvedPreprocess, preprocess
from audit.models.resolve import resolve
from audit.models.safety import Limits, read_onnx
from audit.models.session import first_line, open_session
from audit.models.sidecar import read_declaration
from camsim.errors import CamsimError

_PREPARED = 16
"""Images prepared before they are run. Turn by turn with the model, preparing one would find the caches cold."""


class OnnxModel:
    """A classifier in ONNX form.

    Results for an image do not depend on the images given beside it: it is run one image at a time, and one of a fixed
    batch N > 1 on N copies of the image.
    """

    def __init__(
        self,
        path: Path,
        sha256: str,
        classes: tuple[str, ...] | None,
        session: ort.InferenceSession,
        wanted: ImageInput,
        prepared: ResolvedPreprocess,
        scores: ClassScores,
        description: Mapping[str, object],
    ) -> None:
        self.path = path.absolute()
        self.name = path.name
        self.sha256 = sha256
        self.classes = classes
        self.wanted = wanted
        self.prepared = prepared
        self.scores = scores
        self._session = session
        self._batch = wanted.batch or 1
        self._description = dict(description)

    def log_probabilities(self, images: Sequence[NDArray[np.uint8]]) -> NDArray[np.float64]:
        """Natural-log class probabilities (N, C) of N images (H, W, 3), RGB, 0..255; see Model."""
        if not images:
            raise CamsimError("no images were given to the model")
        rows = []
        for start in range(0, len(images), _PREPARED):
            prepared = [preprocess(image, self.prepared) for image in images[start : start + _PREPARED]]
            rows += [self._run(array) for array in prepared]
        return self.scores.log_probabilities(np.concatenate(rows))

    def probe(self) -> None:
        """Run one grey image, so that a model that cannot run fails now. Without an input size there is none to try."""
        size = self.prepared.size
        if size is not None:
            grey = preprocess(np.full((*size, 3), 128, dtype=np.uint8), self.prepared)
            self._run(grey)

    def describe(self) -> dict[str, object]:
        """JSON-able: input, output, preprocessing, and ``assumed``: what nobody declared."""
        return dict(self._description) | {"class_count": self.scores.count}

    def _run(self, array: NDArray[np.generic]) -> NDArray[np.float64]:
        """Scores (1, C) of a prepared image."""
        batch = np.ascontiguousarray(np.broadcast_to(array, (self._batch, *array.shape)))
        try:
            (scores,) = self._session.run([self.scores.output.name], {self.wanted.name: batch})
        except Exception as error:  # onnxruntime's errors have no base class of their own
            raise CamsimError(f"{self.name}: onnxruntime cannot run it: {first_line(error)}") from None
        return self.scores.rows(scores, self._batch)[:1]


def load_onnx(
    path: Path | str,
    sidecar: Path | str | None = None,
    overrides: Mapping[str, object] | None = None,
    limits: Limits | None = None,
) -> OnnxModel:
    """Load an ONNX classifier; its operators cannot run foreign code, and no custom operators are loaded.

    Args:
        path: the ``.onnx`` file.
        sidecar: the YAML file that declares its preprocessing; None: ``NAME.camsim.yaml`` beside it, if there is one.
        overrides: the sidecar's keys, laid over it.
        limits: how large the model may be.

    Raises:
        UnsafeError: the model goes beyond a limit, or reaches outside its folder.
        CamsimError: it is not a classifier of images that camsim can run; the message says why.
    """
    path = Path(path)
    checked = read_onnx(path, limits)
    declared, used = read_declaration(path, None if sidecar is None else Path(sidecar), overrides)
    graph = checked.proto.graph
    try:
        wanted = image_input(graph, declared.layout, declared.color)
        prepared, assumed = resolve(declared, wanted)
        output = class_output(graph, declared.output)
    except CamsimError as error:
        lines = "\n".join(f"{path}: {line}" for line in str(error).splitlines())
        raise type(error)(lines) from None
    scores = ClassScores(output, declared.output_kind, declared.classes, path.name)
    settings: dict[str, object] = {
        "preprocessing": asdict(prepared),
        "output": {"name": output.name, "kind": scores.kind},
    }
    file_sha256, sha256 = _hashes(path, checked.external, settings | {"classes": declared.classes})
    description = settings | {
        "format": "ONNX",
        "opset": {entry.domain or "ai.onnx": entry.version for entry in checked.proto.opset_import},
        "file_sha256": file_sha256,
        "input": asdict(wanted),
        "run": "one image at a time" + (f", {wanted.batch} copies of it" if (wanted.batch or 1) > 1 else ""),
        "output": {"name": output.name, "kind": scores.kind, "dtype": output.dtype, "shape": output.shape},
        "sidecar": None if used is None else used.name,
        "assumed": [*assumed, *scores.assumed],
    }
    try:
        session = open_session(path, torch.get_num_threads())
    except Exception as error:  # onnxruntime's errors have no base class of their own
        raise CamsimError(f"{path}: onnxruntime cannot load it: {first_line(error)}") from None
    model = OnnxModel(path, sha256, declared.classes, session, wanted, prepared, scores, description)
    model.probe()
    return model


def _hashes(path: Path, external: Sequence[Path], settings: Mapping[str, object]) -> tuple[str, str]:
    """SHA-256 of the file, and of the file, its external data and the settings together."""
    try:
        file = _digest(path)
        external_digests = {str(part.relative_to(path.parent)): _digest(part) for part in external}
    except OSError as error:
        raise CamsimError(f"{path}: cannot be read: {error.strerror or error}") from None
    whole = json.dumps({"file": file, "external": external_digests, "settings": settings}, sort_keys=True)
    return file, hashlib.sha256(whole.encode()).hexdigest()


def _digest(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
