"""What has no gradient, and what is damaged, is refused in one clear line that names the node."""

from __future__ import annotations

import numpy as np
import onnx
import pytest
import torch
from onnx import AttributeProto, SparseTensorProto, TensorProto, helper, numpy_helper, parser

from audit.models.onnx_graph import OnnxGraph, UnsupportedOperator, unsupported
from camsim.errors import CamsimError

from .building import make_model, one_node

X = np.ones((1, 2, 4, 4), np.float32)

CONTROL = {
    "If": """
        agraph (float[N] x, bool c) => (float[N] y) {
            y = If (c) <then_branch = t () => (float[N] a) { a = Neg(x) },
                        else_branch = e () => (float[N] b) { b = Abs(x) }>
        }""",
    "Loop": """
        agraph (float[N] x, int64 n) => (float[N] y) {
            y = Loop (n, , x) <body = b (int64 i, bool c, float[N] s) => (bool d, float[N] t) {
                d = Identity(c)  t = Add(s, s)
            }>
        }""",
    "Scan": """
        agraph (float[N] x, float[M, N] z) => (float[N] y) {
            y = Scan <num_scan_inputs = 1, body = b (float[N] s, float[N] r) => (float[N] t) { t = Add(s, r) }> (x, z)
        }""",
}


@pytest.mark.parametrize("operator", CONTROL)
def test_control_flow(operator: str) -> None:
    proto = parser.parse_model('<ir_version: 10, opset_import: ["" : 21]>' + CONTROL[operator])
    assert unsupported(proto) == [operator]
    with pytest.raises(UnsupportedOperator, match=rf"operator {operator} \(opset 21\).*control flow"):
        OnnxGraph.of(proto)


def test_each_operator_once_and_in_order() -> None:
    nodes = [
        helper.make_node("RandomNormalLike", ["x"], ["a"]),
        helper.make_node("RandomNormalLike", ["a"], ["b"]),
        helper.make_node("Nothing", ["b"], ["c"], domain="com.example"),
        helper.make_node("NotThere", ["c"], ["d"], domain="com.microsoft"),
        helper.make_node("Relu", ["d"], ["y"]),
    ]
    proto = make_model(nodes, {"x": X}, ["y"])
    assert unsupported(proto) == ["RandomNormalLike", "com.example.Nothing", "com.microsoft.NotThere"]
    with pytest.raises(UnsupportedOperator, match=r"operator RandomNormalLike \(opset 23\)"):
        OnnxGraph.of(proto)


def test_a_model_that_can_be_read_has_no_obstacle() -> None:
    assert unsupported(one_node("Relu", [X])[0]) == []


def test_unknown_domain_names_the_node() -> None:
    with pytest.raises(UnsupportedOperator, match=r"operator my\.lib\.Conv \(node 'the node', opset 0\).*domain"):
        OnnxGraph.of(one_node("Conv", [X], domain="my.lib")[0])


def test_opsets_that_are_too_new_or_too_old() -> None:
    newest = onnx.defs.onnx_opset_version()
    with pytest.raises(UnsupportedOperator, match=f"knows opsets up to {newest}"):
        OnnxGraph.of(one_node("Relu", [X], version=newest + 1)[0])
    with pytest.raises(UnsupportedOperator, match="was defined otherwise before opset 11"):
        OnnxGraph.of(one_node("Pad", [X], version=10, pads=[0] * 8)[0])
    assert unsupported(one_node("Softmax", [X], version=7)[0]) == ["Softmax"]
    assert unsupported(one_node("LeakyRelu", [X], version=10)[0]) == []


WRONG = {
    "wrong type": ("Conv", {"group": "two"}, "attribute group has the wrong type: it must be a whole number"),
    "list for a number": ("LeakyRelu", {"alpha": [0.1]}, "attribute alpha has the wrong type: it must be a number"),
    "number for a list": ("Conv", {"strides": 2}, "attribute strides has the wrong type: it must be a list"),
    "unknown": ("Relu", {"slope": 0.1}, "has no attribute 'slope'"),
    "missing": ("Cast", {}, "needs the attribute to, which is missing"),
    "not a word": ("Gelu", {"approximate": "roughly"}, "approximate must be one of none, tanh, got 'roughly'"),
    "no such type": ("Cast", {"to": 999}, "element type number 999"),
    "pads": ("MaxPool", {"kernel_shape": [2, 2], "pads": [1]}, "cannot run: 1 pads for 2 spatial axes"),
    "axis": ("Softmax", {"axis": 7}, "cannot run: Dimension out of range"),
    "permutation": ("Transpose", {"perm": [0, 0, 1, 2]}, "cannot run"),
    "parts": ("Split", {"num_outputs": 2**31, "axis": 1}, "cannot run: num_outputs is 2147483648 for an axis of 2"),
    "stride": ("MaxPool", {"kernel_shape": [2, 2], "strides": [0, 0]}, "cannot run"),
    "kernel": ("AveragePool", {"kernel_shape": [2, 2, 2]}, "cannot run: a kernel of 3 axes on 2 spatial axes"),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_attributes(name: str) -> None:
    operator, attributes, message = WRONG[name]
    inputs = [X, np.ones((2, 2, 1, 1), np.float32)] if operator == "Conv" else [X]
    proto = one_node(operator, inputs, weights=range(1, len(inputs)), **attributes)[0]
    with pytest.raises(CamsimError, match=message) as caught:
        OnnxGraph.of(proto)({"x0": torch.from_numpy(X)})
    assert f"operator {operator} (node 'the node', opset 23)" in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1


def test_wrong_type_in_an_operator_without_a_schema() -> None:
    proto = one_node("QuickGelu", [X], domain="com.microsoft", alpha="much")[0]
    with pytest.raises(CamsimError, match="attribute alpha has the wrong type: it must be a number"):
        OnnxGraph.of(proto)({"x0": torch.from_numpy(X)})


def test_too_few_inputs() -> None:
    with pytest.raises(CamsimError, match=r"operator Conv .*has 1 inputs, needs 2 to 3"):
        OnnxGraph.of(one_node("Conv", [X])[0])
    with pytest.raises(CamsimError, match=r"operator Conv .*its input W is left out"):
        OnnxGraph.of(one_node("Conv", [X, None, np.ones(2, np.float32)])[0])
    with pytest.raises(CamsimError, match=r"operator com.microsoft.BiasGelu .*cannot run"):
        OnnxGraph.of(one_node("BiasGelu", [X], domain="com.microsoft")[0])({"x0": torch.from_numpy(X)})


def test_an_output_that_has_no_differentiable_form() -> None:
    proto = one_node("SkipLayerNormalization", [X, X, X[0, 0, 0]], outputs=2, domain="com.microsoft")[0]
    with pytest.raises(UnsupportedOperator, match="its output number 2 has no differentiable form"):
        OnnxGraph.of(proto)({name: torch.ones(1, 2, 4, 4) for name in ("x0", "x1")} | {"x2": torch.ones(4)})


def test_shapes_that_do_not_fit_name_the_node() -> None:
    proto = one_node("MatMul", [X, np.ones((3, 3), np.float32)])[0]
    with pytest.raises(CamsimError, match=r"operator MatMul \(node 'the node', opset 23\) cannot run"):
        OnnxGraph.of(proto)({"x0": torch.from_numpy(X), "x1": torch.ones(3, 3)})


def test_a_tensor_too_large_to_be_made() -> None:
    proto = one_node("ConstantOfShape", [np.array([2**40, 2**20])], weights=[0])[0]
    with pytest.raises(CamsimError, match=r"operator ConstantOfShape .*cannot run"):
        OnnxGraph.of(proto)({})


def test_a_resize_that_would_take_for_ever() -> None:
    scales = np.array([1, 1, 1, 1e-7], np.float32)
    proto = one_node("Resize", [X, None, scales], weights=[2], mode="linear", antialias=1)[0]
    with pytest.raises(CamsimError, match=r"operator Resize .*shrinks an axis to 1e-07"):
        OnnxGraph.of(proto)({"x0": torch.from_numpy(X)})


def test_graphs_that_do_not_hang_together() -> None:
    relu = helper.make_node("Relu", ["x"], ["y"])
    with pytest.raises(CamsimError, match="input 'z' is computed by no node before it"):
        OnnxGraph.of(make_model([helper.make_node("Relu", ["z"], ["y"]), relu], {"x": X}, ["y"]))
    with pytest.raises(CamsimError, match="tensor 'y' is defined twice"):
        OnnxGraph.of(make_model([relu, relu], {"x": X}, ["y"]))
    with pytest.raises(CamsimError, match="output 'z' is computed by no node"):
        OnnxGraph.of(make_model([relu], {"x": X}, ["z"]))


def test_weights_in_files_of_their_own_are_not_read() -> None:
    proto = one_node("Add", [X, X], weights=[1])[0]
    (tensor,) = proto.graph.initializer
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="/etc/passwd")
    with pytest.raises(CamsimError, match="tensor 'x1' lies in another file"):
        OnnxGraph.of(proto)


def test_weights_that_do_not_fill_their_shape() -> None:
    proto = one_node("Add", [X, X], weights=[1])[0]
    proto.graph.initializer[0].dims[0] = 1 << 40
    with pytest.raises(CamsimError, match=r"tensor 'x1' of shape .* is damaged"):
        OnnxGraph.of(proto)


def test_element_types_that_torch_cannot_hold() -> None:
    proto = one_node("Identity", [np.array(["a"], object)])[0]
    assert unsupported(proto) == ["input of string"]
    with pytest.raises(UnsupportedOperator, match="input 'x0': element type string"):
        OnnxGraph.of(proto)


def test_sparse_weights_and_constants() -> None:
    values = numpy_helper.from_array(np.array([1.0], np.float32), "w")
    sparse = SparseTensorProto(values=values, indices=numpy_helper.from_array(np.array([0])), dims=[4])
    proto = make_model([helper.make_node("Add", ["x", "w"], ["y"])], {"x": X}, ["y"])
    proto.graph.sparse_initializer.append(sparse)
    assert unsupported(proto) == ["sparse weights"]
    constant = helper.make_node("Constant", [], ["c"], name="sparse one")
    constant.attribute.append(AttributeProto(name="sparse_value", type="SPARSE_TENSOR", sparse_tensor=sparse))
    model = make_model([constant, helper.make_node("Add", ["x", "c"], ["y"])], {"x": X}, ["y"])
    with pytest.raises(UnsupportedOperator, match=r"node 'sparse one'.*'sparse_value'"):
        OnnxGraph.of(model)


def test_text_that_is_not_utf8() -> None:
    proto = one_node("Gelu", [X], approximate=b"\xff")[0]
    with pytest.raises(CamsimError, match="attribute 'approximate' is not UTF-8"):
        OnnxGraph.of(proto)
