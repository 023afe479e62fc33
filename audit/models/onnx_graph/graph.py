"""An ONNX graph as a torch module: its nodes one after another, each an operation with a gradient."""

from __future__ import annotations

import reprlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import onnx
import torch
from torch import Tensor, nn

from audit.models.onnx_graph.prepare import Program, obstacles, program_of
from audit.models.onnx_graph.step import Step, run
from camsim.errors import CamsimError


@dataclass(frozen=True)
class _Plan:
    """The steps that some outputs need, and after each step the tensors that nothing needs any more."""

    steps: tuple[tuple[Step, tuple[str, ...]], ...]
    inputs: frozenset[str]


class OnnxGraph(nn.Module):
    """The graph of an ONNX model in torch operations.

    Made for gradients: figures come from onnxruntime. Quantised numbers are whole numbers forward and carry the
    gradient of the numbers that they stand for backward (straight through; zero where the range clips them).
    """

    def __init__(self, program: Program) -> None:
        super().__init__()
        self._program = program
        self._plans: dict[tuple[str, ...], _Plan] = {}
        self._stored = {name: f"constant_{index}" for index, name in enumerate(program.constants)}
        for name, tensor in program.constants.items():
            self.register_buffer(self._stored[name], tensor, persistent=False)

    @classmethod
    def of(cls, proto: onnx.ModelProto, *, dtype: torch.dtype | None = None) -> OnnxGraph:
        """Read a model whose weights are all in ``proto`` (not in files of their own).

        Args:
            proto: the model; it is not changed.
            dtype: the type that all floating-point numbers are computed in; None: as the model says.

        Raises:
            UnsupportedOperator: an operator, its opset, or a setting of it has no differentiable form.
            CamsimError: the model is damaged.
        """
        return cls(program_of(proto, dtype))

    @property
    def inputs(self) -> tuple[str, ...]:
        """Names of the tensors to be given."""
        return tuple(self._program.inputs)

    @property
    def outputs(self) -> tuple[str, ...]:
        """Names of the model's own outputs."""
        return tuple(self._program.outputs)

    def forward(self, inputs: Mapping[str, Tensor], outputs: Sequence[str] | None = None) -> dict[str, Tensor]:
        """Run the graph.

        Args:
            inputs: name -> tensor. Whole-number inputs may come as whole numbers in a floating-point tensor, so that
                they can have a gradient.
            outputs: names of any tensors of the graph, also inner ones; None: the model's outputs. Only what they need
                is computed.

        Returns:
            The tensors asked for. Quantised numbers that have a gradient lie in floating-point tensors.

        Raises:
            CamsimError: an input or output that is missing or unknown, or an operator that cannot run on its input.
        """
        wanted = tuple(outputs) if outputs is not None else self.outputs
        if wanted not in self._plans:
            self._plans[wanted] = self._plan(wanted)
        plan = self._plans[wanted]
        missing, unknown = plan.inputs - set(inputs), set(inputs) - set(self.inputs)
        if missing or unknown:
            given = ", ".join(sorted(inputs)) or "none"
            raise CamsimError(f"the graph's inputs are {', '.join(self.inputs)}; given were {given}")
        values: dict[str, Tensor] = {name: getattr(self, stored) for name, stored in self._stored.items()}
        values |= {name: self._input(name, tensor) for name, tensor in inputs.items()}
        for step, spent in plan.steps:
            values.update(run(step, values))
            for name in spent:
                del values[name]
        return {name: values[name] for name in wanted}

    def _input(self, name: str, tensor: Tensor) -> Tensor:
        stated = self._program.inputs[name]
        if stated.is_floating_point or tensor.is_floating_point():
            kind = stated if stated.is_floating_point else tensor.dtype
            return tensor.to(self._program.floating(kind))
        return tensor.to(stated)

    def _plan(self, wanted: tuple[str, ...]) -> _Plan:
        program = self._program
        computed = {name for step in program.steps for name in step.outputs if name}
        for name in wanted:
            if name not in computed and name not in program.inputs and name not in program.constants:
                outputs = ", ".join(self.outputs)
                raise CamsimError(f"the graph has no tensor {reprlib.repr(name)}; its outputs are {outputs}")
        alive = set(wanted)  # needed by the steps seen so far, from the last one on
        steps: list[tuple[Step, tuple[str, ...]]] = []
        for step in reversed(program.steps):
            if alive.isdisjoint(step.outputs):
                continue
            names = {name for name in (*step.inputs, *step.outputs) if name}
            steps.append((step, tuple(name for name in names - alive if name not in program.constants)))
            alive.update(name for name in step.inputs if name)
        return _Plan(tuple(reversed(steps)), frozenset(alive & set(program.inputs)))


def unsupported(proto: onnx.ModelProto) -> list[str]:
    """Every operator that has no differentiable form, each once, sorted; empty: ``OnnxGraph.of`` can read the model."""
    return obstacles(proto)
