"""A program of row operations: a chain, or a tree of chains, as the machine runs it.

An operation makes rows of its output planes from rows of its input planes. Of every plane only as many rows are kept as
somebody still needs, in a ring; how far each operation lags behind the loading of the mosaic follows from the reaches.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from camsim.errors import CamsimError


class Op(IntEnum):
    """What the machine can do to a row; see the functions of the same names in camsim/kernels/rows/."""

    LOAD = 0
    BILINEAR = 1
    MALVAR = 2
    MATRIX = 3
    HORIZONTAL = 4
    VERTICAL = 5
    CROSS = 6
    MEDIAN3 = 7
    MEDIAN5 = 8
    TONE = 9
    STORE = 10
    MENON_CHROMA = 11
    MENON_CHOOSE = 12
    MENON_SIDES = 13
    MENON_OPPOSITE = 14
    MENON_REFINE_GREEN = 15
    MENON_REFINE_SIDES = 16
    MENON_REFINE_OPPOSITE = 17

    # Backwards; see camsim/kernels/adjoint/.
    GRADIENT_IN = 32
    TONE_ADJOINT = 33
    ADD_THREE = 34
    WEIGHTED_SUM = 35
    HORIZONTAL_ADJOINT = 36
    VERTICAL_ADJOINT = 37
    MATRIX_ADJOINT = 38
    DEMOSAIC_ADJOINT = 39
    BILINEAR_ADJOINT = 40
    MALVAR_ADJOINT = 41
    LOAD_ADJOINT = 42


MAX_REACH = 96
"""Pixels that a chain may look to each side. Beyond that, tiles would be mostly border."""

INPUTS, OUTPUTS = 10, 4
"""Planes that an operation may read and write."""

COLUMNS = 7 + INPUTS + OUTPUTS
"""Of the table: code, lag, need, radius, first coefficient, two settings, inputs, outputs."""


@dataclass(frozen=True)
class Node:
    """One operation of a graph."""

    op: Op
    radius: int
    rows: int
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    coefficient: int
    settings: tuple[int, int]


@dataclass(frozen=True)
class Program:
    """What the machine runs."""

    table: NDArray[np.int64]
    """(operations, COLUMNS)."""
    depths: NDArray[np.int64]
    """Rows kept of each plane, powers of two."""
    reach: int
    """Pixels outside a tile that its values depend on."""
    radius: int
    """The largest of a single operation."""
    steps: int
    """Rows between the loading of a row and the last operation on it."""
    coefficients: int
    outputs: int
    """Images stored."""


@dataclass
class Graph:
    """Operations in the order in which they were added; each may read only what earlier ones wrote."""

    nodes: list[Node] = field(default_factory=list)
    _producer: list[int] = field(default_factory=list)
    _coefficients: int = 0
    _outputs: int = 0

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
        """Add an operation that takes so many coefficients, or those that lie at ``shared``; returns its output planes."""
        made = tuple(range(len(self._producer), len(self._producer) + outputs))
        self._producer += [len(self.nodes)] * outputs
        rows = 0 if op in (Op.HORIZONTAL, Op.HORIZONTAL_ADJOINT) else radius  # how far it looks up and down
        self.nodes.append(Node(op, radius, rows, tuple(inputs), made, self._coefficients if shared is None else shared, settings))
        self._coefficients += coefficients
        return made

    def add_output(self) -> int:
        """The number of one more image to store."""
        self._outputs += 1
        return self._outputs - 1

    def program(self) -> Program:
        """Work out how far each operation reaches and lags, and how many rows of each plane are kept.

        Raises:
            CamsimError: the chain reaches further than `MAX_REACH`.
        """
        count = len(self.nodes)
        need, lag = [0] * count, [0] * count
        for index in reversed(range(count)):
            node = self.nodes[index]
            for plane in node.inputs:
                producer = self._producer[plane]
                need[producer] = max(need[producer], need[index] + node.radius)
        for index, node in enumerate(self.nodes):
            lag[index] = max((lag[self._producer[plane]] for plane in node.inputs), default=0) + node.rows
        reach = max(need)
        if reach > MAX_REACH:
            raise CamsimError(f"the chain looks {reach} px to each side; the fused path goes up to {MAX_REACH} px")
        depths = np.ones(len(self._producer), dtype=np.int64)
        for index, node in enumerate(self.nodes):
            for plane in node.inputs:
                rows = lag[index] + node.rows - lag[self._producer[plane]] + 1
                depths[plane] = max(depths[plane], 1 << (rows - 1).bit_length())
        table = np.full((count, COLUMNS), -1, dtype=np.int64)
        for index, node in enumerate(self.nodes):
            table[index, :7] = (
                node.op,
                lag[index],
                need[index],
                node.radius,
                node.coefficient,
                *node.settings,
            )
            table[index, 7 : 7 + len(node.inputs)] = node.inputs
            table[index, 7 + INPUTS : 7 + INPUTS + len(node.outputs)] = node.outputs
        return Program(
            table,
            depths,
            reach,
            max(node.radius for node in self.nodes),
            max(need[i] + lag[i] for i in range(count)),
            self._coefficients,
            self._outputs,
        )
