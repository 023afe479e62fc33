"""Vectors of sixteen numbers inside numba kernels: one type for floats, one for integers.

numba leaves vectors to LLVM, which must prove for every loop that no two rows overlap and gives up beyond a few of
them. Here a kernel says what it means: ``put(out, x, at(a, x) + 0.5 * at(b, x + 1))`` is one load, one fused
multiply-add and one store of sixteen pixels. A row is known by its address in memory; `at` and `put` count in
elements from there. Multiply and add may become one rounding, and nothing is reordered: a pixel's value does not
depend on its place in the vector. On machines with shorter registers LLVM splits the vectors.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.core.typing.templates import ConcreteTemplate, infer_global, signature
from numba.extending import intrinsic, lower_builtin, models, register_model

LANES = 16

_FLAGS = ("contract", "nsz", "nnan", "ninf", "arcp")
_FLOAT, _INT, _SHORT, _BYTE = ir.FloatType(), ir.IntType(32), ir.IntType(16), ir.IntType(8)
_FLOATS, _INTS = ir.VectorType(_FLOAT, LANES), ir.VectorType(_INT, LANES)

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
        super().__init__(manager, fe_type, _FLOATS)


@register_model(IntVector)
class _IntVectorModel(models.PrimitiveModel):
    def __init__(self, manager: Any, fe_type: Any) -> None:
        super().__init__(manager, fe_type, _INTS)


def single(value: float) -> float:
    """A constant for kernels: without it, a Python float would turn what it meets into float64."""
    result: float = np.float32(value)  # type: ignore[assignment]
    return result


def _spread(builder: Any, value: Any, vector: Any) -> Any:
    """The same number in all lanes."""
    single = builder.insert_element(ir.Constant(vector, ir.Undefined), value, ir.Constant(_INT, 0))
    return builder.shuffle_vector(
        single, ir.Constant(vector, ir.Undefined), ir.Constant(_INTS, [ir.Constant(_INT, 0)] * LANES)
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
            vector = _FLOATS if sig.return_type == V else _INTS
            first, second = (
                arg if kind == sig.return_type else _spread(builder, arg, vector)
                for arg, kind in zip(args, sig.args, strict=True)
            )
            if sig.return_type == V:
                return getattr(builder, lower_float)(first, second, flags=_FLAGS)
            return getattr(builder, lower_int or "")(first, second)


_operator(operator.add, "fadd", "add")
_operator(operator.sub, "fsub", "sub")
_operator(operator.mul, "fmul", "mul")
_operator(operator.truediv, "fdiv", None)


def _pointer(builder: Any, address: Any, index: Any, element: Any, count: int = LANES) -> Any:
    base = builder.inttoptr(address, element.as_pointer())
    return builder.bitcast(builder.gep(base, [index]), ir.VectorType(element, count).as_pointer())


@intrinsic
def at(typing: Any, row: Any, x: Any) -> Any:
    """Sixteen float32 of the row at this address, from element x on."""

    def lower(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return builder.load(_pointer(builder, args[0], args[1], _FLOAT), align=4)

    return V(types.int64, types.int64), lower


@intrinsic
def at_uint16(typing: Any, row: Any, x: Any) -> Any:
    """Sixteen uint16, as float32."""

    def lower(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return builder.uitofp(builder.load(_pointer(builder, args[0], args[1], _SHORT), align=2), _FLOATS)

    return V(types.int64, types.int64), lower


@intrinsic
def put(typing: Any, row: Any, x: Any, values: Any) -> Any:
    """Store sixteen float32 from element x on."""

    def lower(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        builder.store(args[2], _pointer(builder, args[0], args[1], _FLOAT), align=4)
        return context.get_dummy_value()

    return types.void(types.int64, types.int64, V), lower


@intrinsic
def put_uint8(typing: Any, row: Any, x: Any, values: Any) -> Any:
    """Store sixteen whole floats in [0, 255] as bytes."""

    def lower(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        whole = builder.trunc(builder.fptosi(args[2], _INTS), ir.VectorType(_BYTE, LANES))
        builder.store(whole, _pointer(builder, args[0], args[1], _BYTE), align=1)
        return context.get_dummy_value()

    return types.void(types.int64, types.int64, V), lower


@intrinsic
def spread(typing: Any, value: Any) -> Any:
    """A float32 in all lanes."""
    return V(types.float32), lambda context, builder, sig, args: _spread(builder, args[0], _FLOATS)


@intrinsic
def alternate(typing: Any, even: Any, odd: Any) -> Any:
    """Even lanes of the first vector, odd lanes of the second."""
    mask = ir.Constant(_INTS, [ir.Constant(_INT, lane + LANES * (lane % 2)) for lane in range(LANES)])

    def lower(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return builder.shuffle_vector(args[0], args[1], mask)

    return V(V, V), lower


def _unary(name: str) -> Lower:
    def lower(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        kind = ir.FunctionType(_FLOATS, [_FLOATS])
        function = cgutils.get_or_insert_function(builder.module, kind, f"llvm.{name}.v{LANES}f32")
        return builder.call(function, args)

    return lower


@intrinsic
def absolute(typing: Any, x: Any) -> Any:
    """|x|."""
    return V(V), _unary("fabs")


@intrinsic
def with_sign(typing: Any, size: Any, sign: Any) -> Any:
    """The first's size with the second's sign."""

    def lower(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        kind = ir.FunctionType(_FLOATS, [_FLOATS, _FLOATS])
        function = cgutils.get_or_insert_function(builder.module, kind, f"llvm.copysign.v{LANES}f32")
        return builder.call(function, args)

    return V(V, V), lower


@intrinsic
def nearest(typing: Any, x: Any) -> Any:
    """The nearest whole number, halves to even."""
    return V(V), _unary("rint")


def _ordered(condition: str) -> Lower:
    def lower(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        a, b = args
        return builder.select(builder.fcmp_ordered(condition, a, b, flags=_FLAGS), a, b)

    return lower


@intrinsic
def least(typing: Any, a: Any, b: Any) -> Any:
    """The smaller, lane by lane."""
    return V(V, V), _ordered("<")


@intrinsic
def greatest(typing: Any, a: Any, b: Any) -> Any:
    """The larger, lane by lane."""
    return V(V, V), _ordered(">")


@intrinsic
def where_at_least(typing: Any, a: Any, b: Any, then: Any, otherwise: Any) -> Any:
    """``then`` where a >= b, else ``otherwise``."""

    def lower(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return builder.select(builder.fcmp_ordered(">=", args[0], args[1]), args[2], args[3])

    return V(V, V, V, V), lower


@intrinsic
def bits(typing: Any, x: Any) -> Any:
    """The bit patterns of floats."""
    return I(V), lambda context, builder, sig, args: builder.bitcast(args[0], _INTS)


@intrinsic
def from_bits(typing: Any, x: Any) -> Any:
    """The floats of bit patterns."""
    return V(I), lambda context, builder, sig, args: builder.bitcast(args[0], _FLOATS)


@intrinsic
def whole(typing: Any, x: Any) -> Any:
    """Integers of floats, cut towards zero."""
    return I(V), lambda context, builder, sig, args: builder.fptosi(args[0], _INTS)


@intrinsic
def real(typing: Any, x: Any) -> Any:
    """Floats of integers."""
    return V(I), lambda context, builder, sig, args: builder.sitofp(args[0], _FLOATS)


@intrinsic
def up(typing: Any, x: Any, count: Any) -> Any:
    """Shift integers left."""

    def lower(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return builder.shl(args[0], _spread(builder, args[1], _INTS))

    return I(I, types.int32), lower


@intrinsic
def down(typing: Any, x: Any, count: Any) -> Any:
    """Shift integers right, keeping the sign."""

    def lower(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return builder.ashr(args[0], _spread(builder, args[1], _INTS))

    return I(I, types.int32), lower


@intrinsic
def total(typing: Any, x: Any) -> Any:
    """The sum of the lanes as float64, halves first."""

    def lower(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        values, lanes = builder.fpext(args[0], ir.VectorType(ir.DoubleType(), LANES)), LANES
        while lanes > 1:
            lanes //= 2
            low, high = (
                ir.Constant(ir.VectorType(_INT, lanes), [ir.Constant(_INT, start + lane) for lane in range(lanes)])
                for start in (0, lanes)
            )
            values = builder.fadd(
                builder.shuffle_vector(values, values, low), builder.shuffle_vector(values, values, high)
            )
        return builder.extract_element(values, ir.Constant(_INT, 0))

    return types.float64(V), lower


@intrinsic
def add_double(typing: Any, row: Any, x: Any, value: Any) -> Any:
    """Add to one float64 of the row at this address."""

    def lower(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        place = builder.gep(builder.inttoptr(args[0], ir.DoubleType().as_pointer()), [args[1]])
        builder.store(builder.fadd(builder.load(place), args[2]), place)
        return context.get_dummy_value()

    return types.void(types.int64, types.int64, types.float64), lower


@intrinsic
def number(typing: Any, row: Any, x: Any) -> Any:
    """One float32 of the row at this address."""

    def lower(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return builder.load(builder.gep(builder.inttoptr(args[0], _FLOAT.as_pointer()), [args[1]]))

    return types.float32(types.int64, types.int64), lower


@intrinsic
def set_number(typing: Any, row: Any, x: Any, value: Any) -> Any:
    """Store one float32."""

    def lower(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        builder.store(args[2], builder.gep(builder.inttoptr(args[0], _FLOAT.as_pointer()), [args[1]]))
        return context.get_dummy_value()

    return types.void(types.int64, types.int64, types.float32), lower


def _prefetch(written: int) -> Lower:
    def lower(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        byte = _BYTE.as_pointer()
        kind = ir.FunctionType(ir.VoidType(), [byte, _INT, _INT, _INT])
        function = cgutils.get_or_insert_function(builder.module, kind, "llvm.prefetch.p0")
        place = builder.gep(builder.inttoptr(args[0], byte), [args[1]])
        builder.call(function, [place, *(ir.Constant(_INT, n) for n in (written, 3, 1))])
        return context.get_dummy_value()

    return lower


@intrinsic
def soon_written(typing: Any, row: Any, byte: Any) -> Any:
    """Fetch the cache line that this byte of a row lies in: it is about to be written."""
    return types.void(types.int64, types.int64), _prefetch(1)


@intrinsic
def soon_read(typing: Any, row: Any, byte: Any) -> Any:
    """Fetch the cache line that this byte of a row lies in: it is about to be read."""
    return types.void(types.int64, types.int64), _prefetch(0)


@intrinsic
def number_uint16(typing: Any, row: Any, x: Any) -> Any:
    """One uint16, as float32."""

    def lower(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        value = builder.load(builder.gep(builder.inttoptr(args[0], _SHORT.as_pointer()), [args[1]]))
        return builder.uitofp(value, _FLOAT)

    return types.float32(types.int64, types.int64), lower


@intrinsic
def copy_bytes(typing: Any, source: Any, out: Any, count: Any) -> Any:
    """Copy so many bytes."""

    def lower(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        byte = _BYTE.as_pointer()
        cgutils.raw_memcpy(
            builder, builder.inttoptr(args[1], byte), builder.inttoptr(args[0], byte), args[2], itemsize=1
        )
        return context.get_dummy_value()

    return types.void(types.int64, types.int64, types.int64), lower


@intrinsic
def call_operation(typing: Any, address: Any, op: Any, frame: Any, y: Any, first: Any, last: Any) -> Any:
    """Call the machine code at an address; see camsim.kernels.operation."""

    def lower(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        kind = ir.FunctionType(ir.VoidType(), [ir.IntType(64)] * 5)
        builder.call(builder.inttoptr(args[0], kind.as_pointer()), args[1:])
        return context.get_dummy_value()

    return types.void(*[types.int64] * 6), lower


@intrinsic
def integer(typing: Any, row: Any, x: Any) -> Any:
    """One int64 of the row at this address: lists are rows too, since an array costs two locked counts a call."""

    def lower(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return builder.load(builder.gep(builder.inttoptr(args[0], ir.IntType(64).as_pointer()), [args[1]]))

    return types.int64(types.int64, types.int64), lower


@intrinsic
def set_integer(typing: Any, row: Any, x: Any, value: Any) -> Any:
    """Store one int64."""

    def lower(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        builder.store(args[2], builder.gep(builder.inttoptr(args[0], ir.IntType(64).as_pointer()), [args[1]]))
        return context.get_dummy_value()

    return types.void(types.int64, types.int64, types.int64), lower
