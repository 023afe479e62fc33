"""A classifier on top of any network: one output holds one number a class."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audit.models.graph import ClassOutput
from audit.models.network import Network
from audit.models.output import ClassScores
from audit.models.sidecar import OutputKind
from camsim.errors import CamsimError, did_you_mean


class NetworkModel:
    """See `audit.models.model.Model`."""

    def __init__(self, network: Network, output: str | None = None, output_kind: OutputKind | None = None) -> None:
        """
        Args:
            network: gives one score a class, (C,), in one of its outputs.
            output: name of that output; needed where there are several.
            output_kind: what it holds; None: logits.

        Raises:
            CamsimError: there is no such output.
        """
        names = network.output_names
        if output is None and len(names) != 1:
            listed = ", ".join(repr(name) for name in names[:8])
            raise CamsimError(
                f"{network.name}: gives {len(names)} outputs: {listed}; name the one with the class scores, as in "
                f"'output: NAME'"
            )
        if output is not None and output not in names:
            hint = did_you_mean(output, names) or f"; it has {', '.join(repr(name) for name in names[:8])}"
            raise CamsimError(f"{network.name}: has no output {output!r}{hint}")
        self.network = network
        self.name = network.name
        self.classes = network.classes
        self._output = output or names[0]
        self.scores = ClassScores(
            ClassOutput(self._output, "float32", None, None, False, 0.0), output_kind, self.classes, self.name
        )

    @property
    def sha256(self) -> str:
        """Of the network, its output and class names."""
        settings = [self.network.sha256, self._output, self.scores.kind, self.classes]
        return hashlib.sha256(json.dumps(settings).encode()).hexdigest()

    def log_probabilities(self, images: Sequence[NDArray[np.uint8]]) -> NDArray[np.float64]:
        """Natural-log class probabilities (N, C) of N images (H, W, 3), RGB, 0..255; see Model."""
        rows = [self._row(outputs) for outputs in self.network.run(images)]
        return self.scores.log_probabilities(np.concatenate(rows))

    def describe(self) -> dict[str, object]:
        """JSON-able: input, output, preprocessing, and ``assumed``: what nobody declared."""
        described = self.network.describe()
        assumed = described.get("assumed")
        return {
            **described,
            "output": {"name": self._output, "kind": self.scores.kind},
            "assumed": [*(assumed if isinstance(assumed, list) else []), *self.scores.assumed],
            "class_count": self.scores.count,
        }

    def _row(self, outputs: Mapping[str, NDArray[Any]]) -> NDArray[np.float64]:
        scores = outputs.get(self._output)
        if scores is None or scores.dtype.kind != "f":
            found = "nothing" if scores is None else f"{scores.dtype} numbers"
            raise CamsimError(f"{self.name}: output {self._output!r} gives {found}; scores of each class are wanted")
        return self.scores.rows(scores[None], 1)
