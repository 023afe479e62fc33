"""The schedule: every row is there when it is read, for any graph."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from camsim.errors import CamsimError
from camsim.kernels.program import ACROSS, DOWN, INPUT, LAG, MAX_REACH, OUTPUT, Graph, Op, Program

RADII = {Op.CROSS: 1, Op.MEDIAN5: 2, Op.HORIZONTAL: 4, Op.VERTICAL: 3, Op.MATRIX: 0, Op.MALVAR: 2, Op.TONE: 0}


@st.composite
def graphs(draw: st.DrawFn) -> Graph:
    """Two sources and up to ten operations, each on any planes that are there; each source is read."""
    graph = Graph()
    planes = [*graph.add(Op.LOAD, (), outputs=1), *graph.add(Op.LOAD, (), outputs=2)]
    planes += graph.add(Op.WEIGHTED_SUM, planes[:2], outputs=1)
    for _ in range(draw(st.integers(1, 10))):
        op = draw(st.sampled_from(list(RADII)))
        inputs = draw(st.lists(st.sampled_from(planes), min_size=1, max_size=5))
        radius = draw(st.integers(0, RADII[op]))
        planes += graph.add(op, inputs, outputs=draw(st.integers(1, 4)), radius=radius, coefficients=2)
    graph.add(Op.STORE, planes[-1:], outputs=0, settings=(0, graph.add_output()))
    return graph


def reads(program: Program, graph: Graph, index: int) -> list[int]:
    row = program.table[index]
    return [plane for plane in row[INPUT:OUTPUT].tolist() if plane >= 0][: len(graph.nodes[index].inputs)]


@settings(max_examples=150)
@given(graphs(), st.integers(1, 9), st.integers(-3, 5))
def test_every_row_is_read_after_it_was_made_and_before_it_is_overwritten(graph: Graph, height: int, top: int) -> None:
    """The machine's loop (camsim.kernels.machine.run) on row numbers instead of rows."""
    program, bottom = graph.program(), top + height
    rings = [np.full(depth, -(10**6)) for depth in program.depths]
    made: dict[int, list[int]] = {index: [] for index in range(len(graph.nodes))}
    for time in range(top - program.down, bottom + program.steps):
        for index, node in enumerate(graph.nodes):
            lag, down = program.table[index, LAG], program.table[index, DOWN]
            y = time - lag
            if not top - down <= y < bottom + down:
                continue
            for plane in reads(program, graph, index):
                for row in range(y - node.down, y + node.down + 1):
                    assert rings[plane][row % len(rings[plane])] == row
            for plane in node.outputs:
                rings[plane][y % len(rings[plane])] = y
            made[index].append(int(y))
    for index, rows in made.items():
        down = program.table[index, DOWN]
        assert rows == list(range(top - down, bottom + down))


@settings(max_examples=150)
@given(graphs())
def test_tables_say_what_the_graph_says(graph: Graph) -> None:
    program = graph.program()
    producer = {plane: index for index, node in enumerate(graph.nodes) for plane in node.outputs}
    assert (np.log2(program.depths) % 1 == 0).all()
    for index, node in enumerate(graph.nodes):
        row = program.table[index]
        assert row[0] == node.op
        assert row[INPUT : INPUT + len(node.inputs)].tolist() == list(node.inputs)
        assert row[OUTPUT : OUTPUT + len(node.outputs)].tolist() == list(node.outputs)
        for plane in node.inputs:
            source = program.table[producer[plane]]
            assert source[ACROSS] >= row[ACROSS] + node.across
            assert source[DOWN] >= row[DOWN] + node.down
    assert program.across == program.table[:, ACROSS].max()
    assert program.down == program.table[:, DOWN].max()
    assert program.coefficients == 2 * sum(node.op in RADII for node in graph.nodes)
    assert program.outputs == 1


def test_filters_along_one_direction_reach_along_it_only() -> None:
    graph = Graph()
    [raw] = graph.add(Op.LOAD, (), outputs=1)
    [row] = graph.add(Op.HORIZONTAL, [raw], outputs=1, radius=5)
    [column] = graph.add(Op.VERTICAL, [row, row], outputs=1, radius=3)
    graph.add(Op.STORE, [column], outputs=0)
    program = graph.program()
    assert (program.across, program.down, program.radius) == (5, 3, 5)
    assert program.depths.tolist() == [1, 8, 1]  # the mosaic comes when it is needed; seven rows, rounded up


def test_the_reach_has_a_limit() -> None:
    def of(radius: int) -> Graph:
        graph = Graph()
        [plane] = graph.add(Op.LOAD, (), outputs=1)
        for part in (radius // 2, radius - radius // 2):
            [plane] = graph.add(Op.HORIZONTAL, [plane], outputs=1, radius=part)
        graph.add(Op.STORE, [plane], outputs=0)
        return graph

    assert of(MAX_REACH).program().across == MAX_REACH
    with pytest.raises(CamsimError, match=f"the chain looks {MAX_REACH + 1} px to each side; .* up to {MAX_REACH} px"):
        of(MAX_REACH + 1).program()


def test_every_operation_has_a_function() -> None:
    from camsim.kernels.index import OPERATIONS

    assert set(OPERATIONS) == set(Op)
    assert len({id(operation) for operation in OPERATIONS.values()}) == len(OPERATIONS)
