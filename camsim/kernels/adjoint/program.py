"""The program that runs a chain backwards."""

from __future__ import annotations

from collections import defaultdict

from camsim.errors import CamsimError
from camsim.kernels.program import KEEPS, Graph, Node, Op

_OF_COLORS = {
    Op.MATRIX: Op.MATRIX_ADJOINT,
    Op.RATIONAL: Op.RATIONAL_ADJOINT,
    Op.SAMPLES: Op.SAMPLES_ADJOINT,
    Op.CUBICS: Op.CUBICS_ADJOINT,
    Op.BT709: Op.BT709_ADJOINT,
    Op.GRID_COLORS: Op.GRID_COLORS_ADJOINT,
    Op.RADIAL_COLORS: Op.RADIAL_COLORS_ADJOINT,
}
"""What takes three planes and a change of their luma, and gives three planes and their luma."""


_OF_A_PLANE = {
    Op.KERNEL: Op.KERNEL_ADJOINT,
    Op.LINEARIZE: Op.LINEARIZE_ADJOINT,
    Op.GRID_MOSAIC: Op.GRID_MOSAIC_ADJOINT,
    Op.RADIAL_MOSAIC: Op.RADIAL_MOSAIC_ADJOINT,
}
"""What takes a plane and gives a plane, and whose adjoint needs the plane that was taken."""


class NoAdjointError(CamsimError):
    """A chain with an operation whose gradient has no row function."""


def adjoint(forward: Graph) -> Graph:
    """From the gradient of a chain's image to the sums for its coefficients and the gradient of the mosaic.

    The chain is run again up to its end, since keeping its planes would cost more than making them anew.

    Raises:
        NoAdjointError: one of the operations has none, such as a median or a directional demosaic.
    """
    backward = _Backward(forward)
    for node in reversed(forward.nodes):
        backward.add(node)
    return backward.graph


class _Backward:
    """Gradients of planes as they are collected: each is a sum of planes, counted plus or minus."""

    def __init__(self, forward: Graph) -> None:
        self.graph = Graph()
        for node in forward.nodes:
            if node.op not in (Op.STORE, Op.STORE_PLANE):
                self.graph.add(
                    node.op,
                    node.inputs,
                    outputs=len(node.outputs),
                    shared=node.coefficient,
                    radius=max(node.across, node.down),
                    settings=node.settings,
                )
        self._parts: dict[int, list[tuple[int, int]]] = defaultdict(list)

    def add(self, node: Node) -> None:
        """The adjoint of one operation; those that follow it have been added."""
        if node.op is Op.STORE:
            self._tone(Op.STORE_ADJOINT, node, ())
        elif node.op is Op.STORE_PLANE:
            self._parts[node.inputs[0]].append((self._one(Op.STORE_PLANE_ADJOINT, (), node, 1)[0], 1))
        elif node.op is Op.TONE:
            self._tone(Op.TONE_ADJOINT, node, tuple(self._sum(plane) for plane in node.outputs))
        elif node.op in _OF_COLORS:
            inputs = (*node.inputs, *self._colors(node.outputs))
            made = self._one(_OF_COLORS[node.op], inputs, node, 4)
            self._spread(node, made[:3], made[3])
        elif node.op in (Op.BILINEAR, Op.MALVAR):
            self._demosaic(node)
        elif node.op is Op.LOAD:
            self._one(Op.LOAD_ADJOINT, (self._sum(node.outputs[0]),), node, 0)
        elif node.op is Op.LOAD_IMAGE:
            self._one(Op.LOAD_IMAGE_ADJOINT, tuple(self._sum(plane) for plane in node.outputs), node, 0)
        elif node.op is Op.CROSS:
            (gradient,) = self._one(Op.CROSS, (self._sum(node.outputs[0]),), node, 1, node.down)
            self._parts[node.inputs[0]].append((gradient, 1))
        elif node.op is Op.HORIZONTAL:
            inputs = (self._sum(node.outputs[0]), node.inputs[0])
            (gradient,) = self._one(Op.HORIZONTAL_ADJOINT, inputs, node, 1, node.across)
            self._parts[node.inputs[0]].append((gradient, 1))
        elif node.op in _OF_A_PLANE:
            inputs = (self._sum(node.outputs[0]), node.inputs[0])
            (gradient,) = self._one(_OF_A_PLANE[node.op], inputs, node, 1, node.down)
            self._parts[node.inputs[0]].append((gradient, 1))
        elif node.op is Op.CORING:
            made = self._one(Op.CORING_ADJOINT, (self._sum(node.outputs[0]), *node.inputs), node, 2)
            for plane, gradient in zip(node.inputs, made, strict=True):
                self._parts[plane].append((gradient, 1))
        elif node.op is Op.VERTICAL:
            inputs = (self._sum(node.outputs[0]), *node.inputs)
            keeps = node.settings[0] == KEEPS
            made = self._one(Op.VERTICAL_ADJOINT, inputs, node, 1 + keeps, node.down)
            for plane, gradient in zip(node.inputs, made, strict=False):
                self._parts[plane].append((gradient, 1))
        else:
            raise NoAdjointError(f"{node.op.name.lower()} has no fused gradient")

    def _one(self, op: Op, inputs: tuple[int, ...], node: Node, outputs: int, radius: int = 0) -> tuple[int, ...]:
        settings = node.settings
        return self.graph.add(op, inputs, outputs=outputs, shared=node.coefficient, radius=radius, settings=settings)

    def _tone(self, op: Op, node: Node, gradients: tuple[int, ...]) -> None:
        made = self._one(op, (*node.inputs, *gradients), node, 4)
        self._spread(node, made[:3], made[3])

    def _spread(self, node: Node, gradients: tuple[int, ...], total: int) -> None:
        """Hand on the gradient of plane + filtered - luma of three colours, and its sum over them."""
        for plane, gradient in zip(node.inputs[:3], gradients, strict=True):
            self._parts[plane].append((gradient, 1))
        filtered, luma = node.inputs[3:]
        if filtered != luma:
            self._parts[filtered].append((total, 1))
            self._parts[luma].append((total, -1))

    def _demosaic(self, node: Node) -> None:
        inputs = (node.inputs[0], *self._colors(node.outputs))
        op = Op.BILINEAR_ADJOINT if node.op is Op.BILINEAR else Op.MALVAR_ADJOINT
        is_malvar = int(node.op is Op.MALVAR)
        parts = self.graph.add(
            Op.DEMOSAIC_ADJOINT,
            inputs,
            outputs=3,
            shared=node.coefficient,
            radius=node.down,
            settings=(node.settings[0], is_malvar),
        )
        (made,) = self._one(op, parts, node, 1, node.down)
        self._parts[node.inputs[0]].append((made, 1))

    def _colors(self, planes: tuple[int, ...]) -> tuple[int, ...]:
        """Gradients of red, green, blue, and the luma's as two planes, plus and minus."""
        colors = tuple(self._sum(plane) for plane in planes[:3])
        parts = self._parts[planes[3]]
        plus = [plane for plane, sign in parts if sign > 0]
        minus = [plane for plane, sign in parts if sign < 0]
        if len(plus) == 1 and len(minus) == 1:
            return (*colors, plus[0], minus[0])
        if not parts:  # nobody used the luma: the same plane twice cancels
            return (*colors, colors[0], colors[0])
        whole = self._sum(planes[3])
        nothing = self._weighted(whole, whole, 1, -1)
        return (*colors, whole, nothing)

    def _sum(self, plane: int) -> int:
        parts = self._parts[plane]
        if not parts:
            raise RuntimeError(f"plane {plane} has no gradient")
        first, sign = parts[0]
        if len(parts) == 1:
            return first if sign > 0 else self._weighted(first, first, -1, 0)
        for other, weight in parts[1:]:
            first, sign = self._weighted(first, other, sign, weight), 1
        return first

    def _weighted(self, a: int, b: int, weight_a: int, weight_b: int) -> int:
        return self.graph.add(Op.WEIGHTED_SUM, (a, b), outputs=1, settings=(weight_a, weight_b))[0]
