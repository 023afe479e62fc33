"""A program of row operations: a chain, or a tree of chains, as the machine runs it.

An operation makes rows of its output planes from rows of its input planes. Of every plane only as many rows are kept as
somebody still needs, in a ring; how far each operation lags behind the loading of the mosaic follows from the reaches.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import IntEnum, unique

import numpy as np
from numpy.typing import NDArray

from camsim.errors import CamsimError


@unique
class Op(IntEnum):
    """What the machine can do to a row; see the functions of the same names in camsim/kernels/rows/."""

    LOAD = 0
    LOAD_IMAGE = 1
    LINEARIZE = 2
    GRID_MOSAIC = 3
    RADIAL_MOSAIC = 4
    EQUALIZE_GREENS = 5
    REPLACE_DEFECTS = 6
    BILINEAR = 7
    MALVAR = 8
    HAMILTON_PEAK = 9
    HAMILTON_GREEN = 10
    HAMILTON_COLORS = 11
    MENON_CHROMA = 12
    MENON_CHOOSE = 13
    MENON_SIDES = 14
    MENON_OPPOSITE = 15
    MENON_REFINE_GREEN = 16
    MENON_REFINE_SIDES = 17
    MENON_REFINE_OPPOSITE = 18
    AHD_GREEN = 19
    AHD_SIDES = 20
    AHD_LAB = 21
    AHD_COUNT = 22
    AHD_CHOOSE = 23
    MATRIX = 24
    GRID_COLORS = 25
    RADIAL_COLORS = 26
    LUT3D = 27
    RATIONAL = 28
    SAMPLES = 29
    CUBICS = 30
    BT709 = 31
    HORIZONTAL = 32
    VERTICAL = 33
    CROSS = 34
    KERNEL = 35
    CORING = 36
    MEDIAN3 = 37
    MEDIAN5 = 38
    BILATERAL = 39
    TONE = 40
    STORE = 41
    STORE_PLANE = 42

    # Backwards; see camsim/kernels/adjoint/.
    LOAD_ADJOINT = 64
    LOAD_IMAGE_ADJOINT = 65
    LINEARIZE_ADJOINT = 66
    GRID_MOSAIC_ADJOINT = 67
    RADIAL_MOSAIC_ADJOINT = 68
    DEMOSAIC_ADJOINT = 69
    BILINEAR_ADJOINT = 70
    MALVAR_ADJOINT = 71
    MATRIX_ADJOINT = 72
    GRID_COLORS_ADJOINT = 73
    RADIAL_COLORS_ADJOINT = 74
    RATIONAL_ADJOINT = 75
    SAMPLES_ADJOINT = 76
    CUBICS_ADJOINT = 77
    BT709_ADJOINT = 78
    HORIZONTAL_ADJOINT = 79
    VERTICAL_ADJOINT = 80
    KERNEL_ADJOINT = 81
    CORING_ADJOINT = 82
    TONE_ADJOINT = 83
    STORE_ADJOINT = 84
    STORE_PLANE_ADJOINT = 85
    WEIGHTED_SUM = 86


NONE, POWER, SRGB = 0, 1, 2
"""How light is encoded: the first setting of a tone."""

BY_LUMINANCE = 1
"""First setting of a rational curve that keeps the ratios of the colours."""

EVEN = 1
"""Second setting of a linearisation whose knots are evenly spaced."""

THREE_PLANES, CELLS, MULTIPLIES, FALLOFF = 16, 32, 64, 128
"""Bits of the first setting of what depends on the place, beside the CFA's cell: a plane of the grid for each colour;
its points lie in the middle of cells; it multiplies, where otherwise it is added; the polynomial divides."""

TETRAHEDRAL = 1
"""Second setting of a table of colours that is interpolated between four entries; otherwise between eight."""

LEAST_GRADIENT = 1
"""Second setting of a replacement of defects by the opposite neighbours that differ least; otherwise by the median."""

NO_LIMIT = 3e38
"""What a clip that does nothing clips at."""

KEEPS = 1
"""First setting of a vertical filter whose kept share is not 0."""

MAX_REACH = 96
"""Pixels that a chain may look to each side. Beyond that, tiles would be mostly border."""

INPUTS, OUTPUTS = 10, 4
"""Planes that an operation may read and write."""

CODE, LAG, ACROSS, DOWN, RADIUS, COEFFICIENT, SETTING, ADDRESS, INPUT = 0, 1, 2, 3, 4, 5, 6, 8, 9
OUTPUT = INPUT + INPUTS
COLUMNS = OUTPUT + OUTPUTS
"""Of the table: operation, rows it lags behind, columns and rows needed outside a tile, its own radius, where its
coefficients begin, two settings, address of its machine code (set when it is run), inputs, outputs."""


@dataclass(frozen=True)
class Node:
    """One operation of a graph."""

    op: Op
    across: int
    """Columns it looks to each side."""
    down: int
    """Rows it looks up and down."""
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    coefficient: int
    settings: tuple[int, int]


@dataclass(frozen=True, eq=False)
class Program:
    """What the machine runs; equal to itself alone."""

    table: NDArray[np.int64]
    """(operations, COLUMNS)."""
    depths: NDArray[np.int64]
    """Rows kept of each plane, powers of two."""
    across: int
    """Columns beside a tile that its values depend on."""
    down: int
    """Rows above and below it."""
    radius: int
    """The largest of a single operation."""
    steps: int
    """Rows between the loading of a row and the last operation on it."""
    coefficients: int
    outputs: int
    """Images stored."""
    planes: int = 3
    """Of each of them: 1 where they are mosaics."""


@dataclass
class Graph:
    """Operations in the order in which they were added; each may read only what earlier ones wrote."""

    nodes: list[Node] = field(default_factory=list)
    _producer: list[int] = field(default_factory=list)
    _coefficients: int = 0
    _outputs: int = 0
    planes: int = 3

    def add(
        self,
        op: Op,
        inputs: Sequence[int],
        *,
        outputs: int,
        coefficients: int = 0,
        shared: int | None = None,
        radius: int = 0,
        settings: tuple[int, int] = (0, 0),
    ) -> tuple[int, ...]:
        """Add an operation that takes so many coefficients, or those that lie at ``shared``; returns its output
        planes."""
        made = tuple(range(len(self._producer), len(self._producer) + outputs))
        self._producer += [len(self.nodes)] * outputs
        across = 0 if op in (Op.VERTICAL, Op.VERTICAL_ADJOINT) else radius
        down = 0 if op in (Op.HORIZONTAL, Op.HORIZONTAL_ADJOINT) else radius
        place = self._coefficients if shared is None else shared
        self.nodes.append(Node(op, across, down, tuple(inputs), made, place, settings))
        self._coefficients += coefficients
        return made

    def add_output(self, planes: int = 3) -> int:
        """The number of one more image to store; all of them have as many planes."""
        self.planes = planes
        self._outputs += 1
        return self._outputs - 1

    def program(self) -> Program:
        """Work out how far each operation reaches and lags, and how many rows of each plane are kept.

        Raises:
            CamsimError: the chain reaches further than `MAX_REACH`.
        """
        nodes, producer = self.nodes, self._producer
        across, down, lag = [0] * len(nodes), [0] * len(nodes), [0] * len(nodes)
        for index in reversed(range(len(nodes))):
            for plane in nodes[index].inputs:
                source = producer[plane]
                across[source] = max(across[source], across[index] + nodes[index].across)
                down[source] = max(down[source], down[index] + nodes[index].down)
        reach = max(*across, *down)
        if reach > MAX_REACH:
            raise CamsimError(f"the chain looks {reach} px to each side; the fused path goes up to {MAX_REACH} px")
        for index, node in enumerate(nodes):
            lag[index] = max((lag[producer[plane]] for plane in node.inputs), default=0) + node.down
        self._load_late(lag)
        depths = np.ones(len(producer), dtype=np.int64)
        for index, node in enumerate(nodes):
            for plane in node.inputs:
                rows = lag[index] + node.down - lag[producer[plane]] + 1
                depths[plane] = max(depths[plane], 1 << (rows - 1).bit_length())
        table = np.full((len(nodes), COLUMNS), -1, dtype=np.int64)
        for index, node in enumerate(nodes):
            size = max(node.across, node.down)
            place = (node.op, lag[index], across[index], down[index], size, node.coefficient, *node.settings)
            table[index, :ADDRESS] = place
            table[index, INPUT : INPUT + len(node.inputs)] = node.inputs
            table[index, OUTPUT : OUTPUT + len(node.outputs)] = node.outputs
        return Program(
            table,
            depths,
            max(across),
            max(down),
            max(max(node.across, node.down) for node in nodes),
            max(rows + delay for rows, delay in zip(down, lag, strict=True)),
            self._coefficients,
            self._outputs,
            self.planes,
        )

    def _load_late(self, lag: list[int]) -> None:
        """What comes from memory comes when it is needed, so that few rows of it lie in the cache."""
        latest: dict[int, int] = {}
        for index, node in enumerate(self.nodes):
            for plane in node.inputs:
                source = self._producer[plane]
                latest[source] = min(latest.get(source, lag[index] - node.down), lag[index] - node.down)
        for index, node in enumerate(self.nodes):
            if not node.inputs:
                lag[index] = latest.get(index, lag[index])
