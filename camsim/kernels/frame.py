"""What every operation is given besides its own row of the table: the frame, a list of addresses and sizes.

Lists are read by `integer` from their address: a numba array would cost two locked counts at every call.
"""

from __future__ import annotations

from camsim.kernels.jit import lane_function, row_function
from camsim.kernels.program import COEFFICIENT, INPUT, OUTPUT, SETTING
from camsim.kernels.simd import at, backwards, integer, number, put, set_number, single

# Given by the caller.
PLANES = 0  # for each plane: address of column 0 of row 0, rows kept - 1, bytes a row
ROWS = 1  # room for two lists of rows
VECTORS = 2  # room for 25 vectors
SPARE = 3  # three spare rows
WEIGHTS = 4  # two rows: 1 inside the tile, 1/2 at the edges of the image, 0 in the halo; the same with 1 at the edges
PAD = 5  # columns of a row on each side of a tile
RAW = 6  # (mosaics, height, width), or an image: (mosaics, 3, height, width)
RAW_IS_UINT16 = 7  # or float32
IMAGES = 8  # list of (settings, mosaics, planes, height, width), one for each image stored; planes: 3, or 1
AS_BYTES = 9  # uint8 or float32
GRADIENTS = 10  # list of (mosaics, planes, height, width) float32, one for each image
RAW_GRADIENT = 11  # float32 of the shape of RAW, or 0 where nobody wants it
ALL_SUMS = 12  # (tiles, numbers, 8) float64, or 0; from where those of tile 0 lie or would lie
ALL_NUMBERS = 13  # (settings, numbers) float32
NUMBERS = 14  # how many
ROW_BYTES = 15  # of a row of a plane
MOSAICS, HEIGHT, WIDTH = 16, 17, 18
TILE_HEIGHT, TILE_WIDTH = 19, 20
DOWN, STEPS = 21, 22  # of the program

# Set by the machine for every tile.
IMAGE, MOSAIC, LEFT, TOP, TILE_COLUMNS, BOTTOM = 23, 24, 25, 26, 27, 28
COEFFICIENTS, SUMS = 29, 30  # of this setting, of this tile

# Left by the loading of the mosaic.
LOWEST, HIGHEST = 31, 39  # bit patterns of the smallest and largest DN so far, sixteen int32 each
SIZE = 47

_ZERO, _HALF, _ONE = single(0), single(0.5), single(1)


@row_function
def mirror(index: int, size: int) -> int:
    """Where a position outside [0, size) lies when the image is mirrored without repeating its edge."""
    if index < 0:
        index = -index
    if index < size:
        return index
    if index <= 2 * (size - 1):  # nearly always, and a division takes time
        return 2 * (size - 1) - index
    index = index % (2 * (size - 1))
    return index if index < size else 2 * (size - 1) - index


@row_function
def mirror_columns(row: int, width: int, left: int, need: int, columns: int) -> None:
    """Fill the columns outside the image, where a tile and the ``need`` columns beside it reach beyond, by mirroring.

    Whole vectors are written: a row has room for that.
    """
    end = width - left
    before, after = need - left, columns + need - end
    if before < width and after < width:
        for x in range(0, before, 16):
            put(row, -left - 16 - x, backwards(at(row, 1 + x - left)))
        for x in range(0, after, 16):
            put(row, end + x, backwards(at(row, end - 17 - x)))
    else:
        for x in range(-left - before, -left):
            set_number(row, x, number(row, mirror(left + x, width) - left))
        for x in range(end, end + after):
            set_number(row, x, number(row, mirror(left + x, width) - left))


@lane_function
def row_of(frame: int, plane: int, y: int) -> int:
    """Address of column 0 of a row of a plane."""
    entry = integer(frame, PLANES) + 24 * plane
    return integer(entry, 0) + (y & integer(entry, 1)) * integer(entry, 2)


@lane_function
def row_in(op: int, frame: int, which: int, y: int) -> int:
    """A row of an input plane."""
    return row_of(frame, integer(op, INPUT + which), y)


@lane_function
def row_near(op: int, frame: int, which: int, y: int) -> int:
    """As `row_in`; y may lie outside the image, whose rows are their own mirror images there."""
    return row_of(frame, integer(op, INPUT + which), mirror(y, integer(frame, HEIGHT)))


@lane_function
def spare_rows(frame: int) -> tuple[int, int, int]:
    """Three rows for whatever an operation needs them."""
    row, step = integer(frame, SPARE), integer(frame, ROW_BYTES)
    return row, row + step, row + 2 * step


@lane_function
def row_out(op: int, frame: int, which: int, y: int) -> int:
    """A row of an output plane."""
    return row_of(frame, integer(op, OUTPUT + which), y)


@lane_function
def three_in(op: int, frame: int, which: int, y: int) -> tuple[int, int, int]:
    """The rows above, at and below y."""
    return row_near(op, frame, which, y - 1), row_in(op, frame, which, y), row_near(op, frame, which, y + 1)


@lane_function
def five_in(op: int, frame: int, which: int, y: int) -> tuple[int, int, int, int, int]:
    """The rows from y - 2 to y + 2."""
    return (
        row_near(op, frame, which, y - 2),
        row_near(op, frame, which, y - 1),
        row_in(op, frame, which, y),
        row_near(op, frame, which, y + 1),
        row_near(op, frame, which, y + 2),
    )


@lane_function
def coefficients_of(op: int, frame: int) -> int:
    """Address of the operation's float32 numbers."""
    return integer(frame, COEFFICIENTS) + 4 * integer(op, COEFFICIENT)


@lane_function
def sums_of(op: int, frame: int) -> int:
    """Address of the sums that belong to the operation's numbers: eight float64 for each, which are added up later."""
    return integer(frame, SUMS) + 64 * integer(op, COEFFICIENT)


@lane_function
def share_of(frame: int, y: int) -> float:
    """How much a row counts in sums: 1 inside the tile, 1/2 in the first and last row of the image, 0 in the halo."""
    if y < integer(frame, TOP) or y >= integer(frame, BOTTOM):
        return _ZERO
    return _HALF if y in (0, integer(frame, HEIGHT) - 1) else _ONE


@lane_function
def own_site(op: int, y: int) -> tuple[int, int]:
    """Column (0, 1) of the row's own colour, and whether that is blue; the first setting packs both rows of the
    cell."""
    code = integer(op, SETTING) >> (2 * (y & 1))
    return code & 1, (code >> 1) & 1
