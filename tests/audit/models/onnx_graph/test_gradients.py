"""Gradients against finite differences in float64: each family of operators that has one."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from onnx import helper

from audit.models.onnx_graph import OnnxGraph

from .building import make_model, one_node


@dataclass(frozen=True)
class Op:
    """A node to check: floating-point inputs are differentiated, others are stored in the model."""

    operator: str
    inputs: list[NDArray[np.generic] | None]
    attributes: dict[str, object] = field(default_factory=dict)
    outputs: int = 1
    opset: int = 23
    domain: str = ""
    constant: tuple[int, ...] = ()
    """Further inputs that are stored: scales, grids and the like."""

    def __str__(self) -> str:
        settings = ",".join(f"{name}={value}" for name, value in self.attributes.items())
        return f"{self.operator}({settings})"


_RANDOM = np.random.default_rng(0)


def r(*shape: int, low: float = -2.0, high: float = 2.0) -> NDArray[np.float64]:
    """Numbers with no ties, none within 0.01 of a whole number or a half."""
    x = _RANDOM.uniform(low, high, shape)
    away = np.round(x * 2) / 2
    return np.where(np.abs(x - away) < 0.01, away + 0.02, x)


def whole(*values: int) -> NDArray[np.int64]:
    return np.array(values, np.int64)


X = (2, 4, 5, 6)
UNARY = ["Abs", "Neg", "Exp", "Erf", "Sin", "Cos", "Tan", "Atan", "Sinh", "Cosh", "Tanh", "Asinh", "Relu", "Sigmoid"]
UNARY += ["Softplus", "Softsign", "HardSwish", "Mish", "LeakyRelu", "Elu", "Celu", "Selu", "Gelu", "Shrink", "Identity"]
UNARY += [
    "ThresholdedRelu",
    "HardSigmoid",
    "Flatten",
    "Transpose",
    "GlobalAveragePool",
    "GlobalMaxPool",
    "GlobalLpPool",
]
UNARY += ["LogSoftmax", "Softmax", "MeanVarianceNormalization", "LpNormalization", "Squeeze", "Dropout"]
REDUCE = ["ReduceSum", "ReduceMean", "ReduceMax", "ReduceMin", "ReduceProd", "ReduceL1", "ReduceL2", "ReduceSumSquare"]

OPS = [
    *(Op(name, [r(2, 3, 4)]) for name in UNARY if name != "MeanVarianceNormalization"),
    Op("MeanVarianceNormalization", [r(2, 3, 4, 4)]),
    *(Op(name, [r(5, low=0.2, high=0.9)]) for name in ("Sqrt", "Log", "Reciprocal", "Asin", "Acos", "Atanh")),
    Op("Acosh", [r(5, low=1.5, high=3)]),
    Op("Swish", [r(2, 3)], {"alpha": 1.5}, opset=24),
    Op("SwiGLU", [r(2, 3), r(2, 3)], opset=28),
    Op("Gelu", [r(2, 3)], {"approximate": "tanh"}),
    *(
        Op(name, [r(2, 3), r(1, 3, low=0.5)])
        for name in ("Add", "Sub", "Mul", "Div", "Max", "Min", "Sum", "Mean", "PRelu")
    ),
    Op("Pow", [r(2, 3, low=0.5), r(3)]),
    Op("Pow", [r(2, 3), np.array(2.0)], constant=(1,)),
    Op("Mod", [r(2, 3), r(3, low=0.6)], {"fmod": 1}),
    Op("Clip", [r(4, 4), np.array(-1.1), np.array(1.2)]),
    Op("Where", [np.array([[True], [False]]), r(2, 3), r(2, 3)]),
    Op("Cast", [r(2, 3)], {"to": 1}),
    *(Op(name, [r(2, 3, 4, low=0.3), whole(0, 2)]) for name in REDUCE),
    *(Op(name, [r(2, 3, 4, low=0.3), whole(1)], {"keepdims": 0}) for name in ("ReduceLogSum", "ReduceLogSumExp")),
    Op("CumSum", [r(2, 5), np.array(1)], {"exclusive": 1, "reverse": 1}),
    Op("CumProd", [r(2, 5), np.array(1)], {"exclusive": 1}, opset=26),
    Op("TopK", [r(2, 6), whole(3)], outputs=2),
    Op("Reshape", [r(2, 6), whole(3, -1)]),
    Op("Unsqueeze", [r(2, 6), whole(1)]),
    Op("Expand", [r(2, 1), whole(3, 1, 4)]),
    Op("Tile", [r(2, 3), whole(2, 2)]),
    Op("Concat", [r(2, 3), r(2, 1)], {"axis": 1}),
    Op("Split", [r(2, 5), whole(2, 3)], {"axis": 1}, outputs=2),
    Op("Slice", [r(4, 5), whole(3, 0), whole(-9, 4), whole(0, 1), whole(-2, 2)]),
    *(Op("Pad", [r(4, 5), whole(1, -1, 2, 2)], {"mode": mode}) for mode in ("constant", "reflect", "edge", "wrap")),
    *(Op("DepthToSpace", [r(1, 8, 2, 3)], {"blocksize": 2, "mode": mode}) for mode in ("DCR", "CRD")),
    Op("SpaceToDepth", [r(1, 2, 4, 6)], {"blocksize": 2}),
    Op("Trilu", [r(4, 4), np.array(1)]),
    Op("ReverseSequence", [r(4, 2, 3), whole(2, 4)]),
    Op("CenterCropPad", [r(4, 5), whole(6, 2)]),
    Op("Gather", [r(4, 3), np.array([[0, -1], [2, 0]])]),
    Op("GatherElements", [r(3, 3), np.array([[0, -1, 2]])]),
    Op("GatherND", [r(2, 3, 4), np.array([[[1]], [[-1]]])], {"batch_dims": 1}),
    *(
        Op("ScatterElements", [r(3, 3), np.array([[0, 2, 1]]), r(1, 3)], {"reduction": reduction})
        for reduction in ("none", "add", "mul", "max", "min")
    ),
    *(
        Op("ScatterND", [r(4, 3), np.array([[1], [3]]), r(2, 3)], {"reduction": reduction})
        for reduction in ("none", "add", "mul", "max", "min")
    ),
    Op("TensorScatter", [r(2, 5, 3), r(2, 2, 3), whole(1, 3)], opset=24),
    Op("OneHot", [whole(0, 2), np.array(3), r(2)]),
    Op("Compress", [r(4, 3), np.array([True, False, True])], {"axis": 0}),
    Op("Conv", [r(1, 2, 7), r(4, 1, 3), r(4)], {"group": 2, "pads": [1, 1]}),
    Op("Conv", [r(1, 2, 6, 7), r(3, 2, 3, 2), r(3)], {"strides": [2, 1], "dilations": [1, 2], "pads": [0, 1, 2, 1]}),
    Op("Conv", [r(1, 2, 4, 4, 4), r(2, 2, 2, 2, 2)], {"auto_pad": "SAME_UPPER"}),
    Op("ConvTranspose", [r(1, 2, 4, 3), r(2, 2, 3, 3), r(2)], {"strides": [2, 2], "pads": [1, 0, 0, 1]}),
    Op("ConvTranspose", [r(1, 2, 4), r(2, 2, 2)], {"strides": [3], "output_padding": [1], "dilations": [2]}),
    Op("DeformConv", [r(1, 2, 5, 5), r(2, 2, 2, 2), r(1, 8, 4, 4), r(2), r(1, 4, 4, 4)]),
    Op("Col2Im", [r(1, 8, 6), whole(3, 4), whole(2, 2)]),
    Op("MaxPool", [r(*X)], {"kernel_shape": [3, 2], "strides": [2, 2], "pads": [1, 0, 1, 1], "ceil_mode": 1}),
    Op("MaxPool", [r(*X)], {"kernel_shape": [2, 2], "dilations": [2, 2]}, outputs=2),
    Op("AveragePool", [r(*X)], {"kernel_shape": [3, 2], "strides": [2, 2], "pads": [1, 0, 1, 1], "ceil_mode": 1}),
    Op("AveragePool", [r(*X)], {"kernel_shape": [2, 2], "dilations": [2, 1], "count_include_pad": 1}),
    Op("LpPool", [r(*X)], {"kernel_shape": [2, 2], "p": 3}),
    Op("MaxUnpool", [r(1, 1, 2), np.array([[[1, 2]]])], {"kernel_shape": [2], "strides": [2]}),
    Op("BatchNormalization", [r(*X), r(4), r(4), r(4), r(4, low=0.5)]),
    Op("BatchNormalization", [r(*X), r(4), r(4), r(4), r(4, low=0.5)], constant=(3, 4)),
    Op("InstanceNormalization", [r(*X), r(4), r(4)]),
    Op("GroupNormalization", [r(*X), r(4), r(4)], {"num_groups": 2}),
    Op("GroupNormalization", [r(*X), r(2), r(2)], {"num_groups": 2}, opset=18),
    Op("LayerNormalization", [r(2, 3, 4), r(3, 4), r(3, 4)], {"axis": 1}),
    Op("LayerNormalization", [r(2, 3, 4), r(4)], outputs=3),
    Op("RMSNormalization", [r(2, 3, 4), r(4)]),
    Op("LRN", [r(*X)], {"size": 3}),
    Op("MatMul", [r(2, 3, 4), r(4, 2)]),
    Op("Gemm", [r(3, 2), r(4, 3), r(4)], {"transA": 1, "transB": 1, "alpha": 0.5, "beta": 2.0}),
    Op("Einsum", [r(2, 3), r(3, 4)], {"equation": "ij,jk->ki"}),
    Op("Det", [r(2, 3, 3)], opset=22),
    Op("RNN", [r(3, 2, 4), r(1, 3, 4), r(1, 3, 3), r(1, 6)], {"hidden_size": 3}, outputs=2),
    Op("GRU", [r(3, 2, 4), r(2, 9, 4), r(2, 9, 3), r(2, 18)], {"hidden_size": 3, "direction": "bidirectional"}),
    Op("GRU", [r(3, 2, 4), r(1, 9, 4), r(1, 9, 3), r(1, 18)], {"hidden_size": 3, "linear_before_reset": 1}),
    Op("LSTM", [r(3, 2, 4), r(1, 12, 4), r(1, 12, 3), r(1, 24)], {"hidden_size": 3, "direction": "reverse"}, outputs=3),
    Op("Attention", [r(2, 3, 8), r(2, 5, 4), r(2, 5, 4)], {"q_num_heads": 4, "kv_num_heads": 2, "softcap": 2.0}),
    Op("Attention", [r(1, 2, 3, 4), r(1, 2, 3, 4), r(1, 2, 3, 4)], {"is_causal": 1}),
    Op("RotaryEmbedding", [r(1, 2, 3, 4), r(1, 3, 2), r(1, 3, 2)]),
    *(
        Op("Resize", [r(1, 2, 5, 4), None, np.array([1, 1, *scales], np.float32)], {"mode": mode}, constant=(2,))
        for mode in ("nearest", "linear", "cubic")
        for scales in ((2, 2), (0.6, 1.7))
    ),
    Op(
        "Resize",
        [r(1, 1, 8, 8), None, np.array([1, 1, 0.5, 0.4], np.float32)],
        {"mode": "linear", "antialias": 1},
        constant=(2,),
    ),
    *(
        Op("GridSample", [r(1, 2, 4, 5), r(1, 3, 3, 2, low=-0.9, high=0.9)], {"mode": mode, "padding_mode": padding})
        for mode, padding in (("linear", "zeros"), ("cubic", "border"), ("linear", "reflection"))
    ),
    Op("AffineGrid", [r(1, 2, 3), whole(1, 1, 3, 4)]),
    Op(
        "RoiAlign",
        [r(1, 2, 6, 6), np.array([[0.3, 0.2, 4.1, 4.7]]), whole(0)],
        {"output_height": 2, "output_width": 2},
        constant=(1,),
    ),
    Op("DequantizeLinear", [np.array([1, 5], np.uint8), np.array(0.3)]),
    Op(
        "FusedConv", [r(1, 2, 5, 5), r(2, 2, 2, 2), r(2), r(1, 2, 4, 4)], {"activation": "Tanh"}, domain="com.microsoft"
    ),
    Op("FusedMatMul", [r(2, 3), r(4, 3)], {"transB": 1, "alpha": 0.5}, domain="com.microsoft"),
    Op("SkipLayerNormalization", [r(2, 3, 4), r(2, 3, 4), r(4), r(4), r(4)], domain="com.microsoft"),
    Op("MultiHeadAttention", [r(1, 3, 4), r(1, 5, 4), r(1, 5, 4), r(12)], {"num_heads": 2}, domain="com.microsoft"),
    *(Op(name, [r(2, 3)], domain="com.microsoft") for name in ("Gelu", "FastGelu", "QuickGelu")),
]


@pytest.mark.parametrize("op", OPS, ids=str)
def test_gradient_is_that_of_finite_differences(op: Op) -> None:
    stored = [i for i, x in enumerate(op.inputs) if x is not None and (x.dtype.kind != "f" or i in op.constant)]
    model, inputs = one_node(op.operator, op.inputs, op.outputs, stored, op.opset, op.domain, **op.attributes)
    graph = OnnxGraph.of(model, dtype=torch.float64)
    names = list(inputs)

    def function(*tensors: torch.Tensor) -> tuple[torch.Tensor, ...]:
        outputs = graph(dict(zip(names, tensors, strict=True))).values()
        return tuple(output for output in outputs if output.requires_grad)

    tensors = [torch.from_numpy(inputs[name]).requires_grad_() for name in names]
    assert function(*tensors)
    assert torch.autograd.gradcheck(function, tensors, fast_mode=True, check_undefined_grad=False)


def test_a_norm_has_a_gradient_at_zero() -> None:
    for operator in ("ReduceL2", "LpNormalization"):
        graph = OnnxGraph.of(one_node(operator, [np.zeros((2, 3))])[0])
        x = torch.zeros(2, 3, dtype=torch.float64, requires_grad=True)
        (y,) = graph({"x0": x}).values()
        assert torch.autograd.grad(y.sum(), x)[0].tolist() == [[0] * 3] * 2


def test_rounding_is_straight_through() -> None:
    graph = OnnxGraph.of(one_node("Round", [r(5)])[0])
    x = torch.tensor([0.2, 0.5, 1.7, -0.6, 2.5], dtype=torch.float64, requires_grad=True)
    (y,) = graph({"x0": x}).values()
    assert y.tolist() == [0, 0, 2, -1, 2]
    assert torch.autograd.grad(y.sum(), x)[0].tolist() == [1] * 5


def test_quantised_and_dequantised_carries_the_gradient_within_the_range() -> None:
    scale, zero = np.array(0.1, np.float32), np.array(10, np.uint8)
    nodes = [
        helper.make_node("QuantizeLinear", ["x", "s", "z"], ["q"]),
        helper.make_node("MaxPool", ["q"], ["p"], kernel_shape=[1]),
        helper.make_node("DequantizeLinear", ["p", "s", "z"], ["y"]),
    ]
    values = np.array([[[-3.0, -0.56, 0.0, 7.123, 24.4, 30.0]]], np.float32)
    graph = OnnxGraph.of(make_model(nodes, {"x": values}, ["y"], {"s": scale, "z": zero}))
    x = torch.from_numpy(values).requires_grad_()
    (y,) = graph({"x": x}).values()
    torch.testing.assert_close(y, torch.tensor([[[-1.0, -0.6, 0.0, 7.1, 24.4, 24.5]]]))
    assert torch.autograd.grad(y.sum(), x)[0].reshape(-1).tolist() == pytest.approx([0, 1, 1, 1, 1, 0])
    with torch.no_grad():
        whole_numbers = graph({"x": x}, ["q"])["q"]
    assert whole_numbers.dtype == torch.uint8
    assert whole_numbers.reshape(-1).tolist() == [0, 4, 10, 81, 254, 255]


def test_dynamic_quantisation_carries_the_gradient_of_the_product() -> None:
    weights = np.array([[1, -2], [3, 4]], np.int8)
    nodes = [
        helper.make_node("DynamicQuantizeLinear", ["x"], ["q", "s", "z"]),
        helper.make_node("MatMulInteger", ["q", "w", "z"], ["i"]),
        helper.make_node("Cast", ["i"], ["f"], to=1),
        helper.make_node("Mul", ["f", "s"], ["y"]),
    ]
    values = np.array([[0.5, -1.0]], np.float32)
    graph = OnnxGraph.of(make_model(nodes, {"x": values}, ["y"], {"w": weights}))
    x = torch.from_numpy(values).requires_grad_()
    (y,) = graph({"x": x}).values()
    exact = torch.from_numpy(values @ weights.astype(np.float32))
    torch.testing.assert_close(y.detach(), exact, atol=7 * 1.5 / 255, rtol=0)
    (gradient,) = torch.autograd.grad(y.sum(), x)
    torch.testing.assert_close(gradient, torch.tensor([[-1.0, 7.0]]))
    with torch.no_grad():
        assert graph({"x": x}, ["i"])["i"].dtype == torch.int32


def test_whole_number_images_may_come_in_a_floating_point_tensor() -> None:
    nodes = [helper.make_node("Cast", ["x"], ["f"], to=1), helper.make_node("Mul", ["f", "f"], ["y"])]
    values = np.array([3, 200], np.uint8)
    graph = OnnxGraph.of(make_model(nodes, {"x": values}, ["y"]))
    x = torch.tensor([3.0, 200.0], requires_grad=True)
    (y,) = graph({"x": x}).values()
    assert y.tolist() == [9, 40000]
    assert torch.autograd.grad(y.sum(), x)[0].tolist() == [6, 400]
