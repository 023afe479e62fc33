"""What code gives, by name: a tensor, a tuple or list, a dict, or what detection models of torchvision give.

One tensor is ``output``; the parts of a tuple or list are ``output0``, ``output1`` ...; those of a dict (or of a
``ModelOutput`` of transformers, or a named tuple) have their keys. What lies deeper is named ``outer.inner``.
"""

from __future__ import annotations

import reprlib
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from camsim.errors import CamsimError

ONLY = "output"
"""Name of an output that is alone."""

_DEPTH = 4
_PARTS = 1000


def named_outputs(given: object) -> tuple[dict[str, Tensor], bool]:
    """All tensors and arrays, as tensors.

    Args:
        given: what a module or function gave for a batch of one picture.

    Returns:
        The outputs in their order, and whether they begin with the batch axis: not those in a list with one dict for
        each picture.

    Raises:
        CamsimError: something in it is neither a tensor nor a place for some, or there is none at all.
    """
    each = isinstance(given, list | tuple) and len(given) == 1 and isinstance(given[0], Mapping)
    found: dict[str, Tensor] = {}
    for name, tensor in _walk(given[0] if each else given, "", 0):  # type: ignore[index]
        if name in found or len(found) == _PARTS:
            raise CamsimError(f"gives more than {_PARTS} outputs, or two named {reprlib.repr(name)}; wrap it")
        found[name] = tensor
    if not found:
        raise CamsimError(f"gives no tensor, but {_title(given)}; wrap it")
    return found, not each


def to_array(tensor: Tensor) -> NDArray[Any]:
    """In memory as numpy has it; bfloat16, which numpy does not know, as float32."""
    tensor = tensor.detach().cpu()
    array: NDArray[Any] = (tensor.float() if tensor.dtype == torch.bfloat16 else tensor).numpy()
    return array


def _walk(given: object, name: str, depth: int) -> Iterator[tuple[str, Tensor]]:
    if depth > _DEPTH:
        raise CamsimError(f"gives outputs nested deeper than {_DEPTH} levels; wrap it")
    if isinstance(given, Tensor):
        yield name or ONLY, given
    elif isinstance(given, np.ndarray | np.generic | float | int):
        array = np.asarray(given)
        if array.dtype.kind not in "fiub":
            raise CamsimError(f"gives an array of {array.dtype} as {name or ONLY!r}; numbers are wanted")
        yield name or ONLY, torch.from_numpy(array.copy(order="C"))
    elif given is None:
        return
    elif isinstance(given, Mapping) or hasattr(given, "_asdict"):
        parts = given if isinstance(given, Mapping) else given._asdict()
        for key, value in parts.items():
            yield from _walk(value, f"{name}.{key}" if name else str(key), depth + 1)
    elif isinstance(given, list | tuple):
        for index, value in enumerate(given):
            yield from _walk(value, f"{name}.{index}" if name else f"{ONLY}{index}", depth + 1)
    else:
        raise CamsimError(f"gives {_title(given)}{f' as {name!r}' if name else ''}; tensors are wanted: wrap it")


def _title(given: object) -> str:
    return "nothing" if given is None else f"an object of type {type(given).__name__}"
