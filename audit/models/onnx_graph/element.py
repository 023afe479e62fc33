"""Element types of ONNX and the torch types that hold them.

Whole numbers of 2 and 4 bits lie in 8-bit ones. What torch cannot hold exactly is refused: strings, complex numbers,
4-bit floats and bare exponents (float8e8m0).
"""

from __future__ import annotations

import reprlib

import numpy as np
import torch
from onnx import TensorProto, numpy_helper
from torch import Tensor

from audit.models.onnx_graph.errors import UnsupportedOperator
from camsim.errors import CamsimError

_DTYPES: dict[int, torch.dtype] = {
    TensorProto.FLOAT: torch.float32,
    TensorProto.DOUBLE: torch.float64,
    TensorProto.FLOAT16: torch.float16,
    TensorProto.BFLOAT16: torch.bfloat16,
    TensorProto.FLOAT8E4M3FN: torch.float8_e4m3fn,
    TensorProto.FLOAT8E4M3FNUZ: torch.float8_e4m3fnuz,
    TensorProto.FLOAT8E5M2: torch.float8_e5m2,
    TensorProto.FLOAT8E5M2FNUZ: torch.float8_e5m2fnuz,
    TensorProto.BOOL: torch.bool,
    TensorProto.UINT8: torch.uint8,
    TensorProto.INT8: torch.int8,
    TensorProto.UINT16: torch.uint16,
    TensorProto.INT16: torch.int16,
    TensorProto.UINT32: torch.uint32,
    TensorProto.INT32: torch.int32,
    TensorProto.UINT64: torch.uint64,
    TensorProto.INT64: torch.int64,
    TensorProto.UINT4: torch.uint8,
    TensorProto.INT4: torch.int8,
    TensorProto.UINT2: torch.uint8,
    TensorProto.INT2: torch.int8,
}

_NARROW: dict[int, tuple[int, int]] = {
    TensorProto.UINT4: (0, 15),
    TensorProto.INT4: (-8, 7),
    TensorProto.UINT2: (0, 3),
    TensorProto.INT2: (-2, 1),
}
"""Ranges of the types that lie in wider ones."""

WIDER: dict[torch.dtype, torch.dtype] = {
    torch.uint16: torch.int32,
    torch.uint32: torch.int64,
    torch.uint64: torch.int64,
    torch.float8_e4m3fn: torch.float32,
    torch.float8_e4m3fnuz: torch.float32,
    torch.float8_e5m2: torch.float32,
    torch.float8_e5m2fnuz: torch.float32,
}
"""Types that torch can hold and convert, but hardly compute with: what to compute in instead."""


def dtype_of(element: int) -> torch.dtype:
    """The torch type that holds an ONNX element type (a ``TensorProto.DataType``).

    Raises:
        UnsupportedOperator: torch has none.
    """
    if element not in _DTYPES:
        raise UnsupportedOperator(f"element type {type_name(element)} has no differentiable form")
    return _DTYPES[element]


def type_name(element: int) -> str:
    """What ONNX calls an element type."""
    known = element in TensorProto.DataType.values()
    return str(TensorProto.DataType.Name(element)).lower() if known else f"number {element}"


def whole_range(element: int) -> tuple[int, int]:
    """Smallest and largest number of a whole-number element type."""
    if element in _NARROW:
        return _NARROW[element]
    info = torch.iinfo(dtype_of(element))
    return info.min, info.max


def is_narrow(element: int) -> bool:
    """Whether it is a whole number of fewer bits than the torch type that holds it."""
    return element in _NARROW


def tensor_of(proto: TensorProto) -> Tensor:
    """The values of a tensor that is part of a model.

    Raises:
        UnsupportedOperator: torch cannot hold its element type.
        CamsimError: its values lie in another file, or do not fill its shape.
    """
    what = f"tensor {reprlib.repr(proto.name)}"
    dtype = dtype_of(proto.data_type)
    if proto.data_location == TensorProto.EXTERNAL:
        # numpy_helper would read whichever file it names.
        raise CamsimError(f"{what} lies in another file, which was not loaded with the model")
    try:
        array = np.array(numpy_helper.to_array(proto), order="C")
    except (ValueError, TypeError) as error:
        raise CamsimError(f"{what} of shape {list(proto.dims)} is damaged: {error}") from None
    if proto.data_type in _NARROW:
        return torch.from_numpy(array.astype(np.uint8 if dtype == torch.uint8 else np.int8))
    if dtype == torch.bfloat16:
        return torch.from_numpy(array.view(np.int16)).view(dtype)
    if dtype.is_floating_point and dtype.itemsize == 1:
        return torch.from_numpy(array.view(np.uint8)).view(dtype)
    return torch.from_numpy(array)
