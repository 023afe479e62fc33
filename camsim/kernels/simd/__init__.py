"""Vectors of sixteen numbers inside numba kernels: one type for floats, one for integers.

numba leaves vectors to LLVM, which must prove for every loop that no two rows overlap and gives up beyond a few of
them. Here a kernel says what it means: ``put(out, x, at(a, x) + 0.5 * at(b, x + 1))`` is one load, one fused
multiply-add and one store of sixteen pixels. A row is known by its address in memory; `at` and `put` count in
elements from there. Multiply and add may become one rounding, and nothing is reordered: a pixel's value does not
depend on its place in the vector. On machines with shorter registers LLVM splits the vectors.
"""

from __future__ import annotations

from camsim.kernels.simd.lanes import (
    absolute,
    alternate,
    backwards,
    bits,
    down,
    from_bits,
    greatest,
    larger,
    least,
    narrow,
    nearest,
    real,
    smaller,
    spread,
    to_the_right,
    up,
    where_at_least,
    whole,
    with_sign,
)
from camsim.kernels.simd.memory import (
    add_double,
    add_doubles,
    at,
    at_uint16,
    call_operation,
    copy_bytes,
    gathered,
    integer,
    number,
    number_uint16,
    put,
    put_uint8,
    set_integer,
    set_number,
    soon_read,
    soon_written,
    taken,
)
from camsim.kernels.simd.vector import (
    LANES,
    FloatVector,
    I,
    IntVector,
    V,
    single,
)

__all__ = [
    "LANES",
    "FloatVector",
    "I",
    "IntVector",
    "V",
    "absolute",
    "add_double",
    "add_doubles",
    "alternate",
    "at",
    "at_uint16",
    "backwards",
    "bits",
    "call_operation",
    "copy_bytes",
    "down",
    "from_bits",
    "gathered",
    "greatest",
    "integer",
    "larger",
    "least",
    "narrow",
    "nearest",
    "number",
    "number_uint16",
    "put",
    "put_uint8",
    "real",
    "set_integer",
    "set_number",
    "single",
    "smaller",
    "soon_read",
    "soon_written",
    "spread",
    "taken",
    "to_the_right",
    "up",
    "where_at_least",
    "whole",
    "with_sign",
]
