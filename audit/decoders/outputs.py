"""What decoders of detectors take from a network's outputs."""

from __future__ import annotations

import reprlib
from collections.abc import Mapping
from typing import Any

from numpy.typing import NDArray

from audit.decoders.reading import pick
from camsim.errors import CamsimError

Outputs = Mapping[str, NDArray[Any]]


def take(outputs: Outputs, name: str, key: str) -> NDArray[Any]:
    """The output of a name, which the decoder's field ``key`` declares; see `audit.decoders.reading.pick`."""
    return pick(outputs, name, key)[1]


def take_rank(outputs: Outputs, rank: int, name: str | None, key: str, what: str) -> NDArray[Any]:
    """The output with ``what``: the one of that name, or the only one of so many axes.

    Exports of detectors often give further outputs, such as the feature maps that this one was made from.

    Args:
        outputs: of one picture.
        rank: number of axes.
        name: as declared; None: found.
        key: the decoder's field that declares it.
        what: what it holds, for messages.

    Raises:
        CamsimError: there is none, or several and no name; or NaN or infinity in it.
    """
    if name is None:
        fitting = [found for found, array in outputs.items() if array.ndim == rank]
        if len(fitting) != 1:
            raise CamsimError(
                f"{len(fitting) or 'none'} of the model's outputs, {shapes(outputs)}, can be {what}, with {rank} axes; "
                f"declare which with '{key}' in decoder"
            )
        name = fitting[0]
    array = take(outputs, name, key)
    if array.ndim != rank:
        raise CamsimError(f"output {name!r} is {tuple(array.shape)}, where {what} have {rank} axes")
    return array


def shapes(outputs: Outputs) -> str:
    """``'boxes' (100, 4), 'scores' (100,)``, bounded: names come from the model."""
    parts = [f"{reprlib.repr(name)} {tuple(array.shape)}" for name, array in list(outputs.items())[:8]]
    return ", ".join(parts) + (", ..." if len(outputs) > 8 else "")
