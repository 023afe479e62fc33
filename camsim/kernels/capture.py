"""The sensor in one pass over rows: light in, digital numbers out; and its gradient.

A row goes through in blocks of 256 pixels, each step over the whole block. Noise is drawn again for the gradient, which
costs less than keeping it.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from camsim.kernels.counter import words_row
from camsim.kernels.jit import entry_point, row_function
from camsim.kernels.noise import READ, SHOT
from camsim.kernels.normal import normal_row
from camsim.kernels.poisson import BLOCK, poisson_row
from camsim.kernels.simd import LANES, V, at, greatest, integer, least, nearest, number, put, spread, where_at_least

F = np.float32
ZERO, HALF, ONE = F(0), F(0.5), F(1)
ROWS = 8
"""Rows of a tile. Sums over tiles are added in order, so that they do not depend on the threads."""
EXPOSURE, WELL, READ_NOISE, GAIN, TOP, FACTOR = range(6)
"""Places in the list of numbers: e-, e-, e- rms, DN/e-, largest DN of the ADC, justification."""
NUMBERS = 6
BLACK = 4
"""Sums of the gradient: of the first four numbers, then of the black level for each site."""
SUMS = 8
SITE = 16 * LANES
"""Bytes of one site: four vectors."""

_FLOAT, _DOUBLE, _SHORT, _WORD = ir.FloatType(), ir.DoubleType(), ir.IntType(16), ir.IntType(32)


@intrinsic
def put_uint16(typing: Any, row: Any, x: Any, values: Any) -> Any:
    """Store sixteen whole floats in [0, 65535] as uint16."""

    def lower(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        shorts = ir.VectorType(_SHORT, LANES)
        whole = builder.trunc(builder.fptosi(args[2], ir.VectorType(_WORD, LANES)), shorts)
        place = builder.gep(builder.inttoptr(args[0], _SHORT.as_pointer()), [args[1]])
        builder.store(whole, builder.bitcast(place, shorts.as_pointer()), align=2)
        return context.get_dummy_value()

    return types.void(types.int64, types.int64, V), lower


@intrinsic
def accumulate(typing: Any, row: Any, x: Any, values: Any) -> Any:
    """Add sixteen float32 to sixteen float64."""

    def lower(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        doubles = ir.VectorType(_DOUBLE, LANES)
        place = builder.gep(builder.inttoptr(args[0], _DOUBLE.as_pointer()), [args[1]])
        place = builder.bitcast(place, doubles.as_pointer())
        builder.store(builder.fadd(builder.load(place, align=8), builder.fpext(args[2], doubles)), place, align=8)
        return context.get_dummy_value()

    return types.void(types.int64, types.int64, V), lower


@row_function
def site(sites: int, columns: int, place: int) -> int:
    """Address of the vectors that belong to the pixels of the vector at ``place``, of a row of the table of sites.

    The first three are the response's weights, the fourth is the black level; ``columns`` says for each vector of a row
    how many bytes on they lie: a filter array may repeat itself after any number of pixels.
    """
    return sites + integer(columns, place // LANES)


@row_function
def light_row(
    scene: int, plane: int, sites: int, columns: int, start: int, limit: int, vectors: int, light: int
) -> None:
    """What each pixel's filter lets through of a row of the scene, whose colours lie ``plane`` elements apart."""
    for place in range(0, vectors * LANES, LANES):
        x = min(start + place, limit)
        weights = site(sites, columns, start + place)
        seen = at(weights, 0) * at(scene, x) + at(weights, LANES) * at(scene, plane + x)
        put(light, place, seen + at(weights, 2 * LANES) * at(scene, 2 * plane + x))


@row_function
def noise_rows(
    electrons: int, start: int, limit: int, key: np.uint64, vectors: int, normal: int, shot: int, read: int
) -> None:
    """Counts in place of expected electrons, and the standard normal numbers for the read noise.

    ``shot`` and ``read`` are spare rows, and four more follow ``normal``.
    """
    words_row(start, limit, key, vectors, shot, read)
    poisson_row(electrons, shot, SHOT, start, limit, key, vectors, normal)
    normal_row(read, READ, start, limit, key, vectors, normal)


@entry_point
def run(
    first: int,
    last: int,
    scene: int,
    shape: int,
    sites: int,
    columns: int,
    numbers: int,
    keys: int,
    out: int,
    out_is_uint16: bool,
    gradient: int,
    scene_gradient: int,
    fresh: int,
    sums: int,
) -> None:
    """Run tiles [first, last), either forward or for the gradient. Everything is given by its address.

    Args:
        first: counted over samples and runs of 8 rows, the last fastest.
        last: exclusive.
        scene: (samples, 3, height, pitch) float32, pitch >= 16.
        shape: height, pitch, width, side of the cell of the filter array and of the black levels: int64; pixels beyond
            the width are room, and their result means nothing.
        sites: (side, side, 4, 16) float32 for each row and each column that a vector may begin with, see `site`.
        columns: for each vector of a row the bytes from the first column's part of ``sites`` to that of its own.
        numbers: (6,) float32.
        keys: a uint64 for each sample; 0: no noise.
        out: (samples, height, pitch) float32 or uint16 DN; 0: none wanted, but the gradient.
        out_is_uint16: which of them.
        gradient: (samples, height, pitch) float32, of the result; 0 beyond the width.
        scene_gradient: like the scene; 0: not wanted.
        fresh: (16,) float32: 0 for the pixels of a row's last vector that the one before it has, else 1.
        sums: (tiles, 8, 16) float64, 0 before.
    """
    rows = np.empty(9 * BLOCK + LANES, F)
    light = (rows.ctypes.data + 63) // 64 * 64  # a vector that lies across two cache lines takes twice as long
    electrons, shot, read = light + 4 * BLOCK, light + 8 * BLOCK, light + 12 * BLOCK
    normal = light + 16 * BLOCK  # and four spare rows behind it
    height, pitch, width, side = integer(shape, 0), integer(shape, 1), integer(shape, 2), integer(shape, 3)
    exposure, well = number(numbers, EXPOSURE), spread(number(numbers, WELL))
    sigma, gain = number(numbers, READ_NOISE), number(numbers, GAIN)
    top, factor = spread(number(numbers, TOP)), number(numbers, FACTOR)
    zero, half, one = spread(ZERO), spread(HALF), spread(ONE)
    plane, limit = height * pitch, pitch - LANES
    tiles = (height + ROWS - 1) // ROWS
    for place in range(0, BLOCK, LANES):
        put(normal, place, zero)
    for tile in range(first, last):
        sample = tile // tiles
        key = np.uint64(0)
        if keys != 0:
            key = np.uint64(integer(keys, sample))
        for y in range(tile % tiles * ROWS, min((tile % tiles + 1) * ROWS, height)):
            seen = scene + 4 * (3 * sample * plane + y * pitch)
            mosaic_row = sample * plane + y * pitch
            row_sites = sites + SITE * side * (y % side)
            for start in range(0, pitch, BLOCK):
                vectors = (min(pitch - start, BLOCK) + LANES - 1) // LANES
                light_row(seen, plane, row_sites, columns, start, limit, vectors, light)
                for place in range(0, vectors * LANES, LANES):
                    put(electrons, place, exposure * at(light, place))
                if keys != 0:
                    index = y * width
                    noise_rows(electrons, index + start, index + limit, key, vectors, normal, shot, read)
                for place in range(0, vectors * LANES, LANES):
                    x = min(start + place, limit)
                    count = at(electrons, place)
                    held = least(count, well) + sigma * at(normal, place)
                    dn = gain * held + at(site(row_sites, columns, start + place), 3 * LANES)
                    if out != 0:
                        result = nearest(least(greatest(dn, zero), top)) * factor
                        if out_is_uint16:
                            put_uint16(out, mosaic_row + x, result)
                        else:
                            put(out, mosaic_row + x, result)
                        continue
                    g = at(gradient, mosaic_row + x) * factor
                    g = where_at_least(dn, zero, where_at_least(top, dn, g, zero), zero)
                    over = where_at_least(count, well, where_at_least(well, count, half, one), zero)
                    kept = gain * (one - over)
                    if scene_gradient != 0:
                        down = scene_gradient + 4 * (3 * sample * plane + y * pitch)
                        weights = site(row_sites, columns, start + place)
                        for color in range(3):
                            put(down, color * plane + x, at(weights, color * LANES) * (g * kept * exposure))
                    if x != start + place:
                        g = g * at(fresh, 0)
                    partial = sums + 8 * SUMS * LANES * tile
                    accumulate(partial, EXPOSURE * LANES, g * kept * at(light, place))
                    accumulate(partial, WELL * LANES, g * gain * over)
                    accumulate(partial, READ_NOISE * LANES, g * gain * at(normal, place))
                    accumulate(partial, GAIN * LANES, g * held)
                    odd = x & 1
                    accumulate(partial, (BLACK + 2 * (y & 1) + odd) * LANES, g)
    rows[0] = 0  # numba frees an array after its last use, and an address is none: this is the last
