"""onnxruntime's own operators (domain com.microsoft) that its optimiser makes: fused activations, sums and attention.

https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from audit.models.onnx_graph.attention import split_heads
from audit.models.onnx_graph.convolution import conv
from audit.models.onnx_graph.linear import gemm, scaled
from audit.models.onnx_graph.node import Node


def fused_conv(
    node: Node, x: Tensor, weight: Tensor, bias: Tensor | None = None, addend: Tensor | None = None
) -> Tensor:
    """A convolution, a tensor added to it, an activation."""
    y = conv(node, x, weight, bias)
    return _activated(node, y if addend is None else y + addend)


def _activated(node: Node, x: Tensor) -> Tensor:
    name = node.text("activation", "")
    first, second = (*node.numbers("activation_params", ()), 0.0, 0.0)[:2]
    match name:
        case "":
            return x
        case "Relu":
            return torch.relu(x)
        case "Sigmoid":
            return torch.sigmoid(x)
        case "Tanh":
            return torch.tanh(x)
        case "LeakyRelu":
            return F.leaky_relu(x, first)
        case "Clip":
            return x.clamp(first, second)
        case "HardSigmoid":
            return (first * x + second).clamp(0, 1)
    node.refuse(f"uses the activation {name!r}")


def fused_gemm(node: Node, a: Tensor, b: Tensor, c: Tensor | None = None) -> Tensor:
    y = gemm(node, a, b, c)
    match node.text("activation", ""):
        case "":
            return y
        case "Relu":
            return torch.relu(y)
        case "Sigmoid":
            return torch.sigmoid(y)
        case "Tanh":
            return torch.tanh(y)
        case "LeakyRelu":
            return F.leaky_relu(y, node.number("activation_alpha", 0.01))
    node.refuse(f"uses the activation {node.text('activation')!r}")


def fused_matmul(node: Node, a: Tensor, b: Tensor) -> Tensor:
    if node.flag("transBatchA", False) or node.flag("transBatchB", False):
        node.refuse("turns the batch axes round (transBatchA, transBatchB)")
    a = a.transpose(-1, -2) if node.flag("transA", False) and a.dim() > 1 else a
    b = b.transpose(-1, -2) if node.flag("transB", False) and b.dim() > 1 else b
    return scaled(a @ b, node.number("alpha", 1.0))


def bias_gelu(node: Node, x: Tensor, bias: Tensor) -> Tensor:
    return F.gelu(x + bias)


def fast_gelu(node: Node, x: Tensor, bias: Tensor | None = None) -> Tensor:
    return F.gelu(x if bias is None else x + bias, approximate="tanh")


def quick_gelu(node: Node, x: Tensor) -> Tensor:
    return x * torch.sigmoid(node.number("alpha", 1.702) * x)


def skip_layer_normalization(
    node: Node, x: Tensor, skip: Tensor, scale: Tensor, shift: Tensor | None = None, bias: Tensor | None = None
) -> tuple[Tensor | None, ...]:
    """Layer normalisation of a sum; the fourth output is the sum."""
    total = x + skip if bias is None else x + skip + bias
    return F.layer_norm(total, total.shape[-1:], scale, shift, node.number("epsilon", 1e-12)), None, None, total


def skip_simplified_layer_normalization(
    node: Node, x: Tensor, skip: Tensor, scale: Tensor, bias: Tensor | None = None
) -> tuple[Tensor | None, ...]:
    total = x + skip if bias is None else x + skip + bias
    inverse = torch.rsqrt((total * total).mean(-1, keepdim=True) + node.number("epsilon", 1e-12))
    return total * inverse * scale, None, None, total


def multi_head_attention(
    node: Node,
    q: Tensor,
    k: Tensor | None = None,
    v: Tensor | None = None,
    bias: Tensor | None = None,
    padding: Tensor | None = None,
    added: Tensor | None = None,
    *past: Tensor | None,
) -> Tensor:
    """Attention on (batch, steps, heads * size) inputs, each with its part of the bias added first."""
    if k is None or v is None or q.dim() != 3 or k.dim() != 3 or v.dim() != 3:
        node.refuse("packs queries, keys and values into one tensor")
    if padding is not None or any(part is not None for part in past):
        node.refuse("has a padding mask or a cache")
    if bias is not None:
        parts = torch.split(bias, [q.shape[2], k.shape[2], v.shape[2]])
        q, k, v = (x + part for x, part in zip((q, k, v), parts, strict=True))
    return _attended(node, q, k, v, added)


def packed_attention(
    node: Node,
    x: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    mask: Tensor | None = None,
    past: Tensor | None = None,
    added: Tensor | None = None,
    *rest: Tensor | None,
) -> Tensor:
    """Self-attention together with the product that makes queries, keys and values out of one tensor."""
    if mask is not None or past is not None or any(part is not None for part in rest):
        node.refuse("has a mask or a cache")
    if node.flag("do_rotary", False):
        node.refuse("turns by position (do_rotary)")
    made = x @ weight
    made = made if bias is None else made + bias
    sizes = node.integers("qkv_hidden_sizes", [made.shape[-1] // 3] * 3)
    q, k, v = torch.split(made, list(sizes), -1)
    return _attended(node, q, k, v, added)


def _attended(node: Node, q: Tensor, k: Tensor, v: Tensor, added: Tensor | None) -> Tensor:
    heads = node.integer("num_heads")
    q, k, v = (split_heads(x, heads) for x in (q, k, v))
    scale = node.number("scale", 0.0) or q.shape[3] ** -0.5
    products = (q @ k.transpose(-1, -2)) * scale
    if added is not None:
        products = products + added
    if node.flag("unidirectional", False):
        later = torch.ones(q.shape[2], k.shape[2], dtype=torch.bool).triu(1 + k.shape[2] - q.shape[2])
        products = products.masked_fill(later, -torch.inf)
    return (products.softmax(-1) @ v).transpose(1, 2).flatten(2)
