"""Graphs as a whole: what is asked of them, types, constants, functions, memory."""

from __future__ import annotations

import itertools
import weakref
from collections.abc import Mapping

import numpy as np
import onnx
import pytest
import torch
from onnx import TensorProto, helper, numpy_helper, parser
from torch import Tensor

from audit.models.onnx_graph import OnnxGraph, graph, unsupported
from audit.models.onnx_graph.step import Step
from camsim.errors import CamsimError

from .building import assert_same, make_model

X = np.linspace(-1, 1, 6, dtype=np.float32).reshape(2, 3)


def chain() -> onnx.ModelProto:
    """``y = relu(2 x)``, ``z = sum of y``."""
    nodes = [
        helper.make_node("Mul", ["x", "two"], ["m"]),
        helper.make_node("Relu", ["m"], ["y"]),
        helper.make_node("ReduceSum", ["y"], ["z"], keepdims=0),
    ]
    return make_model(nodes, {"x": X}, ["y", "z"], {"two": np.array(2, np.float32)})


def test_all_outputs_or_chosen_tensors() -> None:
    model = OnnxGraph.of(chain())
    x = torch.from_numpy(X)
    assert model.inputs == ("x",)
    assert model.outputs == ("y", "z")
    assert list(model({"x": x})) == ["y", "z"]
    chosen = model({"x": x}, ["z", "m"])
    assert list(chosen) == ["z", "m"]
    torch.testing.assert_close(chosen["m"], 2 * x)
    torch.testing.assert_close(model({"x": x}, ["x"])["x"], x)


def test_only_what_is_needed_is_computed(monkeypatch: pytest.MonkeyPatch) -> None:
    ran = []

    def watched(step: Step, values: Mapping[str, Tensor]) -> dict[str, Tensor]:
        ran.append(step.node.operator)
        return run(step, values)

    run = graph.run
    monkeypatch.setattr(graph, "run", watched)
    OnnxGraph.of(chain())({"x": torch.from_numpy(X)}, ["m"])
    assert ran == ["Mul"]


def test_tensors_are_freed_after_their_last_use(monkeypatch: pytest.MonkeyPatch) -> None:
    alive: list[weakref.ref[Tensor]] = []
    most = 0

    def watched(step: Step, values: Mapping[str, Tensor]) -> dict[str, Tensor]:
        nonlocal most
        outputs = run(step, values)
        alive.extend(weakref.ref(x) for x in outputs.values())
        most = max(most, sum(ref() is not None for ref in alive))
        return outputs

    run = graph.run
    monkeypatch.setattr(graph, "run", watched)
    names = ["x", *(f"t{i}" for i in range(20))]
    nodes = [helper.make_node("Neg", [a], [b]) for a, b in itertools.pairwise(names)]
    OnnxGraph.of(make_model(nodes, {"x": X}, ["t19"]))({"x": torch.from_numpy(X)})
    assert most == 2


def test_batch_and_sizes_are_free() -> None:
    nodes = [
        helper.make_node("Conv", ["x", "w"], ["c"], pads=[1, 1, 1, 1]),
        helper.make_node("Shape", ["c"], ["s"]),
        helper.make_node("Gather", ["s", "zero"], ["n"]),
        helper.make_node("Concat", ["n", "rest"], ["shape"], axis=0),
        helper.make_node("Reshape", ["c", "shape"], ["y"]),
    ]
    weights = {
        "w": np.ones((2, 3, 3, 3), np.float32),
        "zero": np.array([0], np.int64),
        "rest": np.array([-1], np.int64),
    }
    model = OnnxGraph.of(make_model(nodes, {"x": np.zeros((1, 3, 4, 4), np.float32)}, ["y", "s"], weights))
    for shape in ((1, 3, 4, 4), (5, 3, 7, 6)):
        outputs = model({"x": torch.ones(shape)})
        assert outputs["y"].shape == (shape[0], 2 * shape[2] * shape[3])
        assert outputs["s"].dtype == torch.int64


def test_half_precision_stays_unless_another_type_is_asked_for() -> None:
    nodes = [
        helper.make_node("Cast", ["x"], ["h"], to=TensorProto.FLOAT16),
        helper.make_node("Mul", ["h", "w"], ["m"]),
        helper.make_node("Cast", ["m"], ["y"], to=TensorProto.FLOAT),
    ]
    proto = make_model(nodes, {"x": X}, ["m", "y"], {"w": np.array(1 / 3, np.float16)})
    stated = OnnxGraph.of(proto)({"x": torch.from_numpy(X)})
    assert (stated["m"].dtype, stated["y"].dtype) == (torch.float16, torch.float32)
    for dtype in (torch.float32, torch.float64):
        x = torch.from_numpy(X).requires_grad_()
        asked = OnnxGraph.of(proto, dtype=dtype)({"x": x})
        assert (asked["m"].dtype, asked["y"].dtype) == (dtype, dtype)
        torch.testing.assert_close(asked["y"], x.to(dtype) * float(np.float16(1 / 3)))


@pytest.mark.parametrize("element", [TensorProto.FLOAT16, TensorProto.BFLOAT16])
def test_half_precision_weights_and_inputs(element: int) -> None:
    value = helper.make_tensor_value_info("x", element, [None, 3])
    weight = helper.make_tensor("w", element, [3, 2], [0.5, 1, 2, -1, 0.25, 4])
    output = onnx.ValueInfoProto(name="y")
    body = helper.make_graph([helper.make_node("MatMul", ["x", "w"], ["y"])], "g", [value], [output], [weight])
    model = OnnxGraph.of(helper.make_model(body, opset_imports=[helper.make_opsetid("", 20)]))
    x = torch.ones(1, 3, requires_grad=True)
    (y,) = model({"x": x}).values()
    assert y.dtype == (torch.float16 if element == TensorProto.FLOAT16 else torch.bfloat16)
    assert y.tolist() == [[2.75, 4.0]]
    assert torch.autograd.grad(y.sum(), x)[0].tolist() == [[1.5, 1.0, 4.25]]


def test_weights_in_constant_nodes_and_what_follows_from_them_is_computed_once() -> None:
    nodes = [
        helper.make_node("Constant", [], ["q"], value=numpy_helper.from_array(np.array([2, 4], np.int8))),
        helper.make_node("Constant", [], ["s"], value_float=0.5),
        helper.make_node("DequantizeLinear", ["q", "s"], ["w"]),
        helper.make_node("Constant", [], ["axes"], value_ints=[0]),
        helper.make_node("Unsqueeze", ["w", "axes"], ["u"]),
        helper.make_node("Mul", ["x", "u"], ["y"]),
    ]
    model = OnnxGraph.of(make_model(nodes, {"x": np.ones((1, 2), np.float32)}, ["y"]))
    assert [step.node.operator for step in model._program.steps] == ["Mul"]
    assert model({"x": torch.ones(1, 2)})["y"].tolist() == [[1.0, 2.0]]


def test_a_constant_condition_is_resolved() -> None:
    proto = parser.parse_model("""
        <ir_version: 10, opset_import: ["" : 20]>
        agraph (float[N] x) => (float[N] y) <bool yes = {1}, float k = {3}> {
            no = Not(yes)
            a = If (no) <
                then_branch = one () => (float[N] t) { t = Neg(x) },
                else_branch = two () => (float[N] e) <float w = {10}> { p = Mul(x, k)  e = Add(p, w) }
            >
            y = Identity(a)
        }""")
    assert unsupported(proto) == []
    assert OnnxGraph.of(proto)({"x": torch.tensor([1.0, 2.0])})["y"].tolist() == [13.0, 16.0]


def test_functions_of_the_model_are_written_out() -> None:
    proto = parser.parse_model("""
        <ir_version: 10, opset_import: ["" : 20, "local" : 1]>
        agraph (float[N] x) => (float[N] y) { y = local.twice_leaky <slope = 2.0> (x) }
        <domain: "local", opset_import: ["" : 20]>
        twice_leaky <slope> (x) => (y) {
            a = LeakyRelu <alpha: float = @slope> (x)
            y = LeakyRelu <alpha: float = @slope> (a)
        }
        """)
    assert OnnxGraph.of(proto)({"x": torch.tensor([1.0, -1.0])})["y"].tolist() == [1.0, -4.0]


def test_whole_numbers_stay_exact() -> None:
    big = 2**53 + 1
    nodes = [helper.make_node("Add", ["x", "one"], ["a"]), helper.make_node("Div", ["a", "two"], ["y"])]
    weights = {"one": np.array(2, np.int64), "two": np.array(-1, np.int64)}
    model = OnnxGraph.of(make_model(nodes, {"x": np.array([1])}, ["y"], weights), dtype=torch.float32)
    assert model({"x": torch.tensor([big])})["y"].tolist() == [-(big + 2)]


def test_unsigned_numbers_wrap_as_they_should() -> None:
    x = np.array([1, 40000], np.uint16)
    nodes = [helper.make_node("Concat", ["x", "x"], ["c"], axis=0), helper.make_node("Add", ["c", "c"], ["y"])]
    model = OnnxGraph.of(make_model(nodes, {"x": x}, ["y"]))
    (y,) = model({"x": torch.from_numpy(x)}).values()
    assert y.dtype == torch.uint16
    assert y.tolist() == [2, 14464, 2, 14464]


def test_channels_last_as_keras_exports_it() -> None:
    rng = np.random.default_rng(0)
    nodes = [
        helper.make_node("Transpose", ["x"], ["t"], perm=[0, 3, 1, 2]),
        helper.make_node("Conv", ["t", "w", "b"], ["c"], auto_pad="SAME_UPPER", strides=[2, 2]),
        helper.make_node("Clip", ["c", "low", "high"], ["r"]),
        helper.make_node("Transpose", ["r"], ["n"], perm=[0, 2, 3, 1]),
        helper.make_node("ReduceMean", ["n", "axes"], ["m"], keepdims=0),
        helper.make_node("MatMul", ["m", "d"], ["l"]),
        helper.make_node("Softmax", ["l"], ["y"]),
    ]
    weights = {
        "w": rng.normal(size=(4, 3, 3, 3)).astype(np.float32),
        "b": rng.normal(size=4).astype(np.float32),
        "low": np.array(0, np.float32),
        "high": np.array(6, np.float32),
        "axes": np.array([1, 2]),
        "d": rng.normal(size=(4, 5)).astype(np.float32),
    }
    x = rng.normal(size=(2, 9, 8, 3)).astype(np.float32)
    assert_same(make_model(nodes, {"x": x}, ["y"], weights, opset=18), {"x": x})


def test_the_model_itself_is_not_changed() -> None:
    proto = chain()
    before = proto.SerializeToString(deterministic=True)
    OnnxGraph.of(proto, dtype=torch.float64)({"x": torch.from_numpy(X)})
    assert proto.SerializeToString(deterministic=True) == before


def test_wrong_names_are_refused() -> None:
    model = OnnxGraph.of(chain())
    x = torch.from_numpy(X)
    with pytest.raises(CamsimError, match="inputs are x; given were none"):
        model({})
    with pytest.raises(CamsimError, match="inputs are x; given were x, z"):
        model({"x": x, "z": x})
    with pytest.raises(CamsimError, match="has no tensor 'w'; its outputs are y, z"):
        model({"x": x}, ["w"])
    with pytest.raises(CamsimError, match=r"floating-point type, got torch.int64"):
        OnnxGraph.of(chain(), dtype=torch.int64)
