"""The onnx package's own tests of its operators: every one whose operators are in the table passes."""

from __future__ import annotations

import warnings

import numpy as np
import onnx
import pytest
import torch
from numpy.typing import NDArray
from onnx import numpy_helper
from onnx.backend.test.case.test_case import TestCase as Case
from onnx.backend.test.loader import load_model_tests
from torch import Tensor

from audit.models.onnx_graph import OnnxGraph, UnsupportedOperator, unsupported
from audit.models.onnx_graph.element import tensor_of

from .building import run_here, run_there

REFUSED = {
    "test_batchnorm_example_training_mode": "training mode",
    "test_batchnorm_epsilon_training_mode": "training mode",
    "test_training_dropout_default": "training mode",
    "test_training_dropout_default_mask": "training mode",
    "test_training_dropout": "training mode",
    "test_training_dropout_mask": "training mode",
    "test_cast_FLOAT_to_FLOAT4E2M1": "float4e2m1",
    "test_cast_FLOAT16_to_FLOAT4E2M1": "float4e2m1",
    "test_cast_e8m0_FLOAT_to_FLOAT8E8M0": "float8e8m0",
    "test_cast_e8m0_FLOAT16_to_FLOAT8E8M0": "float8e8m0",
}
"""Tests of known operators in a form that has no gradient: they are refused, and the message says why."""

COARSE = ("test_attention_4d_causal_fp16", "test_attention_4d_causal_fp16_expanded")
"""They differ by a unit in the last place of float16, which can be more than the tolerance of 1e-3."""

AS_ONNXRUNTIME = (
    "test_resize_downsample_scales_linear_align_corners",
    "test_resize_downsample_scales_cubic_align_corners",
)
"""The standard goes to size * scale - 1, onnxruntime to the last pixel; gradients are for what onnxruntime computes."""

NOT_IN_FLOAT64 = {
    "test_bitcast": "reads the bits of numbers",
    "test_dynamicquantizelinear": "some numbers fall on the other side of a rounding step",
}
"""How the names of tests begin whose results depend on the type that numbers are computed in."""

PASSING = 1594
"""How many pass; the others' operators, element types or containers are not in the table."""


@pytest.fixture(scope="module")
def cases() -> list[Case]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # numpy's, of the references
        return list(load_model_tests(kind="node"))


@pytest.fixture(scope="module")
def readable(cases: list[Case]) -> list[Case]:
    """Those without an operator, or an element type, that has no differentiable form."""
    return [case for case in cases if not unsupported(case.model)]


def test_operators_in_the_table_pass(readable: list[Case]) -> None:
    judged = [case for case in readable if case.name not in REFUSED and case.name not in AS_ONNXRUNTIME]
    problems = [f"{case.name}: {problem}" for case in judged if (problem := compare(case, None))]
    assert problems == []
    assert len(judged) >= PASSING


def test_float64_gives_the_same(readable: list[Case]) -> None:
    left_out = (*REFUSED, *AS_ONNXRUNTIME, *NOT_IN_FLOAT64)
    judged = [case for case in readable if not case.name.startswith(left_out)]
    problems = [f"{case.name}: {problem}" for case in judged if (problem := compare(case, torch.float64))]
    assert problems == []


def test_the_others_are_refused(cases: list[Case], readable: list[Case]) -> None:
    names = {case.name for case in readable}
    others = [case for case in cases if case.name not in names]
    assert others
    for case in others:
        with pytest.raises(UnsupportedOperator):
            OnnxGraph.of(case.model)


@pytest.mark.parametrize("name", REFUSED)
def test_forms_without_gradient_are_refused(cases: list[Case], name: str) -> None:
    (case,) = [case for case in cases if case.name == name]
    with pytest.raises(UnsupportedOperator, match=REFUSED[name]):
        compare(case, None)


@pytest.mark.parametrize("name", AS_ONNXRUNTIME)
def test_onnxruntime_comes_before_the_standard(cases: list[Case], name: str) -> None:
    (case,) = [case for case in cases if case.name == name]
    inputs = dict(zip([value.name for value in case.model.graph.input], case.data_sets[0][0], strict=True))
    np.testing.assert_allclose(run_here(case.model, inputs)["Y"], run_there(case.model, inputs)["Y"], rtol=1e-6)


def compare(case: Case, dtype: torch.dtype | None) -> str | None:
    """What is wrong with the first output that is not as expected."""
    graph = OnnxGraph.of(case.model, dtype=dtype)
    for inputs, outputs in case.data_sets:
        results = graph({value.name: as_tensor(x) for value, x in zip(case.model.graph.input, inputs, strict=False)})
        for value, given in zip(case.model.graph.output, outputs, strict=True):
            result, expected = results[value.name], as_tensor(given)
            relative = tolerance(case, expected.dtype)
            if dtype is not None and expected.is_floating_point() and expected.itemsize > 1:
                # Only half precision was coarser where the test was made.
                relative = max(relative, 2e-2) if expected.itemsize == 2 else relative
                expected = expected.to(dtype)
            if result.dtype != expected.dtype:
                return f"{value.name} is {result.dtype}, not {expected.dtype}"
            if result.shape != expected.shape:
                return f"{value.name} has shape {tuple(result.shape)}, not {tuple(expected.shape)}"
            a, b = (x.double() if x.is_floating_point() else x for x in (result, expected))
            if not np.allclose(a.numpy(), b.numpy(), rtol=relative, atol=case.atol, equal_nan=True):
                return f"{value.name} is {a}, not {b}"
    return None


def tolerance(case: Case, dtype: torch.dtype) -> float:
    """That of the test; for bfloat16 that of onnx.backend.test.runner: two units in the last place."""
    if dtype == torch.bfloat16:
        return max(case.rtol, 2**-6)
    return 2**-9 if case.name in COARSE else case.rtol


def as_tensor(given: NDArray[np.generic] | np.generic | onnx.TensorProto) -> Tensor:
    return tensor_of(given if isinstance(given, onnx.TensorProto) else numpy_helper.from_array(np.asarray(given)))
