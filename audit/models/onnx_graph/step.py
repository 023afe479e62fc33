"""One node of a graph, ready to run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from torch import Tensor

from audit.models.onnx_graph.element import WIDER
from audit.models.onnx_graph.errors import UnsupportedOperator
from audit.models.onnx_graph.node import Node
from audit.models.onnx_graph.table import Operator
from camsim.errors import CamsimError


@dataclass(frozen=True)
class Step:
    """A node with the names of its tensors ('' for one left out) and the function that computes it."""

    node: Node
    function: Operator
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    like: tuple[int | None, ...]
    """For each output, the input whose type it has."""
    as_stored: bool
    """The function tells element types apart itself: its inputs come in the type that holds them."""


def run(step: Step, values: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Compute the outputs of a step from the tensors that there are.

    Raises:
        UnsupportedOperator: a setting, or an output that is used, has no differentiable form.
        CamsimError: the operator cannot run on its inputs.
    """
    node = step.node
    given = [values[name] if name else None for name in step.inputs]
    stored = set() if step.as_stored else {x.dtype for x in given if x is not None and x.dtype in WIDER}
    try:
        results = step.function(node, *([_widened(x) for x in given] if stored else given))
    except CamsimError as error:
        if str(node) in str(error):
            raise
        raise type(error)(f"{node}: {error}") from error
    except Exception as error:  # torch's errors have no base class of their own
        raise CamsimError(f"{node} cannot run: {_first_line(error)}") from error
    produced = results if isinstance(results, tuple) else (results,)
    outputs: dict[str, Tensor] = {}
    for index, name in enumerate(step.outputs):
        if not name:
            continue
        result = produced[index] if index < len(produced) else None
        if result is None:
            raise UnsupportedOperator(f"{node}: its output number {index + 1} has no differentiable form")
        like = step.like[index] if stored and index < len(step.like) else None
        source = None if like is None else given[like]
        outputs[name] = result if source is None or source.dtype not in stored else result.to(source.dtype)
    return outputs


def _widened(x: Tensor | None) -> Tensor | None:
    return x if x is None or x.dtype not in WIDER else x.to(WIDER[x.dtype])


def _first_line(error: Exception) -> str:
    lines = str(error).splitlines()
    return lines[0] if lines else type(error).__name__
