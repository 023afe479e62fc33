"""Check one model and time its gradient."""

from __future__ import annotations

import math
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import torch
from torch import Tensor

from audit.models.gradient_check import SLOPE
from audit.models.graph_check import allowed_difference, check_graph, working_graph
from audit.models.safety import read_onnx, with_weights
from audit.models.session import open_session
from benchmarks.zoo.case import Case

_ROUNDS = 9


@dataclass(frozen=True)
class Row:
    """What was found of one model."""

    name: str
    source: str
    opset: int
    nodes: int
    operators: int
    """Different ones."""
    output: float
    """Largest difference of an output from onnxruntime's, relative to that output's largest number."""
    allowed: float
    slope: float
    """Difference of the gradient from finite differences in float64, relative to its length."""
    forward: float
    """Milliseconds of onnxruntime on one thread. 0: not timed."""
    cost: float
    """A gradient, forward and backward, in forwards of onnxruntime; both on one thread. 0: not timed."""

    @property
    def good(self) -> bool:
        """Whether both differences are within what is allowed."""
        return self.output <= self.allowed and self.slope <= SLOPE


def measure(case: Case, cache: Path, *, timed: bool = True) -> Row:
    """Make the model, unless it is in the cache, check it and time its gradient.

    Raises:
        CamsimError: it cannot be downloaded, read, or run.
    """
    path = cache / f"{re.sub(r'[^a-z0-9]+', '-', case.name.lower()).strip('-')}.onnx"
    if not path.exists():
        cache.mkdir(parents=True, exist_ok=True)
        case.make(path)
    proto = with_weights(read_onnx(path), path)
    session = open_session(path, 1)
    array = case.feed.array()
    feeds = {session.get_inputs()[0].name: array}
    found = check_graph(proto, session, feeds, case.outputs)
    graph = working_graph(proto)

    def gradient() -> None:
        inputs = {name: _floating(torch.from_numpy(value)).requires_grad_() for name, value in feeds.items()}
        outputs = graph(inputs, found.outputs)
        torch.autograd.grad(sum(_number(value) for value in outputs.values()), list(inputs.values()))

    forward, cost = (0.0, 0.0)
    if timed:
        forward, cost = _times(gradient, lambda: session.run(list(found.outputs), feeds))
    return Row(
        name=case.name,
        source=case.source,
        opset=max((entry.version for entry in proto.opset_import if entry.domain in ("", "ai.onnx")), default=0),
        nodes=len(proto.graph.node),
        operators=len({(node.domain, node.op_type) for node in proto.graph.node}),
        output=found.output,
        allowed=allowed_difference(proto),
        slope=found.slope if not math.isnan(found.slope) else math.inf,
        forward=forward,
        cost=cost,
    )


def _floating(tensor: Tensor) -> Tensor:
    return tensor if tensor.is_floating_point() else tensor.to(torch.float32)


def _number(value: Tensor) -> Tensor:
    return value.to(torch.float32).square().sum()


def _times(gradient: Callable[[], object], forward: Callable[[], object]) -> tuple[float, float]:
    """Least milliseconds of a forward, and the cost: the median of turns, so that other work falls on both alike."""
    quick, ratios = [], []
    for _ in range(_ROUNDS):
        slow = _seconds(gradient, 1)
        quick.append(_seconds(forward, 3))
        ratios.append(slow / quick[-1])
    return 1000 * min(quick), median(ratios)


def _seconds(work: Callable[[], object], times: int) -> float:
    start = time.perf_counter()
    for _ in range(times):
        work()
    return (time.perf_counter() - start) / times
