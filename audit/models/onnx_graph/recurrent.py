"""Recurrent layers: RNN, GRU and LSTM, one step after another."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import torch
import torch.nn.functional as F
from torch import Tensor

from audit.models.onnx_graph.node import Node

_Function: TypeAlias = Callable[[Tensor], Tensor]
_Step: TypeAlias = Callable[[Tensor, tuple[Tensor, ...]], tuple[Tensor, ...]]
"""Input of a step and state before it -> state after it; the first part of a state is the hidden one."""


@dataclass(frozen=True)
class _Direction:
    """The parameters of one direction; ``functions`` are its activations."""

    weight: Tensor
    recurrence: Tensor
    input_bias: Tensor
    bias: Tensor
    functions: tuple[_Function, ...]
    state: tuple[Tensor, ...]
    peephole: Tensor | None
    backward: bool


def rnn(
    node: Node,
    x: Tensor,
    weight: Tensor,
    recurrence: Tensor,
    bias: Tensor | None = None,
    lengths: Tensor | None = None,
    hidden: Tensor | None = None,
) -> tuple[Tensor, ...]:
    """``h = f(x W' + h R' + b)``."""

    def step_of(way: _Direction) -> _Step:
        def step(x: Tensor, state: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
            return (way.functions[0](x + state[0] @ way.recurrence.T + way.bias),)

        return step

    return _run(node, x, weight, recurrence, bias, lengths, (hidden,), None, ("Tanh",), step_of)


def gru(
    node: Node,
    x: Tensor,
    weight: Tensor,
    recurrence: Tensor,
    bias: Tensor | None = None,
    lengths: Tensor | None = None,
    hidden: Tensor | None = None,
) -> tuple[Tensor, ...]:
    """Gates in the order update, reset, hidden; ``linear_before_reset``: the reset follows the matrix product."""
    reset_last = node.flag("linear_before_reset")

    def step_of(way: _Direction) -> _Step:
        size = way.recurrence.shape[1]
        gates, inner = way.recurrence[: 2 * size].T, way.recurrence[2 * size :].T
        gate_bias, inner_bias = way.bias[: 2 * size], way.bias[2 * size :]
        f, g = way.functions

        def step(x: Tensor, state: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
            (h,) = state
            update, reset = torch.split(f(x[:, : 2 * size] + h @ gates + gate_bias), size, 1)
            if reset_last:
                new = g(x[:, 2 * size :] + reset * (h @ inner + inner_bias))
            else:
                new = g(x[:, 2 * size :] + (reset * h) @ inner + inner_bias)
            return ((1 - update) * new + update * h,)

        return step

    return _run(node, x, weight, recurrence, bias, lengths, (hidden,), None, ("Sigmoid", "Tanh"), step_of)


def lstm(
    node: Node,
    x: Tensor,
    weight: Tensor,
    recurrence: Tensor,
    bias: Tensor | None = None,
    lengths: Tensor | None = None,
    hidden: Tensor | None = None,
    cell: Tensor | None = None,
    peephole: Tensor | None = None,
) -> tuple[Tensor, ...]:
    """Gates in the order input, output, forget, cell; peepholes let the gates see the cell."""
    if node.flag("input_forget"):
        node.refuse("couples the input gate to the forget gate (input_forget)")

    def step_of(way: _Direction) -> _Step:
        size = way.recurrence.shape[1]
        f, g, h_function = way.functions
        into_input, into_output, into_forget = (
            torch.split(way.peephole, size) if way.peephole is not None else (None, None, None)
        )

        def step(x: Tensor, state: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
            h, c = state
            i, o, forget, new = torch.split(x + h @ way.recurrence.T + way.bias, size, 1)
            i, forget = f(_plus(i, into_input, c)), f(_plus(forget, into_forget, c))
            c = forget * c + i * g(new)
            return f(_plus(o, into_output, c)) * h_function(c), c

        return step

    names = ("Sigmoid", "Tanh", "Tanh")
    return _run(node, x, weight, recurrence, bias, lengths, (hidden, cell), peephole, names, step_of)


def _plus(gate: Tensor, peephole: Tensor | None, cell: Tensor) -> Tensor:
    return gate if peephole is None else gate + peephole * cell


def _run(
    node: Node,
    x: Tensor,
    weight: Tensor,
    recurrence: Tensor,
    bias: Tensor | None,
    lengths: Tensor | None,
    states: Sequence[Tensor | None],
    peephole: Tensor | None,
    names: tuple[str, ...],
    step_of: Callable[[_Direction], _Step],
) -> tuple[Tensor, ...]:
    """All directions: (steps, directions, batch, hidden), then the last states; ``layout=1`` has the batch first."""
    batch_first = node.flag("layout", False)
    if batch_first:
        x = x.transpose(0, 1)
        states = [None if state is None else state.transpose(0, 1) for state in states]
    if node.has("clip"):
        node.refuse("clips what goes into its activations")
    directions = node.choice("direction", {"forward": (False,), "reverse": (True,), "bidirectional": (False, True)})
    size, batch = recurrence.shape[2], x.shape[1]
    functions = _functions(node, names * len(directions))
    outputs, finals = [], []
    for index, backward in enumerate(directions):
        zeros = x.new_zeros(batch, size)
        biases = x.new_zeros(2 * weight.shape[1]) if bias is None else bias[index]
        way = _Direction(
            weight[index],
            recurrence[index],
            biases[: weight.shape[1]],
            biases[weight.shape[1] :],
            functions[index * len(names) : (index + 1) * len(names)],
            tuple(zeros if state is None else state[index] for state in states),
            None if peephole is None else peephole[index],
            backward,
        )
        output, final = _one_way(x, lengths, way, step_of(way))
        outputs.append(output)
        finals.append(final)
    whole = torch.stack(outputs, 1)
    last = [torch.stack(parts) for parts in zip(*finals, strict=True)]
    if batch_first:
        return (whole.permute(2, 0, 1, 3), *(state.transpose(0, 1) for state in last))
    return (whole, *last)


def _one_way(x: Tensor, lengths: Tensor | None, way: _Direction, step: _Step) -> tuple[Tensor, tuple[Tensor, ...]]:
    """Outputs (steps, batch, hidden) and the last state; beyond a sequence's length zeros, and the state rests."""
    state = way.state
    projected = x @ way.weight.T + way.input_bias
    outputs: list[Tensor] = [state[0]] * len(x)
    for time in range(len(x) - 1, -1, -1) if way.backward else range(len(x)):
        after = step(projected[time], state)
        if lengths is None:
            state, outputs[time] = after, after[0]
        else:
            runs = (time < lengths)[:, None]
            state = tuple(torch.where(runs, new, old) for new, old in zip(after, state, strict=True))
            outputs[time] = torch.where(runs, after[0], 0)
    return torch.stack(outputs), state


def _functions(node: Node, defaults: tuple[str, ...]) -> tuple[_Function, ...]:
    """The activations, each with its alpha and beta where it takes any."""
    names = node.texts("activations", defaults)
    if len(names) < len(defaults):
        raise ValueError(f"has {len(names)} activations; it needs {len(defaults)}")
    names = names[: len(defaults)]  # the standard's default for one direction has those of two
    alphas, betas = list(node.numbers("activation_alpha", ())), list(node.numbers("activation_beta", ()))
    plain: dict[str, _Function] = {
        "relu": torch.relu,
        "tanh": torch.tanh,
        "sigmoid": torch.sigmoid,
        "softsign": F.softsign,
        "softplus": F.softplus,
    }

    def function(name: str) -> _Function:
        if name.lower() in plain:
            return plain[name.lower()]
        alpha = alphas.pop(0) if alphas else None
        if name.lower() == "leakyrelu":
            slope = 0.01 if alpha is None else alpha
            return lambda x: F.leaky_relu(x, slope)
        if name.lower() == "elu":
            factor = 1.0 if alpha is None else alpha
            return lambda x: F.elu(x, factor)
        if name.lower() == "thresholdedrelu":
            edge = 1.0 if alpha is None else alpha
            return lambda x: torch.where(x > edge, x, 0)
        beta = betas.pop(0) if betas else None
        if name.lower() == "hardsigmoid":
            slope, shift = 0.2 if alpha is None else alpha, 0.5 if beta is None else beta
            return lambda x: torch.clamp(slope * x + shift, 0, 1)
        node.refuse(f"uses the activation {name!r}")

    return tuple(function(name) for name in names)
