"""ONNX classifiers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audit.models.onnx_network import OnnxNetwork, read_onnx_file
from audit.models.output import ClassScores
from audit.models.preprocess import prepared_grey, preprocess
from audit.models.safety import Limits
from camsim.errors import CamsimError


class OnnxModel:
    """A classifier in ONNX form: a network and the output that holds one number a class."""

    def __init__(self, network: OnnxNetwork) -> None:
        """
        Raises:
            CamsimError: the network has no such output.
        """
        output = network.class_output()
        self.network = network
        self.path = network.path
        self.name = network.name
        self.classes = network.classes
        self.wanted = network.wanted
        self.prepared = network.prepared
        self.scores = ClassScores(output, network.declared.output_kind, network.classes, network.name)
        facts = network.facts()
        settings = {
            "preprocessing": facts["preprocessing"],
            "output": {"name": output.name, "kind": self.scores.kind},
            "classes": network.classes,
        }
        self.sha256 = network.digest(settings)
        self._description = facts | {
            "output": {"name": output.name, "kind": self.scores.kind, "dtype": output.dtype, "shape": output.shape},
            "assumed": [*network.assumed, *self.scores.assumed],
        }

    def log_probabilities(self, images: Sequence[NDArray[np.uint8]]) -> NDArray[np.float64]:
        """Natural-log class probabilities (N, C) of N images (H, W, 3), RGB, 0..255; see Model."""
        if not images:
            raise CamsimError("no images were given to the model")
        wanted = [self.scores.output.name]
        room: NDArray[np.generic] | None = None
        outputs: list[NDArray[np.floating[Any]]] = []
        for image in images:
            # One at a time, into the same memory: it is still in the processor's cache when the model reads it.
            room = preprocess(image, self.prepared, room)
            outputs += self.network.feed(room, wanted)
        return self.scores.log_probabilities(np.concatenate([self._row(scores) for scores in outputs]))

    def probe(self) -> None:
        """Run one grey image, so that a model that cannot run fails now. Without an input size there is none to try."""
        size = self.prepared.size
        if size is not None:
            self._row(*self.network.feed(prepared_grey(self.prepared, size), [self.scores.output.name]))

    def describe(self) -> dict[str, object]:
        """JSON-able: input, output, preprocessing, and ``assumed``: what nobody declared."""
        return dict(self._description) | {"class_count": self.scores.count}

    def _row(self, scores: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
        """Scores (1, C) of an image from what the model gave for it."""
        return self.scores.rows(scores, self.network.batch)[:1]


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
    file = read_onnx_file(Path(path), None if sidecar is None else Path(sidecar), overrides, limits)
    model = OnnxModel(OnnxNetwork(file))
    model.network.load()
    model.probe()
    return model
