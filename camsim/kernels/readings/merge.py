"""Several readings made into one code; `camsim.sensor.hdr` is the definition."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba.extending import intrinsic

from camsim.kernels.jit import lane_function, row_function
from camsim.kernels.normal import any_above
from camsim.kernels.poisson import BLOCK
from camsim.kernels.readings.conversion import whole_dn
from camsim.kernels.readings.plan import (
    BLACK,
    BLEND,
    IS_BLENDED,
    KNEE_NUMBERS,
    KNEES,
    NUMBERS,
    READING_NUMBERS,
    TOP_CODE,
    TOP_WORD,
    TRUSTED,
    site,
)
from camsim.kernels.simd import LANES, V, at, greatest, integer, least, number, put, spread, where_at_least

ZERO, ONE = np.float32(0), np.float32(1)
_ROW = 4 * BLOCK


@intrinsic
def divided(typing: Any, a: Any, b: Any) -> Any:
    """a / b, correctly rounded: times the reciprocal, codes of 24 bits would be rounded to other numbers."""

    def lower(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return builder.fdiv(args[0], args[1])

    return V(V, V), lower


@lane_function
def share_of(dn: Any, sites: int, is_blended: int) -> Any:
    """How much a reading counts: 1 up to where it is trusted less where it gives way, then falling to 0."""
    zero, one = spread(ZERO), spread(ONE)
    trusted = at(sites, TRUSTED)
    if is_blended != 0:
        return least(greatest(divided(trusted - dn, at(sites, BLEND)), zero), one)
    return where_at_least(dn, trusted, zero, one)


@row_function
def counts_everywhere(plan: int, y: int, start: int, vectors: int, dn: int) -> bool:
    """Whether no pixel of a reading's row leaves anything to the readings after it."""
    is_blended, lowest = integer(plan, IS_BLENDED), spread(ONE)
    for place in range(0, vectors * LANES, LANES):
        lowest = least(lowest, share_of(at(dn, place), site(plan, y, start + place), is_blended))
    return not any_above(spread(ONE), lowest)


@row_function
def merge_row(plan: int, readings: int, y: int, start: int, vectors: int, first: int) -> None:
    """The merged code before rounding, in place of the ``first`` of so many readings' rows; later ones do not count."""
    is_blended = integer(plan, IS_BLENDED)
    own = integer(plan, READING_NUMBERS)
    last = readings - 1
    for place in range(0, vectors * LANES, LANES):
        sites = site(plan, y, start + place)
        black = at(sites, BLACK)
        merged = divided(at(first + _ROW * last, place) - black, spread(number(own, 3 * last + 2)))
        for before in range(last):
            reading = last - 1 - before
            dn = at(first + _ROW * reading, place)
            share = share_of(dn, sites, is_blended)
            signal = divided(dn - black, spread(number(own, 3 * reading + 2)))
            merged = share * signal + (spread(ONE) - share) * merged
        put(first, place, merged + black)


@row_function
def written_row(plan: int, vectors: int, code: int) -> None:
    """Whole DN of the file in place of the merged code: rounded, companded, rounded again."""
    numbers, knees, own = integer(plan, NUMBERS), integer(plan, KNEES), integer(plan, KNEE_NUMBERS)
    top, top_word = spread(number(numbers, TOP_CODE)), spread(number(numbers, TOP_WORD))
    for place in range(0, vectors * LANES, LANES):
        linear = whole_dn(at(code, place), top)
        companded = linear
        for knee in range(knees):
            begin, value, slope = number(own, 3 * knee), number(own, 3 * knee + 1), number(own, 3 * knee + 2)
            piece = spread(value) + slope * (linear - begin)
            companded = piece if knee == 0 else where_at_least(linear, spread(begin), piece, companded)
        put(code, place, whole_dn(companded, top_word) if knees > 0 else companded)
