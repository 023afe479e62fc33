"""The operators that have a differentiable form, by domain: operator -> function.

A function takes the Node and its input tensors (None for one left out) and returns its output, or a tuple of them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias

import torch
import torch.nn.functional as F
from torch import Tensor

from audit.models.onnx_graph import (
    activation,
    attention,
    conversion,
    convolution,
    detection,
    elementwise,
    index,
    layout,
    linear,
    microsoft,
    microsoft_quantised,
    normalisation,
    pooling,
    qoperator,
    quantise,
    recurrent,
    reduction,
    regions,
    resize,
    sampling,
    shape,
)
from audit.models.onnx_graph.node import Node

Operator: TypeAlias = Callable[..., Tensor | tuple[Tensor | None, ...]]


def plain(function: Callable[..., Tensor]) -> Operator:
    """An operator that is one function of torch and has no settings."""

    def operator(node: Node, *x: Tensor) -> Tensor:
        return function(*x)

    return operator


STANDARD: Mapping[str, Operator] = {
    # arithmetic, comparison, logic, bits
    "Add": plain(torch.add),
    "Sub": plain(torch.sub),
    "Mul": plain(torch.mul),
    "Div": elementwise.div,
    "Mod": elementwise.mod,
    "Pow": elementwise.power,
    "Max": elementwise.maximum,
    "Min": elementwise.minimum,
    "Sum": elementwise.total,
    "Mean": elementwise.mean,
    "Clip": elementwise.clip,
    "Where": elementwise.where,
    "Abs": plain(torch.abs),
    "Neg": plain(torch.neg),
    "Sign": plain(torch.sign),
    "Reciprocal": plain(torch.reciprocal),
    "Sqrt": plain(torch.sqrt),
    "Exp": plain(torch.exp),
    "Log": plain(torch.log),
    "Erf": plain(torch.erf),
    "Floor": plain(torch.floor),
    "Ceil": plain(torch.ceil),
    "Round": elementwise.round_half_even,
    "Sin": plain(torch.sin),
    "Cos": plain(torch.cos),
    "Tan": plain(torch.tan),
    "Asin": plain(torch.asin),
    "Acos": plain(torch.acos),
    "Atan": plain(torch.atan),
    "Sinh": plain(torch.sinh),
    "Cosh": plain(torch.cosh),
    "Tanh": plain(torch.tanh),
    "Asinh": plain(torch.asinh),
    "Acosh": plain(torch.acosh),
    "Atanh": plain(torch.atanh),
    "Equal": plain(torch.eq),
    "Greater": plain(torch.gt),
    "GreaterOrEqual": plain(torch.ge),
    "Less": plain(torch.lt),
    "LessOrEqual": plain(torch.le),
    "And": plain(torch.logical_and),
    "Or": plain(torch.logical_or),
    "Xor": plain(torch.logical_xor),
    "Not": plain(torch.logical_not),
    "IsNaN": plain(torch.isnan),
    "IsInf": elementwise.is_inf,
    "BitwiseAnd": plain(torch.bitwise_and),
    "BitwiseOr": plain(torch.bitwise_or),
    "BitwiseXor": plain(torch.bitwise_xor),
    "BitwiseNot": plain(torch.bitwise_not),
    "BitShift": elementwise.bit_shift,
    # activations
    "Relu": plain(torch.relu),
    "Sigmoid": plain(torch.sigmoid),
    "Softplus": plain(F.softplus),
    "Softsign": plain(F.softsign),
    "HardSwish": plain(F.hardswish),
    "Mish": plain(F.mish),
    "LeakyRelu": activation.leaky_relu,
    "PRelu": activation.prelu,
    "Elu": activation.elu,
    "Celu": activation.celu,
    "Selu": activation.selu,
    "Gelu": activation.gelu,
    "Swish": activation.swish,
    "SwiGLU": activation.swiglu,
    "Shrink": activation.shrink,
    "ThresholdedRelu": activation.thresholded_relu,
    "HardSigmoid": activation.hard_sigmoid,
    "Softmax": activation.softmax,
    "LogSoftmax": activation.log_softmax,
    "Hardmax": activation.hardmax,
    # types
    "Cast": conversion.cast,
    "CastLike": conversion.cast_like,
    "BitCast": conversion.bit_cast,
    "Identity": plain(lambda x: x),
    # reductions
    "ReduceSum": reduction.reduce_sum,
    "ReduceMean": reduction.reduce_mean,
    "ReduceMax": reduction.reduce_max,
    "ReduceMin": reduction.reduce_min,
    "ReduceProd": reduction.reduce_product,
    "ReduceL1": reduction.reduce_l1,
    "ReduceL2": reduction.reduce_l2,
    "ReduceSumSquare": reduction.reduce_sum_square,
    "ReduceLogSum": reduction.reduce_log_sum,
    "ReduceLogSumExp": reduction.reduce_log_sum_exp,
    "ArgMax": reduction.arg_max,
    "ArgMin": reduction.arg_min,
    "CumSum": reduction.cumulative_sum,
    "CumProd": reduction.cumulative_product,
    "TopK": reduction.top_k,
    # shapes
    "Shape": shape.shape_of,
    "Size": shape.size_of,
    "Reshape": shape.reshape,
    "Flatten": shape.flatten,
    "Squeeze": shape.squeeze,
    "Unsqueeze": shape.unsqueeze,
    "Expand": shape.expand,
    "ConstantOfShape": shape.constant_of_shape,
    "EyeLike": shape.eye_like,
    "Range": shape.arange,
    # layout
    "Transpose": layout.transpose,
    "Concat": layout.concat,
    "Split": layout.split,
    "Tile": layout.tile,
    "Pad": layout.pad,
    "DepthToSpace": layout.depth_to_space,
    "SpaceToDepth": layout.space_to_depth,
    "Trilu": layout.triangle,
    "ReverseSequence": layout.reverse_sequence,
    "CenterCropPad": layout.center_crop_pad,
    # indices
    "Slice": index.slice_,
    "Gather": index.gather,
    "GatherElements": index.gather_elements,
    "GatherND": index.gather_nd,
    "ScatterElements": index.scatter_elements,
    "Scatter": index.scatter_elements,
    "ScatterND": index.scatter_nd,
    "TensorScatter": index.tensor_scatter,
    "OneHot": index.one_hot,
    "NonZero": index.non_zero,
    "Compress": index.compress,
    "Unique": index.unique,
    # convolutions, pools
    "Conv": convolution.conv,
    "ConvTranspose": convolution.conv_transpose,
    "DeformConv": regions.deform_conv,
    "Col2Im": regions.col2im,
    "MaxPool": pooling.max_pool,
    "AveragePool": pooling.average_pool,
    "LpPool": pooling.lp_pool,
    "GlobalMaxPool": pooling.global_max_pool,
    "GlobalAveragePool": pooling.global_average_pool,
    "GlobalLpPool": pooling.global_lp_pool,
    "MaxUnpool": pooling.max_unpool,
    # normalisation
    "BatchNormalization": normalisation.batch_normalization,
    "InstanceNormalization": normalisation.instance_normalization,
    "GroupNormalization": normalisation.group_normalization,
    "LayerNormalization": normalisation.layer_normalization,
    "SimplifiedLayerNormalization": normalisation.rms_normalization,  # onnxruntime's, though without its domain
    "RMSNormalization": normalisation.rms_normalization,
    "LpNormalization": normalisation.lp_normalization,
    "MeanVarianceNormalization": normalisation.mean_variance_normalization,
    "LRN": normalisation.local_response_normalization,
    "Dropout": normalisation.dropout,
    # matrix products
    "MatMul": plain(torch.matmul),
    "Gemm": linear.gemm,
    "Einsum": linear.einsum,
    "Det": plain(torch.linalg.det),
    # attention
    "Attention": attention.attention,
    "RotaryEmbedding": attention.rotary_embedding,
    # recurrent
    "RNN": recurrent.rnn,
    "GRU": recurrent.gru,
    "LSTM": recurrent.lstm,
    # resizing, sampling
    "Resize": resize.resize,
    "Upsample": resize.upsample,
    "GridSample": sampling.grid_sample,
    "AffineGrid": sampling.affine_grid,
    # quantisation
    "QuantizeLinear": quantise.quantize_linear,
    "DequantizeLinear": quantise.dequantize_linear,
    "DynamicQuantizeLinear": quantise.dynamic_quantize_linear,
    "ConvInteger": qoperator.conv_integer,
    "MatMulInteger": qoperator.matmul_integer,
    "QLinearConv": qoperator.qlinear_conv,
    "QLinearMatMul": qoperator.qlinear_matmul,
    # detectors
    "RoiAlign": regions.roi_align,
    "NonMaxSuppression": detection.non_max_suppression,
}

MICROSOFT: Mapping[str, Operator] = {
    # what onnxruntime's optimiser fuses
    "FusedConv": microsoft.fused_conv,
    "FusedGemm": microsoft.fused_gemm,
    "FusedMatMul": microsoft.fused_matmul,
    "Gelu": plain(F.gelu),
    "BiasGelu": microsoft.bias_gelu,
    "FastGelu": microsoft.fast_gelu,
    "QuickGelu": microsoft.quick_gelu,
    "SkipLayerNormalization": microsoft.skip_layer_normalization,
    "SkipSimplifiedLayerNormalization": microsoft.skip_simplified_layer_normalization,
    "MultiHeadAttention": microsoft.multi_head_attention,
    "Attention": microsoft.packed_attention,
    # what onnxruntime's quantiser writes
    "QuantizeLinear": quantise.quantize_linear,
    "DequantizeLinear": quantise.dequantize_linear,
    "QLinearAdd": microsoft_quantised.qlinear_add,
    "QLinearMul": microsoft_quantised.qlinear_mul,
    "QLinearConcat": microsoft_quantised.qlinear_concat,
    "QLinearWhere": microsoft_quantised.qlinear_where,
    "QLinearGlobalAveragePool": microsoft_quantised.qlinear_global_average_pool,
    "QLinearAveragePool": microsoft_quantised.qlinear_average_pool,
    "QLinearSigmoid": microsoft_quantised.qlinear_sigmoid,
    "QLinearLeakyRelu": microsoft_quantised.qlinear_leaky_relu,
    "QLinearSoftmax": microsoft_quantised.qlinear_softmax,
    "QGemm": microsoft_quantised.qgemm,
    "MatMulIntegerToFloat": microsoft_quantised.matmul_integer_to_float,
    "DynamicQuantizeMatMul": microsoft_quantised.dynamic_quantize_matmul,
}

OPERATORS: Mapping[str, Mapping[str, Operator]] = {"": STANDARD, "com.microsoft": MICROSOFT}

AS_STORED = frozenset({"BitCast", "CastLike", "QuantizeLinear", "QLinearConv", "QLinearMatMul"} | set(MICROSOFT))
"""Operators that tell types apart which the others compute in wider ones."""
