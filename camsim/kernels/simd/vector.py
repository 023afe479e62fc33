"""The two vector types, and arithmetic on them."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.core.typing.templates import ConcreteTemplate, infer_global, signature
from numba.extending import lower_builtin, models, register_model

from camsim.kernels.jit import FAST

LANES = 16

LOWER_FLAGS = tuple(sorted(FAST))
FLOAT, INT, SHORT, BYTE = ir.FloatType(), ir.IntType(32), ir.IntType(16), ir.IntType(8)
FLOATS, INTS = ir.VectorType(FLOAT, LANES), ir.VectorType(INT, LANES)

Lower = Callable[[Any, Any, Any, Any], Any]


class FloatVector(types.Type):
    """Sixteen float32."""

    def __init__(self) -> None:
        super().__init__(name="camsim_float_vector")

    if TYPE_CHECKING:  # what kernels may write

        def __add__(self, other: FloatVector | float) -> FloatVector: ...
        def __radd__(self, other: float) -> FloatVector: ...
        def __sub__(self, other: FloatVector | float) -> FloatVector: ...
        def __rsub__(self, other: float) -> FloatVector: ...
        def __mul__(self, other: FloatVector | float) -> FloatVector: ...
        def __rmul__(self, other: float) -> FloatVector: ...
        def __truediv__(self, other: FloatVector | float) -> FloatVector: ...


class IntVector(types.Type):
    """Sixteen int32."""

    def __init__(self) -> None:
        super().__init__(name="camsim_int_vector")

    if TYPE_CHECKING:

        def __add__(self, other: IntVector | int) -> IntVector: ...
        def __sub__(self, other: IntVector | int) -> IntVector: ...


V, I = FloatVector(), IntVector()  # noqa: E741 - I is for integers


@register_model(FloatVector)
class _FloatVectorModel(models.PrimitiveModel):
    def __init__(self, manager: Any, fe_type: Any) -> None:
        super().__init__(manager, fe_type, FLOATS)


@register_model(IntVector)
class _IntVectorModel(models.PrimitiveModel):
    def __init__(self, manager: Any, fe_type: Any) -> None:
        super().__init__(manager, fe_type, INTS)


def single(value: float) -> float:
    """A constant for kernels: without it, a Python float would turn what it meets into float64."""
    result: float = np.float32(value)  # type: ignore[assignment]
    return result


def spread_lanes(builder: Any, value: Any, vector: Any) -> Any:
    """The same number in all lanes."""
    single = builder.insert_element(ir.Constant(vector, ir.Undefined), value, ir.Constant(INT, 0))
    return builder.shuffle_vector(
        single, ir.Constant(vector, ir.Undefined), ir.Constant(INTS, [ir.Constant(INT, 0)] * LANES)
    )


def _operator(op: Any, lower_float: str, lower_int: str | None) -> None:
    """Teach numba an arithmetic operator on vectors, and on a vector and a number."""
    cases = [signature(V, V, V), signature(V, V, types.float32), signature(V, types.float32, V)]
    if lower_int is not None:
        cases += [signature(I, I, I), signature(I, I, types.int32)]

    @infer_global(op)
    class _Typing(ConcreteTemplate):
        pass

    _Typing.cases = cases

    for case in cases:

        @lower_builtin(op, *case.args)
        def lower(context: Any, builder: Any, sig: Any, args: Any) -> Any:
            vector = FLOATS if sig.return_type == V else INTS
            first, second = (
                arg if kind == sig.return_type else spread_lanes(builder, arg, vector)
                for arg, kind in zip(args, sig.args, strict=True)
            )
            if sig.return_type == V:
                return getattr(builder, lower_float)(first, second, flags=LOWER_FLAGS)
            return getattr(builder, lower_int or "")(first, second)


_operator(operator.add, "fadd", "add")
_operator(operator.sub, "fsub", "sub")
_operator(operator.mul, "fmul", "mul")
_operator(operator.truediv, "fdiv", None)
