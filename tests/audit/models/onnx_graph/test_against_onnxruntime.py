"""Operators of many settings, against onnxruntime, over settings drawn with a fixed seed."""

from __future__ import annotations

import random

import numpy as np
import pytest
from numpy.typing import NDArray

from .building import assert_same, one_node

_DRAW = random.Random(0)
_NUMBERS = np.random.default_rng(0)


def f(*shape: int) -> NDArray[np.float32]:
    return _NUMBERS.normal(size=shape).astype(np.float32)


def pair(low: int, high: int) -> list[int]:
    return [_DRAW.randint(low, high), _DRAW.randint(low, high)]


@pytest.mark.parametrize("mode", ["nearest", "linear", "cubic"])
@pytest.mark.parametrize(
    "convention", ["half_pixel", "pytorch_half_pixel", "align_corners", "asymmetric", "tf_crop_and_resize"]
)
def test_resize(mode: str, convention: str) -> None:
    roi = np.array([0, 0, 0.1, 0.2, 1, 1, 0.8, 0.9], np.float32) if convention == "tf_crop_and_resize" else None
    attributes = {"mode": mode, "coordinate_transformation_mode": convention}
    for nearest in ("round_prefer_floor", "round_prefer_ceil", "floor", "ceil") if mode == "nearest" else ("floor",):
        for down, across in ((2, 2), (0.6, 0.7), (1.5, 0.8), (3, 1.3)):
            scales = np.array([1, 1, down, across], np.float32)
            weights = [i for i, x in ((1, roi), (2, scales)) if x is not None]
            model, inputs = one_node(
                "Resize", [f(1, 2, 7, 8), roi, scales], weights=weights, version=13, nearest_mode=nearest, **attributes
            )
            assert_same(model, inputs, 1e-4, 1e-5)
        for rows in (5, 13):
            sizes = np.array([1, 2, rows, rows + 1], np.int64)
            weights = [i for i, x in ((1, roi), (3, sizes)) if x is not None]
            model, inputs = one_node(
                "Resize",
                [f(1, 2, 7, 8), roi, None, sizes],
                weights=weights,
                version=13,
                nearest_mode=nearest,
                **attributes,
            )
            assert_same(model, inputs, 1e-4, 1e-5)


@pytest.mark.parametrize("mode", ["linear", "cubic"])
def test_resize_with_antialiasing(mode: str) -> None:
    for down, across in ((0.6, 0.7), (0.3, 1.8)):
        scales = np.array([1, 1, down, across], np.float32)
        model, inputs = one_node(
            "Resize", [f(1, 2, 9, 8), None, scales], weights=[2], version=19, mode=mode, antialias=1
        )
        assert_same(model, inputs, 1e-4, 1e-5)


@pytest.mark.parametrize("operator", ["MaxPool", "AveragePool", "LpPool"])
def test_pools(operator: str) -> None:
    for _ in range(40):
        kernel, dilations = pair(1, 4), pair(1, 2)
        attributes: dict[str, object] = {"kernel_shape": kernel, "strides": pair(1, 3), "dilations": dilations}
        # onnxruntime wants pads smaller than the kernel.
        pads = [_DRAW.randint(0, size // 2) for size in kernel * 2]
        attributes |= {"pads": pads, "ceil_mode": _DRAW.randint(0, 1)}
        if operator == "AveragePool":
            attributes["count_include_pad"] = _DRAW.randint(0, 1)
        if operator == "LpPool":
            attributes["p"] = _DRAW.randint(1, 3)
        outputs = _DRAW.randint(1, 2) if operator == "MaxPool" else 1
        model, inputs = one_node(operator, [f(2, 2, *pair(8, 12))], outputs, version=22, **attributes)
        assert_same(model, inputs, 1e-5, 1e-5)


@pytest.mark.parametrize("operator", ["Conv", "ConvTranspose"])
def test_convolutions(operator: str) -> None:
    for _ in range(40):
        group, strides, kernel = _DRAW.randint(1, 2), pair(1, 3), pair(1, 4)
        attributes: dict[str, object] = {"strides": strides, "group": group}
        automatic = _DRAW.choice(["NOTSET", "NOTSET", "VALID", "SAME_UPPER", "SAME_LOWER"])
        if automatic == "NOTSET":
            attributes |= {"pads": pair(0, 2) + pair(0, 2), "dilations": pair(1, 2)}
        else:
            attributes["auto_pad"] = automatic
        if operator == "ConvTranspose" and _DRAW.random() < 0.5:
            attributes["output_padding"] = [_DRAW.randint(0, stride - 1) for stride in strides]
        channels = (2 * group, 2) if operator == "Conv" else (2 * group, 3)
        bias = f(2 * group) if operator == "Conv" else f(3 * group)
        model, inputs = one_node(
            operator, [f(2, 2 * group, *pair(8, 12)), f(*channels, *kernel), bias], version=17, **attributes
        )
        assert_same(model, inputs, 1e-4, 1e-5)


def test_transposed_convolution_with_a_stated_shape() -> None:
    for automatic in ("NOTSET", "SAME_UPPER", "SAME_LOWER"):
        for size in (5, 6, 7):
            model, inputs = one_node(
                "ConvTranspose",
                [f(1, 1, 3), f(1, 1, 3)],
                version=17,
                strides=[2],
                output_shape=[size],
                auto_pad=automatic,
            )
            assert_same(model, inputs, 1e-5, 1e-5)


def test_slice() -> None:
    for _ in range(60):
        axes = _DRAW.sample(range(-3, 0), _DRAW.randint(1, 3))
        starts = [_DRAW.randint(-8, 8) for _ in axes]
        ends = [_DRAW.choice([_DRAW.randint(-8, 8), 2**62, -(2**62)]) for _ in axes]
        steps = [_DRAW.choice([1, 2, -1, -2]) for _ in axes]
        lists = [np.array(x, np.int64) for x in (starts, ends, axes, steps)]
        model, inputs = one_node("Slice", [f(*pair(1, 6), 4), *lists])
        assert_same(model, inputs)


@pytest.mark.parametrize("mode", ["constant", "reflect", "edge", "wrap"])
def test_pad(mode: str) -> None:
    for _ in range(20):
        pads = np.array([_DRAW.randint(-1, 2) for _ in range(6)], np.int64)
        model, inputs = one_node("Pad", [f(*pair(4, 6), 5), pads, np.array(0.5, np.float32)], version=19, mode=mode)
        assert_same(model, inputs)


def test_non_max_suppression() -> None:
    for centred in (0, 1):
        for _ in range(10):
            boxes, scores = (_NUMBERS.uniform(size=shape).astype(np.float32) for shape in ((2, 20, 4), (2, 3, 20)))
            limits = [np.array([_DRAW.randint(0, 8)]), *(np.array([_DRAW.random()], np.float32) for _ in range(2))]
            model, inputs = one_node(
                "NonMaxSuppression", [boxes, scores, *limits], version=13, center_point_box=centred
            )
            assert_same(model, inputs)


@pytest.mark.parametrize("sampling_ratio", [0, 2])
@pytest.mark.parametrize("opset", [11, 16])
def test_roi_align(opset: int, sampling_ratio: int) -> None:
    rois = np.array([[0, 0, 5, 5], [1.3, 2.2, 3.1, 9.0], [-2, -2, 4, 4], [3, 3, 3.2, 3.2]], np.float32)
    settings = {"output_height": 2, "output_width": 3, "sampling_ratio": sampling_ratio, "spatial_scale": 0.7}
    model, inputs = one_node("RoiAlign", [f(2, 3, 8, 9), rois, np.array([0, 1, 1, 0])], version=opset, **settings)
    assert_same(model, inputs)


@pytest.mark.parametrize("direction", ["forward", "reverse", "bidirectional"])
@pytest.mark.parametrize(("operator", "gates"), [("LSTM", 4), ("GRU", 3), ("RNN", 1)])
def test_recurrent(operator: str, gates: int, direction: str) -> None:
    ways, size = 2 if direction == "bidirectional" else 1, 3
    base = [f(5, 2, 4), f(ways, gates * size, 4), f(ways, gates * size, size), f(ways, 2 * gates * size)]
    state = [f(ways, 2, size)] * (2 if operator == "LSTM" else 1)
    functions = {"LSTM": ["HardSigmoid", "Softsign", "Tanh"], "GRU": ["Sigmoid", "LeakyRelu"], "RNN": ["Relu"]}[
        operator
    ]
    variants: list[tuple[list[NDArray[np.generic] | None], dict[str, object]]] = [
        ([np.array([3, 5], np.int32)], {}),
        ([None, *state], {}),
        ([], {"activations": functions * ways}),
    ]
    variants += [([None, None, None, f(ways, 3 * size)], {})] if operator == "LSTM" else []
    variants += [([], {"linear_before_reset": 1})] if operator == "GRU" else []
    for more, attributes in variants:
        model, inputs = one_node(
            operator,
            [*base, *more],
            3 if operator == "LSTM" else 2,
            version=14,
            hidden_size=size,
            direction=direction,
            **attributes,
        )
        assert_same(model, inputs, 1e-4, 1e-5)
