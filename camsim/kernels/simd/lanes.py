"""What is done lane by lane: choices, signs, rounding, bit patterns."""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from camsim.kernels.simd.vector import FLOATS, INT, INTS, LANES, LOWER_FLAGS, I, Lower, V, spread_lanes


@intrinsic
def spread(typing: Any, value: Any) -> Any:
    """A float32 in all lanes."""
    return V(types.float32), lambda context, builder, sig, args: spread_lanes(builder, args[0], FLOATS)


@intrinsic
def narrow(typing: Any, value: Any) -> Any:
    """A number as float32; an integer too."""

    def lower(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return context.cast(builder, args[0], sig.args[0], types.float32)

    return types.float32(value), lower


@intrinsic
def to_the_right(typing: Any) -> Any:
    """0, 1 ... 15."""
    lanes = ir.Constant(FLOATS, [ir.Constant(FLOATS.element, lane) for lane in range(LANES)])
    return V(), lambda context, builder, sig, args: lanes


@intrinsic
def alternate(typing: Any, even: Any, odd: Any) -> Any:
    """Even lanes of the first vector, odd lanes of the second."""
    mask = ir.Constant(INTS, [ir.Constant(INT, lane + LANES * (lane % 2)) for lane in range(LANES)])

    def lower(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return builder.shuffle_vector(args[0], args[1], mask)

    return V(V, V), lower


@intrinsic
def backwards(typing: Any, x: Any) -> Any:
    """The lanes from the last to the first."""
    mask = ir.Constant(INTS, [ir.Constant(INT, LANES - 1 - lane) for lane in range(LANES)])
    return V(V), lambda context, builder, sig, args: builder.shuffle_vector(args[0], args[0], mask)


def _unary(name: str) -> Lower:
    def lower(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        kind = ir.FunctionType(FLOATS, [FLOATS])
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
        kind = ir.FunctionType(FLOATS, [FLOATS, FLOATS])
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
        return builder.select(builder.fcmp_ordered(condition, a, b, flags=LOWER_FLAGS), a, b)

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
    return I(V), lambda context, builder, sig, args: builder.bitcast(args[0], INTS)


@intrinsic
def from_bits(typing: Any, x: Any) -> Any:
    """The floats of bit patterns."""
    return V(I), lambda context, builder, sig, args: builder.bitcast(args[0], FLOATS)


@intrinsic
def whole(typing: Any, x: Any) -> Any:
    """Integers of floats, cut towards zero."""
    return I(V), lambda context, builder, sig, args: builder.fptosi(args[0], INTS)


@intrinsic
def real(typing: Any, x: Any) -> Any:
    """Floats of integers."""
    return V(I), lambda context, builder, sig, args: builder.sitofp(args[0], FLOATS)


@intrinsic
def up(typing: Any, x: Any, count: Any) -> Any:
    """Shift integers left."""

    def lower(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return builder.shl(args[0], spread_lanes(builder, args[1], INTS))

    return I(I, types.int32), lower


@intrinsic
def down(typing: Any, x: Any, count: Any) -> Any:
    """Shift integers right, keeping the sign."""

    def lower(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return builder.ashr(args[0], spread_lanes(builder, args[1], INTS))

    return I(I, types.int32), lower


def _chosen(condition: str) -> Lower:
    def lower(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        a, b = args
        return builder.select(builder.icmp_signed(condition, a, b), a, b)

    return lower


@intrinsic
def smaller(typing: Any, a: Any, b: Any) -> Any:
    """The smaller of two integers."""
    return I(I, I), _chosen("<")


@intrinsic
def larger(typing: Any, a: Any, b: Any) -> Any:
    """The larger of two integers."""
    return I(I, I), _chosen(">")
