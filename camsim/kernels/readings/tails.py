"""Read noise of Tukey's lambda distribution; `camsim.sensor.tukey_lambda` is the definition.

From the word that the Gaussian number of a pixel would come from: its probability p is there already.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from camsim.kernels.jit import lane_function, row_function
from camsim.kernels.normal import minus_log, tail_probability
from camsim.kernels.polynomial import polynomial
from camsim.kernels.power import exp2
from camsim.kernels.simd import LANES, absolute, at, bits, put, spread, where_at_least, with_sign

F = np.float32
ONE, MINUS_ONE, LOG2_E, NEAR = F(1), F(-1), F(np.log2(np.e)), F(0.5)
_series = polynomial(*(1 / factorial for factorial in (1, 2, 6, 24, 120, 720, 5040, 40320)))
"""(e^t - 1) / t on [-1/2, 1/2]; error below 2e-8."""


@lane_function
def _power(logarithm: Any, shape: Any) -> Any:
    """(p^shape - 1) / shape from ln p, which for a shape of 0 is ln p."""
    exponent = logarithm * shape
    size = absolute(exponent)
    near = spread(NEAR)
    far = where_at_least(size, near, exponent, near)
    ratio = (exp2(far * LOG2_E) - ONE) / far
    return logarithm * where_at_least(size, near, ratio, _series(exponent))


@row_function
def tukey_row(
    words: int,
    effect: int,
    start: int,
    limit: int,
    key: np.uint64,
    vectors: int,
    shape: np.float32,
    factor: np.float32,
    out: int,
) -> None:
    """Numbers of an effect times ``factor``, from its row of words; see `camsim.kernels.normal.normal_row`."""
    for place in range(0, vectors * LANES, LANES):
        word = at(words, place)
        p = tail_probability(bits(word), effect, min(start + place, limit), key)
        upper, lower = minus_log(ONE - p) * MINUS_ONE, minus_log(p) * MINUS_ONE
        size = (_power(upper, spread(shape)) - _power(lower, spread(shape))) * factor
        put(out, place, with_sign(size, word))
