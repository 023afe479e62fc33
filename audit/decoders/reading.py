"""What decoders share: finding the output that they read, and refusing what cannot be read as it was declared."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, softmax

from camsim.errors import CamsimError, did_you_mean

SUM_TOLERANCE = 1e-2
"""How far probabilities may sum from 1: half precision and 8-bit outputs round."""

_EDGE = 1e-6
"""How far a probability may lie outside [0, 1]: rounding of float32."""


def pick(outputs: Mapping[str, NDArray[Any]], name: str | None, key: str = "output") -> tuple[str, NDArray[Any]]:
    """The output that a decoder reads, as (name, array); its numbers are finite.

    Args:
        outputs: of one picture, by name.
        name: as declared; None: the only one.
        key: what the field is called where it is declared, for messages.

    Raises:
        CamsimError: there is no such output, several and none declared, or NaN or infinity in it.
    """
    if name is None:
        if len(outputs) != 1:
            names = ", ".join(map(repr, outputs))
            raise CamsimError(f"the model has {len(outputs)} outputs ({names}): declare which with '{key}' in decoder")
        name = next(iter(outputs))
    if name not in outputs:
        hint = did_you_mean(name, outputs) or f"; it has {', '.join(map(repr, outputs))}"
        raise CamsimError(f"the model has no output {name!r}{hint}")
    values = outputs[name]
    if not np.issubdtype(values.dtype, np.number) and values.dtype != np.bool_:
        raise CamsimError(f"output {name!r} holds {values.dtype}, not numbers")
    if not np.isfinite(values).all():
        raise CamsimError(f"output {name!r} holds NaN or infinity; the model cannot be judged on this picture")
    return name, values


def distributions(name: str, values: NDArray[Any], holds: str | None, axis: int) -> NDArray[np.float64]:
    """Probabilities that sum to 1 along an axis, from logits or probabilities.

    Args:
        name: of the output, for messages.
        values: finite.
        holds: ``logits`` or ``probabilities``; None: logits, refused where every row is a distribution already.
        axis: over which they sum to 1.

    Raises:
        CamsimError: they are not what they are declared or taken to be.
    """
    array = np.asarray(values, dtype=np.float64)
    check_distributions(name, array, holds, axis)
    return np.clip(array, 0.0, 1.0) if holds == "probabilities" else np.asarray(softmax(array, axis=axis))


def check_distributions(name: str, array: NDArray[np.floating[Any]], holds: str | None, axis: int) -> None:
    """Raises as `distributions` does."""
    if holds == "logits":
        return
    sums = array.sum(axis=axis)
    are_chances = bool((array >= -_EDGE).all() and (abs(sums - 1) <= SUM_TOLERANCE).all())
    if holds == "probabilities":
        if not are_chances:
            raise CamsimError(
                f"output {name!r} is declared as probabilities, but they lie in [{array.min():.4g}, {array.max():.4g}] "
                f"and sum to {sums.min():.4g}..{sums.max():.4g}; declare 'holds: logits', or the right axis order"
            )
    elif are_chances:
        raise CamsimError(
            f"output {name!r} was taken for logits, but its numbers are non-negative and sum to 1: "
            "declare 'holds: probabilities' (or 'logits') in decoder"
        )


def chances(name: str, values: NDArray[Any], holds: str | None) -> NDArray[np.float64]:
    """Probabilities, each by itself, from logits (through a sigmoid) or probabilities.

    ``holds`` as for `distributions`: None means logits, refused where every number lies in [0, 1]; a few numbers may
    lie there by chance, and `Decoder.check_assumed` is the place to ask.

    Raises:
        CamsimError: they are not what they are declared or taken to be.
    """
    array = np.asarray(values, dtype=np.float64)
    if holds == "probabilities":
        if not _within(array):
            raise CamsimError(
                f"output {name!r} is declared as probabilities, but its numbers lie in "
                f"[{array.min():.4g}, {array.max():.4g}]; if they are logits, declare 'holds: logits'"
            )
        return np.clip(array, 0.0, 1.0)
    if holds is None and _within(array):
        raise CamsimError(
            f"output {name!r} was taken for logits, but all its numbers lie in [0, 1]: "
            "declare 'holds: probabilities' (or 'logits') in decoder"
        )
    return np.asarray(expit(array))


def check_logits(tried: Iterable[tuple[str, NDArray[Any]]]) -> None:
    """Raises CamsimError where an output that is taken for logits always lies in [0, 1], as probabilities do."""
    names = []
    for name, values in tried:
        if not _within(values):
            return
        names.append(name)
    if names:
        raise CamsimError(
            f"output {names[0]!r} was taken for logits, but for all test pictures its numbers lie in [0, 1]: "
            "declare 'holds: probabilities' (or 'logits') in decoder"
        )


def _within(values: NDArray[Any]) -> bool:
    return bool(values.size and values.min() >= -_EDGE and values.max() <= 1 + _EDGE)


def shape_error(name: str, values: NDArray[Any], wanted: str) -> CamsimError:
    """What to raise for an output of another shape than the decoder reads."""
    shape = "x".join(map(str, values.shape)) or "a single number"
    return CamsimError(f"output {name!r} is {shape}; this decoder reads {wanted} (without the batch axis)")
