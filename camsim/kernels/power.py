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


Three = tuple[FloatVector, FloatVector, FloatVector]
"""Vectors that go through the same steps side by side. A polynomial waits for each of its products, and a processor
looks only a few vectors ahead: three of them in turn take little longer than one."""


@lane_function
def times(x: Three, factor: float) -> Three:
    """Each times the same number."""
    return x[0] * factor, x[1] * factor, x[2] * factor


@lane_function
def _step(p: Three, x: Three, coefficient: float) -> Three:
    return p[0] * x[0] + coefficient, p[1] * x[1] + coefficient, p[2] * x[2] + coefficient


@lane_function
def log2_of_three(x: Three) -> Three:
    """log2 of normal positive floats; absolute error below 2e-7 beside the rounding of the result."""
    a, b, c = bits(x[0]), bits(x[1]), bits(x[2])
    ea, eb, ec = down(a - _SQRT_HALF, _MANTISSA), down(b - _SQRT_HALF, _MANTISSA), down(c - _SQRT_HALF, _MANTISSA)
    m = (
        from_bits(a - up(ea, _MANTISSA)) - _ONE,
        from_bits(b - up(eb, _MANTISSA)) - _ONE,
        from_bits(c - up(ec, _MANTISSA)) - _ONE,
    )
    p = _L7 * m[0] + _L6, _L7 * m[1] + _L6, _L7 * m[2] + _L6
    p = _step(p, m, _L5)
    p = _step(p, m, _L4)
    p = _step(p, m, _L3)
    p = _step(p, m, _L2)
    p = _step(p, m, _L1)
    p = _step(p, m, _L0)
    return p[0] * m[0] + real(ea), p[1] * m[1] + real(eb), p[2] * m[2] + real(ec)


@lane_function
def exp2_of_three(y: Three) -> Three:
    """2^y for y in [-125, 127]; relative error below 2e-7."""
    n = nearest(y[0]), nearest(y[1]), nearest(y[2])
    f = y[0] - n[0], y[1] - n[1], y[2] - n[2]
    q = _E5 * f[0] + _E4, _E5 * f[1] + _E4, _E5 * f[2] + _E4
    q = _step(q, f, _E3)
    q = _step(q, f, _E2)
    q = _step(q, f, _E1)
    q = _step(q, f, _E0)
    return (
        from_bits(bits(q[0]) + up(whole(n[0]), _MANTISSA)),
        from_bits(bits(q[1]) + up(whole(n[1]), _MANTISSA)),
        from_bits(bits(q[2]) + up(whole(n[2]), _MANTISSA)),
    )


@lane_function
def log2(x: FloatVector) -> FloatVector:
    """`log2_of_three` of one vector: the compiler drops what is there twice."""
    return log2_of_three((x, x, x))[0]


@lane_function
def exp2(y: FloatVector) -> FloatVector:
    """`exp2_of_three` of one vector."""
    return exp2_of_three((y, y, y))[0]
