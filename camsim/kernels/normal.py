"""Standard normal numbers by the inverse of their distribution: one random word in, one number out, right in the tails.

Of the word one bit is the sign and 31 are the probability p beyond the number; where that is small, 24 more bits come
from a second draw, so that p goes from 1/2 down to 2^-57 (8.6 sigma), always to float32's relative precision. The
polynomials follow M. Giles, "Approximating the erfinv function" (GPU Computing Gems, Jade edition, 2011), which takes
w = -log(4 p (1 - p)) for the variable; they are minimax fits of our own to scipy.special.ndtri, as that tail ends at
2^-24. Error: below 1e-6 of the number.

Each step goes over the whole row before the next: the long chains of one vector would keep the processor waiting.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from camsim.kernels.counter import random_words
from camsim.kernels.jit import lane_function, row_function
from camsim.kernels.polynomial import polynomial
from camsim.kernels.simd import (
    LANES,
    I,
    V,
    at,
    bits,
    down,
    from_bits,
    put,
    real,
    spread,
    up,
    where_at_least,
    with_sign,
)

_FLOAT, _WORD = ir.FloatType(), ir.IntType(32)
_FLOATS, _WORDS = ir.VectorType(_FLOAT, LANES), ir.VectorType(_WORD, LANES)

F = np.float32
HALF, ONE, TWO, FOUR = F(0.5), F(1), F(2), F(4)
UNIT = F(2.0**-32)
ROUGH = F(2.0**16)
"""Below it 31 bits are too coarse: one pixel in 32768."""
FINE_KEY = np.uint64(0x9E3779B97F4A7C15)
"""Added to a key for the bits that tails need beyond the first 31."""
MINUS_LN2 = F(-np.log(2))
SQRT_HALF, MANTISSA = np.int32(0x3F3504F3), np.int32(23)
_minus_log1p = polynomial(
    *(-0.9999998139180574, 0.5000066739681266, -0.3333618200239271, 0.24959343766630876, -0.19873046877362646),
    *(0.173334664211246, -0.16419986868698613, 0.10102229505214864),
)
"""-log(1 + m) / m on [sqrt(1/2) - 1, sqrt(2) - 1]; error below 4e-8 / |m|."""
W_CENTRAL = F(6.25)
"""Up to here (all but one pixel in a thousand) the central polynomial; errors of both are below 8e-8."""
W_MIDDLE, ROOT_MIDDLE = F(3.125), F(4)
_central = polynomial(
    *(2.338620868756107, 0.3396347543633343, -0.008533752506337613, -0.0010472283698203524, 0.0002648151807892297),
    *(-1.974185000613895e-05, -2.1541604696200088e-06, 6.16014415765985e-07, -1.2343192523711157e-08),
    *(-7.155779650147073e-09,),
)
"""|z| / (1 - 2 p) in w - 3.125 on [0, 6.25]."""
_tail = polynomial(
    *(5.430274160983379, 1.4276414192375726, 0.0017850516853625284, -0.0012435826942078208, 0.00044594731799118105),
    *(-0.00013971127208766874, 8.076814201629241e-05, -6.641455038567094e-05, 3.193663552692134e-05),
    *(-7.172153575164269e-06, 5.699620580525752e-07),
)
"""|z| / (1 - 2 p) in sqrt(w) - 4, for w in [6.25, 39.6]."""


def _words(value: int) -> ir.Constant:
    return ir.Constant(_WORDS, [ir.Constant(_WORD, value)] * LANES)


def _floats(value: float) -> ir.Constant:
    return ir.Constant(_FLOATS, [ir.Constant(_FLOAT, value)] * LANES)


@intrinsic
def _coarse(typing: Any, word: Any) -> Any:
    """The lower 31 bits of a word, as floats."""

    def lower(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return builder.sitofp(builder.and_(args[0], _words(0x7FFFFFFF)), _FLOATS)

    return V(I), lower


@intrinsic
def _rest(typing: Any, word: Any) -> Any:
    """2^31 - 1 less the lower 31 bits of a word, as floats: precise where they are large."""

    def lower(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return builder.sitofp(builder.and_(builder.not_(args[0]), _words(0x7FFFFFFF)), _FLOATS)

    return V(I), lower


@intrinsic
def _fine(typing: Any, word: Any) -> Any:
    """The upper 24 bits of a word as a fraction of 1, in the middle of its step."""

    def lower(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        fraction = builder.sitofp(builder.lshr(args[0], _words(8)), _FLOATS)
        return builder.fadd(builder.fmul(fraction, _floats(2.0**-24)), _floats(2.0**-25))

    return V(I), lower


@intrinsic
def square_root(typing: Any, x: Any) -> Any:
    """sqrt(x), correctly rounded."""

    def lower(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        kind = ir.FunctionType(_FLOATS, [_FLOATS])
        return builder.call(cgutils.get_or_insert_function(builder.module, kind, f"llvm.sqrt.v{LANES}f32"), args)

    return V(V), lower


def _any(condition: str, builder: Any, args: Any) -> Any:
    mask = builder.bitcast(builder.fcmp_ordered(condition, *args), ir.IntType(LANES))
    return builder.icmp_unsigned("!=", mask, ir.Constant(ir.IntType(LANES), 0))


@intrinsic
def any_at_least(typing: Any, a: Any, b: Any) -> Any:
    """Whether a >= b in some lane."""
    return types.boolean(V, V), lambda context, builder, sig, args: _any(">=", builder, args)


@intrinsic
def any_above(typing: Any, a: Any, b: Any) -> Any:
    """Whether a > b in some lane."""
    return types.boolean(V, V), lambda context, builder, sig, args: _any(">", builder, args)


@lane_function
def tail_probability(word: Any, effect: int, index: int, key: np.uint64) -> Any:
    """Uniform in (0, 1/2] from an effect's word (which of the two: ``effect``) for the pixels from this index on."""
    coarse = _coarse(word)
    part = spread(HALF)
    if any_above(spread(ROUGH), coarse):
        part = where_at_least(coarse, spread(ROUGH), part, _fine(random_words(index, key + FINE_KEY)[effect]))
    return (coarse + part) * UNIT


@lane_function
def minus_log(x: Any) -> Any:
    """-log of normal positive floats."""
    raw = bits(x)
    exponent = down(raw - SQRT_HALF, MANTISSA)
    m = from_bits(raw - up(exponent, MANTISSA)) - ONE
    return real(exponent) * MINUS_LN2 + m * _minus_log1p(m)


@row_function
def normal_row(words: int, effect: int, start: int, limit: int, key: np.uint64, vectors: int, out: int) -> None:
    """Standard normal numbers of an effect from its row of words; see `camsim.kernels.counter.words_row`."""
    for vector in range(vectors):
        place = vector * LANES
        p = tail_probability(bits(at(words, place)), effect, min(start + place, limit), key)
        put(out, place, minus_log(FOUR * p * (ONE - p)))
    border = spread(W_CENTRAL)
    for vector in range(vectors):
        place = vector * LANES
        word = at(words, place)
        w = at(out, place)
        ratio = _central(w - W_MIDDLE)
        if any_at_least(w, border):
            ratio = where_at_least(w, border, _tail(square_root(w) - ROOT_MIDDLE), ratio)
        x = (_rest(bits(word)) + HALF) * (TWO * UNIT)  # 1 - 2 p to relative precision; finer bits do not matter
        put(out, place, with_sign(x * ratio, word))
