"""Powers of positive floats by polynomials: quicker than a table, and exact to float32's last bits.

log2 on [sqrt(1/2), sqrt(2)) by a polynomial of degree 8 in m - 1, exp2 on [-1/2, 1/2] by one of degree 5: minimax
fits by Lawson's reweighted least squares, rounded to float32 one coefficient at a time. The exponent goes through the
float's bits.
"""

from __future__ import annotations

import numpy as np

from camsim.kernels.jit import lane_function
from camsim.kernels.simd import FloatVector, bits, down, from_bits, nearest, real, single, up, whole

_SQRT_HALF = np.int32(0x3F3504F3)
_MANTISSA = np.int32(23)
_ONE = single(1)


_L0, _L1, _L2, _L3 = (single(c) for c in (1.4426947832, -0.7213571072, 0.4809389114, -0.3600881696))
_L4, _L5, _L6, _L7 = (single(c) for c in (0.2867162228, -0.2500677705, 0.2368425876, -0.1456973999))
_E0, _E1, _E2 = (single(c) for c in (1.0000001192, 0.6931472421, 0.2402191758))
_E3, _E4, _E5 = (single(c) for c in (0.0555009209, 0.0096850330, 0.0013516929))


@lane_function
def log2(x: FloatVector) -> FloatVector:
    """log2 of sixteen normal positive floats; absolute error below 2e-7 beside the rounding of the result."""
    pattern = bits(x)
    exponent = down(pattern - _SQRT_HALF, _MANTISSA)
    m = from_bits(pattern - up(exponent, _MANTISSA)) - _ONE
    p = _L7 * m + _L6
    p = p * m + _L5
    p = p * m + _L4
    p = p * m + _L3
    p = p * m + _L2
    p = p * m + _L1
    p = p * m + _L0
    return p * m + real(exponent)


@lane_function
def exp2(y: FloatVector) -> FloatVector:
    """2^y for y in [-125, 127]; relative error below 2e-7."""
    n = nearest(y)
    f = y - n
    q = _E5 * f + _E4
    q = q * f + _E3
    q = q * f + _E2
    q = q * f + _E1
    q = q * f + _E0
    return from_bits(bits(q) + up(whole(n), _MANTISSA))
