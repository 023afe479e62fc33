"""The machine: runs a program of row operations over tiles of a batch of mosaics.

One kernel serves every profile, so it is compiled once for a machine and kept on disk.
"""

from __future__ import annotations

from typing import Any

from camsim.kernels.jit import STAMP, entry_point, row_function
from camsim.kernels.operations import IN, OUT, plane_operation, ring
from camsim.kernels.program import COLUMNS, Op
from camsim.kernels.rows.load import copy_bytes, load, mirror
from camsim.kernels.rows.tone import tone
from camsim.kernels.simd import integer

_LOAD, _STORE = int(Op.LOAD), int(Op.STORE)


@row_function
def store(
    op: int,
    planes: int,
    y: int,
    w: int,
    coefficients: int,
    as_bytes: bool,
    out: int,
    pixels: int,
    width: int,
    spare: int,
) -> None:
    """Write ``w`` pixels of a row of all three colours; ``out`` is the address of the red row, ``pixels`` a plane."""
    size = 1 if as_bytes else 4
    filtered, luma = ring(planes, integer(op, IN + 3), y), ring(planes, integer(op, IN + 4), y)
    encoding = integer(op, 5)
    for color in range(3):
        plane = ring(planes, integer(op, IN + color), y)
        here = out + size * color * pixels
        following = here + size * width
        last = w // 16 * 16
        tone(plane, filtered, luma, encoding, coefficients, as_bytes, here, following, 0, last)
        if w >= 16 and last < w:  # once more, up to the end: nothing may be written beyond it
            tone(plane, filtered, luma, encoding, coefficients, as_bytes, here, following, w - 16, w)
        elif last < w:
            tone(plane, filtered, luma, encoding, coefficients, as_bytes, spare, spare, 0, 16)
            copy_bytes(spare, here, size * w)


def _make(stamp: int) -> Any:
    @entry_point
    def run(
        operations: int,
        count_of_operations: int,
        planes: int,
        geometry: int,
        all_numbers: int,
        count_of_numbers: int,
        raw: int,
        raw_is_uint16: bool,
        images: int,
        out_is_bytes: bool,
        first_tile: int,
        last_tile: int,
    ) -> None:
        """Run tiles [first_tile, last_tile) of all settings of all mosaics. Everything large is given by its address.

        Args:
            operations: table of the program.
            count_of_operations: its rows.
            planes: for each, address of row 0, rows kept - 1, and bytes a row.
            geometry: mosaics, height, width, tile height, tile width, reach, steps; then addresses of a spare row, of
                room for a list of rows, and of room for 25 vectors.
            all_numbers: (settings, n) float32.
            count_of_numbers: n.
            raw: (mosaics, height, width) float32 or uint16.
            raw_is_uint16: which of them.
            images: list of addresses of (settings, mosaics, 3, height, width), one for each image stored.
            out_is_bytes: uint8 or float32.
            first_tile: counted over settings, mosaics, tile rows and tile columns, the last fastest.
            last_tile: exclusive.
        """
        _ = stamp
        count, height, width = integer(geometry, 0), integer(geometry, 1), integer(geometry, 2)
        tile_h, tile_w = integer(geometry, 3), integer(geometry, 4)
        reach, steps = integer(geometry, 5), integer(geometry, 6)
        spare, rows, scratch = integer(geometry, 7), integer(geometry, 8), integer(geometry, 9)
        raw_size = 2 if raw_is_uint16 else 4
        out_size = 1 if out_is_bytes else 4
        tiles_y, tiles_x = (height + tile_h - 1) // tile_h, (width + tile_w - 1) // tile_w
        for tile in range(first_tile, last_tile):
            left = tile % tiles_x * tile_w
            top = tile // tiles_x % tiles_y * tile_h
            image = tile // (tiles_x * tiles_y)
            mosaic = image % count
            numbers = all_numbers + 4 * count_of_numbers * (image // count)
            w, bottom = min(tile_w, width - left), min(height, top + tile_h)
            for time in range(top - reach, bottom + steps):
                for index in range(count_of_operations):
                    op = operations + 8 * COLUMNS * index
                    code, need, y = integer(op, 0), integer(op, 2), time - integer(op, 1)
                    if y < top - need or y >= bottom + need:
                        continue
                    first, last = -((need + 15) // 16 * 16), (w + need + 15) // 16 * 16
                    numbers_here = numbers + 4 * integer(op, 4)
                    if code == _LOAD:
                        source = raw + raw_size * (mosaic * height + mirror(y, height)) * width
                        out = ring(planes, integer(op, OUT), y)
                        load(source, raw_is_uint16, width, left, y & 1, -need, w + need, numbers_here, out, first, last)
                    elif code == _STORE:
                        out = integer(images, integer(op, 6)) + out_size * ((image * 3 * height + y) * width + left)
                        store(op, planes, y, w, numbers_here, out_is_bytes, out, height * width, width, spare)
                    else:
                        plane_operation(op, planes, y, numbers_here, rows, scratch, first, last)

    return run


run = _make(STAMP)
"""See its inner docstring; compiled or loaded on the first call."""
