"""What goes to and from memory, by address."""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from camsim.kernels.simd.vector import BYTE, FLOAT, FLOATS, INT, INTS, LANES, SHORT, I, Lower, V


def _pointer(builder: Any, address: Any, index: Any, element: Any, count: int = LANES) -> Any:
    base = builder.inttoptr(address, element.as_pointer())
    return builder.bitcast(builder.gep(base, [index]), ir.VectorType(element, count).as_pointer())


@intrinsic
def at(typing: Any, row: Any, x: Any) -> Any:
    """Sixteen float32 of the row at this address, from element x on."""

    def lower(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return builder.load(_pointer(builder, args[0], args[1], FLOAT), align=4)

    return V(types.int64, types.int64), lower


@intrinsic
def gathered(typing: Any, row: Any, places: Any) -> Any:
    """Sixteen float32 of the row at this address, each from a place of its own."""

    def lower(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        base, values = builder.inttoptr(args[0], FLOAT.as_pointer()), ir.Constant(FLOATS, ir.Undefined)
        for lane in range(LANES):
            place = builder.extract_element(args[1], ir.Constant(INT, lane))
            value = builder.load(builder.gep(base, [builder.sext(place, ir.IntType(64))]))
            values = builder.insert_element(values, value, ir.Constant(INT, lane))
        return values

    return V(types.int64, I), lower


@intrinsic
def at_uint16(typing: Any, row: Any, x: Any) -> Any:
    """Sixteen uint16, as float32."""

    def lower(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return builder.uitofp(builder.load(_pointer(builder, args[0], args[1], SHORT), align=2), FLOATS)

    return V(types.int64, types.int64), lower


@intrinsic
def put(typing: Any, row: Any, x: Any, values: Any) -> Any:
    """Store sixteen float32 from element x on."""

    def lower(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        builder.store(args[2], _pointer(builder, args[0], args[1], FLOAT), align=4)
        return context.get_dummy_value()

    return types.void(types.int64, types.int64, V), lower


@intrinsic
def put_uint8(typing: Any, row: Any, x: Any, values: Any) -> Any:
    """Store sixteen whole floats in [0, 255] as bytes."""

    def lower(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        whole = builder.trunc(builder.fptosi(args[2], INTS), ir.VectorType(BYTE, LANES))
        builder.store(whole, _pointer(builder, args[0], args[1], BYTE), align=1)
        return context.get_dummy_value()

    return types.void(types.int64, types.int64, V), lower


@intrinsic
def add_doubles(typing: Any, row: Any, x: Any, values: Any) -> Any:
    """Add lanes to eight float64 from element x on: lanes i and i + 8 to the i-th."""
    half = LANES // 2
    doubles = ir.VectorType(ir.DoubleType(), half)

    def lower(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        place = _pointer(builder, args[0], args[1], ir.DoubleType(), half)
        low, high = (
            builder.fpext(
                builder.shuffle_vector(
                    args[2],
                    args[2],
                    ir.Constant(ir.VectorType(INT, half), [ir.Constant(INT, start + lane) for lane in range(half)]),
                ),
                doubles,
            )
            for start in (0, half)
        )
        builder.store(builder.fadd(builder.load(place, align=8), builder.fadd(low, high)), place, align=8)
        return context.get_dummy_value()

    return types.void(types.int64, types.int64, V), lower


@intrinsic
def add_double(typing: Any, row: Any, x: Any, value: Any) -> Any:
    """Add a float32 to the float64 at element x."""

    def lower(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        double = ir.DoubleType()
        place = builder.gep(builder.inttoptr(args[0], double.as_pointer()), [args[1]])
        builder.store(builder.fadd(builder.load(place), builder.fpext(args[2], double)), place)
        return context.get_dummy_value()

    return types.void(types.int64, types.int64, types.float32), lower


@intrinsic
def number(typing: Any, row: Any, x: Any) -> Any:
    """One float32 of the row at this address."""

    def lower(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return builder.load(builder.gep(builder.inttoptr(args[0], FLOAT.as_pointer()), [args[1]]))

    return types.float32(types.int64, types.int64), lower


@intrinsic
def set_number(typing: Any, row: Any, x: Any, value: Any) -> Any:
    """Store one float32."""

    def lower(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        builder.store(args[2], builder.gep(builder.inttoptr(args[0], FLOAT.as_pointer()), [args[1]]))
        return context.get_dummy_value()

    return types.void(types.int64, types.int64, types.float32), lower


def _prefetch(written: int) -> Lower:
    def lower(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        byte = BYTE.as_pointer()
        kind = ir.FunctionType(ir.VoidType(), [byte, INT, INT, INT])
        function = cgutils.get_or_insert_function(builder.module, kind, "llvm.prefetch.p0")
        place = builder.gep(builder.inttoptr(args[0], byte), [args[1]])
        builder.call(function, [place, *(ir.Constant(INT, n) for n in (written, 3, 1))])
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
        value = builder.load(builder.gep(builder.inttoptr(args[0], SHORT.as_pointer()), [args[1]]))
        return builder.uitofp(value, FLOAT)

    return types.float32(types.int64, types.int64), lower


@intrinsic
def copy_bytes(typing: Any, source: Any, out: Any, count: Any) -> Any:
    """Copy so many bytes."""

    def lower(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        byte = BYTE.as_pointer()
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


@intrinsic
def taken(typing: Any, row: Any) -> Any:
    """The int64 at this address, which is one more afterwards: no other thread gets the same."""

    def lower(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        long = ir.IntType(64)
        place = builder.inttoptr(args[0], long.as_pointer())
        return builder.atomic_rmw("add", place, ir.Constant(long, 1), "monotonic")

    return types.int64(types.int64), lower
