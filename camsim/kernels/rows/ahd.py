"""AHD demosaic in seven operations; camsim.isp.demosaic.ahd is the readable definition.

In a row, *own* is the colour that alternates with green, *other* the one of the rows above and below. Two pictures go
side by side, one whose green was interpolated along rows and one whose green was interpolated along columns. Which one
is taken hangs on whether one difference in CIELab is larger than another: about one pixel in 50 000 of a noisy picture
is so near that float32 decides otherwise than float64, here as in torch.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba.core import cgutils
from numba.extending import intrinsic

from camsim.kernels.frame import coefficients_of, five_in, own_site, row_in, row_out, three_in
from camsim.kernels.jit import lane_function
from camsim.kernels.operation import Operation
from camsim.kernels.power import Three, exp2_of_three, log2_of_three, times
from camsim.kernels.rows.demosaic import color_weights, colors_out, put_colors
from camsim.kernels.rows.menon import around, beside, pick
from camsim.kernels.simd import (
    LANES,
    FloatVector,
    V,
    absolute,
    at,
    greatest,
    least,
    number,
    put,
    single,
    spread,
    where_at_least,
)

_ZERO, _ONE, _HALF, _QUARTER, _THIRD = single(0), single(1), single(0.5), single(0.25), single(1 / 3)
_TIE = single(1e-3)
_NEARLY, _NEARLY_WORSE = single(0.25), single(-0.25)
_EDGE, _SLOPE, _FOOT = single(216 / 24389), single(24389 / 27 / 116), single(16 / 116)
_LIGHT, _LIGHT_FOOT, _RED_GREEN, _YELLOW_BLUE = single(116), single(16), single(500), single(200)


@intrinsic
def root(typing: Any, x: Any) -> Any:
    """Square root."""

    def lower(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        floats = ir.VectorType(ir.FloatType(), LANES)
        kind = ir.FunctionType(floats, [floats])
        return builder.call(cgutils.get_or_insert_function(builder.module, kind, f"llvm.sqrt.v{LANES}f32"), args)

    return V(V), lower


@lane_function
def held(ahead: FloatVector, behind: FloatVector, here: FloatVector, far: FloatVector) -> FloatVector:
    """Green between two neighbours; ``far``: the sum of the own colour two pixels ahead and behind."""
    estimate = (ahead + behind) * _HALF + here * _HALF - far * _QUARTER
    return least(greatest(estimate, least(ahead, behind)), greatest(ahead, behind))


@Operation
def ahd_green(op: int, frame: int, y: int, first: int, last: int) -> None:
    """Green along the row, and along the column."""
    rows, own_column = five_in(op, frame, 0, y), own_site(op, y)[0]
    row, by_row, by_column = rows[2], row_out(op, frame, 0, y), row_out(op, frame, 1, y)
    for x in range(first, last, 16):
        here = at(row, x)
        across = held(at(row, x + 1), at(row, x - 1), here, at(row, x + 2) + at(row, x - 2))
        down = held(at(rows[3], x), at(rows[1], x), here, at(rows[4], x) + at(rows[0], x))
        put(by_row, x, pick(own_column, across, here))
        put(by_column, x, pick(own_column, down, here))


@Operation
def ahd_sides(op: int, frame: int, y: int, first: int, last: int) -> None:
    """Red and blue by the differences to green of their neighbours; inputs raw, green."""
    own_column, blue = own_site(op, y)
    raw, green = three_in(op, frame, 0, y), three_in(op, frame, 1, y)
    own_out, other_out = row_out(op, frame, blue, y), row_out(op, frame, 1 - blue, y)
    for x in range(first, last, 16):
        base = at(green[1], x)
        across = base + (beside(raw[1], x) - beside(green[1], x))
        down = base + (around(raw[0], raw[2], x) - around(green[0], green[2], x))
        corners = (beside(raw[0], x) - beside(green[0], x)) + (beside(raw[2], x) - beside(green[2], x))
        put(own_out, x, pick(own_column, at(raw[1], x), across))
        put(other_out, x, pick(own_column, base + corners * _HALF, down))


@lane_function
def refined(root: FloatVector, cube: FloatVector) -> FloatVector:
    """One step of Newton's towards the cube root."""
    square = root * root
    return root - (root * square - cube) * _THIRD / square


@lane_function
def compressed(t: FloatVector, root: FloatVector) -> FloatVector:
    """CIE's function of a share of the white, given its cube root where it is not small."""
    return where_at_least(t, spread(_EDGE), root, t * _SLOPE + _FOOT)


@lane_function
def cube_roots(x: Three) -> Three:
    """Of positive numbers."""
    rough = exp2_of_three(times(log2_of_three(x), _THIRD))
    return refined(rough[0], x[0]), refined(rough[1], x[1]), refined(rough[2], x[2])


@Operation
def ahd_lab(op: int, frame: int, y: int, first: int, last: int) -> None:
    """L*, a*, b*; inputs red, green, blue; the coefficients are those of XYZ over that of the white, row by row."""
    m = coefficients_of(op, frame)
    red, green, blue = row_in(op, frame, 0, y), row_in(op, frame, 1, y), row_in(op, frame, 2, y)
    light, red_green, yellow_blue = row_out(op, frame, 0, y), row_out(op, frame, 1, y), row_out(op, frame, 2, y)
    edge = spread(_EDGE)
    for x in range(first, last, 16):
        r, g, b = at(red, x), at(green, x), at(blue, x)
        t0 = r * number(m, 0) + g * number(m, 1) + b * number(m, 2)
        t1 = r * number(m, 3) + g * number(m, 4) + b * number(m, 5)
        t2 = r * number(m, 6) + g * number(m, 7) + b * number(m, 8)
        roots = cube_roots((greatest(t0, edge), greatest(t1, edge), greatest(t2, edge)))
        f0, f1, f2 = compressed(t0, roots[0]), compressed(t1, roots[1]), compressed(t2, roots[2])
        put(light, x, f1 * _LIGHT - _LIGHT_FOOT)
        put(red_green, x, (f0 - f1) * _RED_GREEN)
        put(yellow_blue, x, (f1 - f2) * _YELLOW_BLUE)


@lane_function
def chroma_step(a: int, a_there: int, b: int, b_there: int, x: int, dx: int) -> FloatVector:
    """Squared difference of two neighbours' chroma."""
    da, db = at(a_there, x + dx) - at(a, x), at(b_there, x + dx) - at(b, x)
    return da * da + db * db


@lane_function
def light_steps(light: tuple[int, int, int], x: int) -> tuple[FloatVector, FloatVector, FloatVector, FloatVector]:
    """|difference| to the pixels at the right, at the left, below and above."""
    here = at(light[1], x)
    right, left = absolute(at(light[1], x + 1) - here), absolute(at(light[1], x - 1) - here)
    return right, left, absolute(at(light[2], x) - here), absolute(at(light[0], x) - here)


@lane_function
def chroma_steps(
    a: tuple[int, int, int], b: tuple[int, int, int], x: int
) -> tuple[FloatVector, FloatVector, FloatVector, FloatVector]:
    """Squared difference to the same pixels."""
    right, left = chroma_step(a[1], a[1], b[1], b[1], x, 1), chroma_step(a[1], a[1], b[1], b[1], x, -1)
    return right, left, chroma_step(a[1], a[2], b[1], b[2], x, 0), chroma_step(a[1], a[0], b[1], b[0], x, 0)


@lane_function
def alike(light: FloatVector, light_limit: FloatVector, chroma: FloatVector, chroma_limit: FloatVector) -> FloatVector:
    """1 where neither is above its limit."""
    return where_at_least(
        light_limit, light, where_at_least(chroma_limit, chroma, spread(_ONE), spread(_ZERO)), spread(_ZERO)
    )


@Operation
def ahd_count(op: int, frame: int, y: int, first: int, last: int) -> None:
    """How many more of four neighbours are like their pixel in the first picture; inputs L*, a*, b* of both."""
    light0, a0, b0 = three_in(op, frame, 0, y), three_in(op, frame, 1, y), three_in(op, frame, 2, y)
    light1, a1, b1 = three_in(op, frame, 3, y), three_in(op, frame, 4, y), three_in(op, frame, 5, y)
    out = row_out(op, frame, 0, y)
    for x in range(first, last, 16):
        p, q = light_steps(light0, x), light_steps(light1, x)
        s, t = chroma_steps(a0, b0, x), chroma_steps(a1, b1, x)
        light = least(greatest(p[0], p[1]), greatest(q[2], q[3])) + _TIE
        chroma = root(least(greatest(s[0], s[1]), greatest(t[2], t[3]))) + _TIE
        chroma = chroma * chroma
        one = (alike(p[0], light, s[0], chroma) + alike(p[1], light, s[1], chroma)) + (
            alike(p[2], light, s[2], chroma) + alike(p[3], light, s[3], chroma)
        )
        two = (alike(q[0], light, t[0], chroma) + alike(q[1], light, t[1], chroma)) + (
            alike(q[2], light, t[2], chroma) + alike(q[3], light, t[3], chroma)
        )
        put(out, x, one - two)


@lane_function
def chosen(better: FloatVector, a: FloatVector, b: FloatVector) -> FloatVector:
    """The first where it is better by a half or more, the second where that is, the mean where they tie."""
    worse = where_at_least(better, spread(_NEARLY_WORSE), (a + b) * _HALF, b)
    return where_at_least(better, spread(_NEARLY), a, worse)


@Operation
def ahd_choose(op: int, frame: int, y: int, first: int, last: int) -> None:
    """The more homogeneous picture; then matrix and luma. Inputs: counts, then red, blue, green of each picture."""
    blue = own_site(op, y)[1]
    counts = three_in(op, frame, 0, y)
    own0, other0, green0 = row_in(op, frame, 1 + blue, y), row_in(op, frame, 2 - blue, y), row_in(op, frame, 3, y)
    own1, other1, green1 = row_in(op, frame, 4 + blue, y), row_in(op, frame, 5 - blue, y), row_in(op, frame, 6, y)
    weights, out = color_weights(coefficients_of(op, frame), blue), colors_out(op, frame, y)
    for x in range(first, last, 16):
        near = (beside(counts[0], x) + beside(counts[1], x)) + beside(counts[2], x)
        better = near + ((at(counts[0], x) + at(counts[2], x)) + at(counts[1], x)) * _HALF
        own = chosen(better, at(own0, x), at(own1, x))
        green = chosen(better, at(green0, x), at(green1, x))
        put_colors(x, (own, green, chosen(better, at(other0, x), at(other1, x))), weights, out)
