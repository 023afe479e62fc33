"""Codes off the straight line, and steps of unequal width; `camsim.sensor.adc_nonlinearity` is the definition."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from camsim.kernels.jit import lane_function, row_function
from camsim.kernels.poisson import floor
from camsim.kernels.polynomial import polynomial
from camsim.kernels.readings.plan import BOW, DNL, NUMBERS, PERIODS, RIPPLE, S_BEND, STEPS, TOP
from camsim.kernels.simd import (
    LANES,
    absolute,
    at,
    gathered,
    greatest,
    integer,
    least,
    nearest,
    number,
    put,
    spread,
    where_at_least,
    whole,
    with_sign,
)

F = np.float32
ZERO, QUARTER, HALF, ONE, TWO, FOUR = F(0), F(0.25), F(0.5), F(1), F(2), F(4)
FURTHEST = F(0.49)
"""DN that a threshold may move."""
_sine = polynomial(*((-1) ** k * (2 * math.pi) ** (2 * k + 1) / math.factorial(2 * k + 1) for k in range(6)))
"""sin(2 pi t) / t in t^2, for t up to 1/4; error below 6e-8."""


@lane_function
def sine_of_turns(turns: Any) -> Any:
    """sin(2 pi t)."""
    rest = turns - nearest(turns)
    size = absolute(rest)
    size = where_at_least(size, spread(QUARTER), spread(HALF) - size, size)
    return with_sign(size * _sine(size * size), rest)


@row_function
def bent_row(plan: int, vectors: int, dn: int) -> None:
    """DN before rounding, in their own place."""
    numbers, table = integer(plan, NUMBERS), integer(plan, STEPS)
    top = number(numbers, TOP)
    bow, s_bend, ripple = number(numbers, BOW), number(numbers, S_BEND), number(numbers, RIPPLE)
    periods, dnl = number(numbers, PERIODS), number(numbers, DNL)
    zero, one = spread(ZERO), spread(ONE)
    for place in range(0, vectors * LANES, LANES):
        value = at(dn, place)
        x = least(greatest(value / spread(top), zero), one)
        product = x * (one - x)
        value = value + bow * (FOUR * product) + s_bend * (product * (one - TWO * x))
        value = value + ripple * sine_of_turns(periods * x)
        if table != 0:
            above = least(greatest(floor(value), zero), spread(top)) + ONE
            moved = dnl * gathered(table, whole(above))
            value = value - least(greatest(moved, spread(-FURTHEST)), spread(FURTHEST))
        put(dn, place, value)
