"""Poisson-distributed counts: the exact distribution at any mean, sixteen pixels at a time.

A count is the smallest n with P(X <= n) >= u, from one uniform u of 64 bits (see `camsim.kernels.normal`), found

- from a mean of 12 on by the asymptotic expansion of the inverse (N. Temme's uniform expansion of the incomplete gamma
  function, as M. Giles uses it in "Algorithm 955: approximation of the inverse Poisson cumulative distribution
  function", ACM TOMS 42(1), 2016): with z the Gaussian of u and s = z / sqrt(mean),
  n = floor(mean + sqrt(mean) z + z^2 g(s) + c0(s) + c1(s) / mean);
- below by adding up the probabilities of 0, 1, 2 ...;
- in both cases by adding up in float64, one pixel after the other, where the tail asks for it.

Error: against the exact inverse of the same u the count is off by one electron, never more, in fewer than 5 pixels of
100 000 up to a mean of 1e5; above, float32 resolves no more of the Gaussian than 2e-7 of it. Tails keep their relative
precision to 6 sigma and end at 8.6. Above a mean of 2^24 counts are those whole numbers that float32 has.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from llvmlite import ir
from numba.core import cgutils
from numba.extending import intrinsic

from camsim.kernels.counter import random_words_of_pixel
from camsim.kernels.jit import row_function
from camsim.kernels.normal import FINE_KEY, any_above, any_at_least, normal_row, square_root, tail_probability
from camsim.kernels.polynomial import polynomial
from camsim.kernels.power import exp2
from camsim.kernels.registers import WIDE
from camsim.kernels.simd import (
    LANES,
    V,
    at,
    bits,
    greatest,
    least,
    number,
    put,
    set_number,
    spread,
    where_at_least,
    with_sign,
)

_FLOAT, _WORD = ir.FloatType(), ir.IntType(32)
_FLOATS, _WORDS = ir.VectorType(_FLOAT, LANES), ir.VectorType(_WORD, LANES)

F = np.float32
ZERO, ONE, MINUS_ONE = F(0), F(1), F(-1)
MINUS_LOG2_E = F(-np.log2(np.e))
SEARCHED = F(12)
"""Means below are searched; from here on hardly a pixel lies where the expansion does not hold."""
TOO_MANY = 1e4
"""Of such means every count is found by the expansion, but where they are infinite."""
S_LOWEST, S_HIGHEST = F(-0.72), F(1.75)
"""Where the polynomials hold: to 2.5 sigma below and 6 above at a mean of 12, to 5 below at 50."""
BLOCK = 256
"""Pixels that go through one step before the next step begins: their rows stay in the first-level cache."""
TAIL = F(2.0**-10)
"""The probability beyond which a search in float32 is not precise enough."""
REACHED = np.array(
    [0, 0.1878, 0.7341, 1.5125, 2.4422, 3.4791, 4.5966, 5.7776, 7.0102, 8.2858, 9.5978, 10.9413, 12.3124], np.float32
)
"""Up to this mean P(X > 2 i) is below `TAIL` by more than float32's errors: 2 i additions find every count."""
MOST_PAIRS = len(REACHED) - 1
STEPS = (1 / np.arange(1, 2 * MOST_PAIRS + 1)).astype(np.float32)
"""From P(X = i) to P(X = i + 1) for a mean of 1."""

G = (
    *(0.1666666827242284, -0.013889779635645187, 0.0037033900411354978, -0.0013212687382442244, 0.0005543238186589669),
    *(-0.0002838857224362235, 0.0001536405276518348, -5.726002039900538e-05, 9.269402124453067e-06),
)
_g = polynomial(*G)
"""(r - 1 - s) / s^2, where r solves 1 - r + r log r = s^2 / 2; error below 2e-7."""
C0 = (
    *(0.3333369556584617, -0.027752454184855828, 0.008563776147073588, -0.0036493855306390854, 0.0019715293677117327),
    *(-0.0008621497911026863, 0.0001682986580322465),
)
_c0 = polynomial(*C0)
"""log(s sqrt(r) / (r - 1)) / log r; error below 6e-6."""
C1 = (-0.01942979460934524, 0.017078323511776673, -0.01624594601499407, 0.011838259474320158, -0.0033413817661518226)
_c1 = polynomial(*C1)
"""The next term, fitted to the inverse of scipy.special.gammaincc at a mean of 25; error below 4e-4."""


@intrinsic
def floor(typing: Any, x: Any) -> Any:
    """The next whole number below."""

    def lower(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        kind = ir.FunctionType(_FLOATS, [_FLOATS])
        return builder.call(cgutils.get_or_insert_function(builder.module, kind, f"llvm.floor.v{LANES}f32"), args)

    return V(V), lower


@row_function
def _expand_row(means: int, vectors: int, normal: int, counts: int, spare: int) -> None:
    """Counts of means of at least 12, by the expansion; -1 where it does not hold. The others stay as they are.

    ``spare`` is a spare row, and two more follow ``counts``. In two steps: one would need too many registers.
    """
    border, unknown = spread(SEARCHED), spread(MINUS_ONE)
    shapes, starts = counts + 4 * BLOCK, counts + 8 * BLOCK
    for place in range(0, vectors * LANES, LANES):
        mean = greatest(at(means, place), border)
        z = at(normal, place)
        root = square_root(mean)
        inverse = ONE / mean
        put(spare, place, inverse)
        put(shapes, place, z * (root * inverse))
        put(starts, place, (mean - floor(mean)) + root * z)
    for place in range(0, vectors * LANES, LANES):
        mean, z, s = at(means, place), at(normal, place), at(shapes, place)
        # what is near the mean's size is added last, and exactly
        beyond = at(starts, place) + (z * z * _g(s) + _c0(s) + _c1(s) * at(spare, place))
        count = floor(mean) + floor(beyond)
        count = where_at_least(s, spread(S_LOWEST), count, unknown)
        count = where_at_least(spread(S_HIGHEST), s, count, unknown)
        put(counts, place, where_at_least(mean, border, count, at(counts, place)))


@row_function
def _add_up(means: int, vectors: int, pairs: int, counts: int) -> None:
    """The last step of `_search_row`."""
    wanted, terms = counts + 4 * BLOCK, counts + 8 * BLOCK
    for place in range(0, vectors * LANES, LANES):
        mean, u, count, term = at(means, place), at(wanted, place), at(counts, place), at(terms, place)
        total, n = term, spread(ZERO)
        for first in range(0, 2 * pairs, 2):
            for step in (STEPS[first], STEPS[first + 1]):
                n = n + ONE
                count = where_at_least(total, u, count, n)
                term = term * (mean * step)
                total = total + term
        put(counts, place, count)


@row_function
def _add_up_four_at_a_time(means: int, vectors: int, pairs: int, counts: int) -> None:
    """As `_add_up`: each term waits for the one before it, and other vectors fill the wait."""
    wanted, terms = counts + 4 * BLOCK, counts + 8 * BLOCK
    for a in range(0, vectors * LANES, 4 * LANES):
        b, c, d = a + LANES, a + 2 * LANES, a + 3 * LANES
        mean_a, mean_b, mean_c, mean_d = at(means, a), at(means, b), at(means, c), at(means, d)
        u_a, u_b, u_c, u_d = at(wanted, a), at(wanted, b), at(wanted, c), at(wanted, d)
        n_a, n_b, n_c, n_d = at(counts, a), at(counts, b), at(counts, c), at(counts, d)
        term_a, term_b, term_c, term_d = at(terms, a), at(terms, b), at(terms, c), at(terms, d)
        total_a, total_b, total_c, total_d = term_a, term_b, term_c, term_d
        n = spread(ZERO)
        for first in range(0, 2 * pairs, 2):
            for step in (STEPS[first], STEPS[first + 1]):
                n = n + ONE
                n_a, n_b = where_at_least(total_a, u_a, n_a, n), where_at_least(total_b, u_b, n_b, n)
                n_c, n_d = where_at_least(total_c, u_c, n_c, n), where_at_least(total_d, u_d, n_d, n)
                term_a, term_b = term_a * (mean_a * step), term_b * (mean_b * step)
                term_c, term_d = term_c * (mean_c * step), term_d * (mean_d * step)
                total_a, total_b = total_a + term_a, total_b + term_b
                total_c, total_d = total_c + term_c, total_d + term_d
        put(counts, a, n_a)
        put(counts, b, n_b)
        put(counts, c, n_c)
        put(counts, d, n_d)


@row_function
def _search_row(
    means: int, words: int, effect: int, start: int, limit: int, key: np.uint64, vectors: int, pairs: int, counts: int
) -> None:
    """Counts of means below 12, by adding up so many pairs of probabilities; -1 in the upper tail.

    Two spare rows follow ``counts``; what lies beyond the vectors in these and in ``means`` means nothing.
    """
    zero, unknown, border = spread(ZERO), spread(MINUS_ONE), spread(SEARCHED)
    wanted, terms = counts + 4 * BLOCK, counts + 8 * BLOCK
    for place in range(0, vectors * LANES, LANES):
        mean = at(means, place)
        word = at(words, place)
        side = with_sign(spread(ONE), word)  # negative in the lower half
        p = tail_probability(bits(word), effect, min(start + place, limit), key)
        tail = where_at_least(spread(TAIL), p, side, unknown)  # at least 0 in the upper tail alone
        u = where_at_least(side, zero, ONE - p, p)
        put(wanted, place, where_at_least(tail, zero, unknown, where_at_least(mean, border, unknown, u)))
        put(counts, place, where_at_least(tail, zero, unknown, zero))
        put(terms, place, exp2(least(mean, border) * MINUS_LOG2_E))
    if WIDE:
        _add_up_four_at_a_time(means, vectors, pairs, counts)
    else:
        _add_up(means, vectors, pairs, counts)


@row_function
def _exact(mean: np.float32, effect: int, index: int, key: np.uint64) -> np.float32:
    """The count of one pixel, by adding up in float64; for means below a few hundred."""
    word = random_words_of_pixel(index, key)[effect]
    fine = random_words_of_pixel(index, key + FINE_KEY)[effect]
    p = (float(word & np.uint64(0x7FFFFFFF)) + (float(fine) + 0.5) * 2.0**-32) * 2.0**-32
    u = p if word >> np.uint64(31) else 1.0 - p
    expected = np.float64(mean)  # float() would leave it a float32
    if not expected < TOO_MANY:  # infinity too, of light that float32 cannot hold
        return mean
    term = math.exp(-expected)
    total = term
    n = 0
    while total < u and (n < expected or term > 1e-18):
        n += 1
        term *= expected / n
        total += term
    return F(n)


@row_function
def poisson_row(
    means: int, words: int, effect: int, start: int, limit: int, key: np.uint64, vectors: int, scratch: int
) -> None:
    """Counts of an effect in place of their means; a negative mean counts as 0. ``scratch`` has room for 5 rows.

    For the other arguments see `camsim.kernels.counter.words_row`.
    """
    zero, border = spread(ZERO), spread(SEARCHED)
    largest, smallest = zero, border
    kept, counts = scratch + 4 * BLOCK, scratch + 8 * BLOCK
    for place in range(0, vectors * LANES, LANES):
        mean = greatest(at(means, place), zero)
        put(kept, place, mean)
        largest, smallest = greatest(largest, mean), least(smallest, mean)
    if any_above(border, smallest):
        pairs = 1
        while pairs < MOST_PAIRS and any_at_least(largest, spread(REACHED[pairs])):
            pairs += 1
        _search_row(kept, words, effect, start, limit, key, vectors, pairs, counts)
    if any_at_least(largest, border):
        normal_row(words, effect, start, limit, key, vectors, scratch)
        _expand_row(kept, vectors, scratch, counts, means)
    # A call between vectors would keep nothing in registers: pixels that need it come last.
    for place in range(0, vectors * LANES, LANES):
        count = at(counts, place)
        put(means, place, count)
        if any_above(zero, count):
            for lane in range(place, place + LANES):
                if number(counts, lane) < ZERO:
                    pixel = min(start + place, limit) + lane - place
                    set_number(means, lane, _exact(number(kept, lane), effect, pixel, key))
