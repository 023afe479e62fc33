"""What a network is for and how its outputs are read: declared, stated by its file, or guessed from its outputs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from audit.decoders.decoder import Decoder
from audit.decoders.infer import infer
from audit.models.network import Network
from camsim.errors import CamsimError

KnownFrom = Literal["declared", "model", "assumed"]

_TRIED = 640
"""Height and width of the picture that a network of any size is tried on."""


@dataclass(frozen=True)
class Understanding:
    """What is known of a network's task."""

    task: str | None
    """None: nothing tells; a classifier, or what the data say."""
    decoder: Decoder | None
    source: KnownFrom | None
    """Where the decoder comes from, or the task where there is no decoder."""


def understand(network: Network) -> Understanding:
    """Ask the declaration, then the file, then the shapes of the outputs for a grey picture.

    Raises:
        CamsimError: the network fails on that picture.
    """
    known = set(getattr(network, "from_model", ()))
    if network.decoder is not None:
        return Understanding(network.task, network.decoder, "model" if "decoder" in known else "declared")
    source: KnownFrom | None = None if network.task is None else "model" if "task" in known else "declared"
    if network.task in (None, "detection", "instances"):
        prepared = getattr(network, "prepared", None)
        size = None if prepared is None else prepared.size
        picture = np.full((*(size or (_TRIED, _TRIED)), 3), 128, dtype=np.uint8)
        try:
            (outputs,) = network.run([picture])
        except CamsimError:
            if size is not None:
                raise
            return Understanding(network.task, None, source)  # of any size, and yet not of this one
        shapes = {name: array.shape for name, array in outputs.items()}
        classes = None if network.classes is None else len(network.classes)
        fed = network.frame((picture.shape[0], picture.shape[1])).fed
        decoder = infer(shapes, getattr(network, "metadata", {}), fed, classes)
        if decoder is not None and network.task in (None, decoder.task):
            return Understanding(decoder.task, decoder, "model" if source == "model" else "assumed")
    return Understanding(network.task, None, source)
