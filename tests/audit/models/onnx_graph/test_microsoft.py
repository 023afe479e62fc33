"""onnxruntime's own operators, against onnxruntime."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from .building import assert_same, one_node, run_here, run_there

_RANDOM = np.random.default_rng(1)


def f(*shape: int) -> NDArray[np.float32]:
    return _RANDOM.normal(size=shape).astype(np.float32)


def q(*shape: int, dtype: type = np.uint8) -> NDArray[np.generic]:
    info = np.iinfo(dtype)
    return _RANDOM.integers(info.min, info.max, shape, endpoint=True).astype(dtype)


def s(value: float) -> NDArray[np.float32]:
    return np.array(value, np.float32)


def z(value: int, dtype: type = np.uint8) -> NDArray[np.generic]:
    return np.array(value, dtype)


FLOAT = {
    "FusedConv": ([f(1, 2, 5, 5), f(3, 2, 3, 3), f(3), f(1, 3, 3, 3)], {"activation": "Relu"}),
    "FusedConv clip": (
        [f(1, 2, 5, 5), f(3, 2, 3, 3), f(3)],
        {"activation": "Clip", "activation_params": [-0.5, 0.5], "pads": [1, 1, 1, 1]},
    ),
    "FusedConv leaky": ([f(1, 2, 5, 5), f(3, 2, 3, 3)], {"activation": "LeakyRelu", "activation_params": [0.3]}),
    "FusedGemm": ([f(2, 3), f(3, 4), f(4)], {"activation": "Sigmoid", "alpha": 0.5}),
    "FusedMatMul": ([f(2, 3, 4), f(2, 5, 4)], {"transB": 1, "alpha": 0.7}),
    "Gelu": ([f(2, 7)], {}),
    "BiasGelu": ([f(2, 7), f(7)], {}),
    "FastGelu": ([f(2, 7), f(7)], {}),
    "QuickGelu": ([f(2, 7)], {"alpha": 1.5}),
    "SkipLayerNormalization": ([f(2, 3, 8), f(2, 3, 8), f(8), f(8), f(8)], {"epsilon": 1e-5}),
    "SkipSimplifiedLayerNormalization": ([f(2, 3, 8), f(2, 3, 8), f(8), f(8)], {"epsilon": 1e-5}),
    "MultiHeadAttention": ([f(2, 3, 8), f(2, 5, 8), f(2, 5, 8), f(24)], {"num_heads": 2}),
    "MultiHeadAttention added": (
        [f(2, 3, 8), f(2, 3, 8), f(2, 3, 8), None, None, f(1, 2, 3, 3)],
        {"num_heads": 2, "scale": 0.3, "unidirectional": 1},
    ),
    "Attention": ([f(2, 3, 6), f(6, 24), f(24)], {"num_heads": 2}),
    "Attention causal": ([f(2, 3, 6), f(6, 24), f(24)], {"num_heads": 4, "unidirectional": 1}),
    "MatMulIntegerToFloat": ([q(2, 3), q(3, 4, dtype=np.int8), s(0.1), f(4), z(7), None, f(4)], {}),
    "DynamicQuantizeMatMul": ([f(2, 3), q(3, 4, dtype=np.int8), s(0.1), z(0, np.int8), f(4)], {}),
    "DequantizeLinear": ([q(2, 3, dtype=np.uint16), s(0.01), z(3000, np.uint16)], {}),
}

X = [q(1, 4, 6, 6), s(0.05), z(120)]
QUANTISED = {
    "QLinearAdd": ([*X, q(1, 4, 6, 6), s(0.02), z(10), s(0.06), z(90)], {}),
    "QLinearMul": ([*X, q(4, 1, 1), s(0.02), z(10), s(0.06), z(90)], {}),
    "QLinearConcat": ([s(0.06), z(90), *X, q(1, 2, 6, 6), s(0.02), z(10)], {"axis": 1}),
    "QLinearWhere": ([q(6) > 100, *X, q(1, 4, 6, 6), s(0.02), z(10), s(0.06), z(90)], {}),
    "QLinearGlobalAveragePool": ([*X, s(0.03), z(120)], {}),
    "QLinearAveragePool": ([*X, s(0.03), z(120)], {"kernel_shape": [3, 3], "pads": [1, 1, 1, 1], "strides": [2, 2]}),
    "QLinearSigmoid": ([*X, s(1 / 256), z(0)], {}),
    "QLinearLeakyRelu": ([*X, s(0.05), z(30)], {"alpha": 0.2}),
    "QLinearSoftmax": ([*X, s(1 / 256), z(0)], {"axis": -1, "opset": 13}),
    "QGemm": ([q(2, 3), s(0.05), z(120), q(3, 4, dtype=np.int8), s(0.02), z(0, np.int8), None, s(0.1), z(128)], {}),
    "QGemm float": ([q(2, 3), s(0.05), z(120), q(4, 3, dtype=np.int8), s(0.02), z(0, np.int8)], {"transB": 1}),
    "QuantizeLinear": ([f(2, 3), s(0.001), z(30000, np.uint16)], {}),
}


@pytest.mark.parametrize("name", FLOAT)
def test_same_as_onnxruntime(name: str) -> None:
    inputs, attributes = FLOAT[name]
    stored = [i for i in range(1, len(inputs)) if inputs[i] is not None]
    assert_same(*one_node(name.split()[0], inputs, weights=stored, version=17, domain="com.microsoft", **attributes))


@pytest.mark.parametrize("name", QUANTISED)
def test_same_as_onnxruntime_within_a_step(name: str) -> None:
    inputs, attributes = QUANTISED[name]
    stored = [i for i, x in enumerate(inputs) if x is not None and x.size == 1]
    model, given = one_node(name.split()[0], inputs, weights=stored, version=17, domain="com.microsoft", **attributes)
    here, there = run_here(model, given)["y0"], run_there(model, given)["y0"]
    assert here.dtype == there.dtype
    step = 1 if there.dtype.kind == "u" else 1e-5
    assert np.abs(here.astype(np.float64) - there.astype(np.float64)).max() <= step
    assert np.ptp(there.astype(np.float64)) > 5 * step
