"""Attention and rotary position embeddings."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from audit.models.onnx_graph.node import Node

_Present = tuple[Tensor, Tensor, Tensor, Tensor]


def attention(
    node: Node,
    q: Tensor,
    k: Tensor,
    v: Tensor,
    mask: Tensor | None = None,
    past_key: Tensor | None = None,
    past_value: Tensor | None = None,
    lengths: Tensor | None = None,
) -> _Present:
    """``softmax(q k' * scale + bias) v``, per head; (batch, heads, steps, size) or (batch, steps, heads * size).

    Returns:
        The result; keys and values with those of the past; the products at the stage that the node asks for.
    """
    flat = q.dim() == 3
    if flat:
        heads, groups = node.integer("q_num_heads"), node.integer("kv_num_heads")
        q, k, v = split_heads(q, heads), split_heads(k, groups), split_heads(v, groups)
    if past_key is not None and past_value is not None:
        k, v = torch.cat([past_key, k], 2), torch.cat([past_value, v], 2)
    present_key, present_value = k, v
    repeats = q.shape[1] // k.shape[1]
    if repeats > 1:
        k, v = k.repeat_interleave(repeats, 1), v.repeat_interleave(repeats, 1)

    # Both sides by the root of the scale: half precision would overflow otherwise.
    root = math.sqrt(node.number("scale", 1 / math.sqrt(q.shape[3])))
    products = (q * root).to(q.dtype) @ (k * root).to(q.dtype).transpose(-1, -2)
    cap = node.number("softcap", 0.0)
    stages = [products]
    if cap > 0:
        products = cap * torch.tanh(products / cap)
    stages.append(products)
    before = 0 if past_key is None else past_key.shape[2]
    bias = _bias(node, q.shape[2], k.shape[2], mask, before, lengths, q.dtype)
    if bias is not None:
        products = products + bias
    stages.append(products)
    if node.has("softmax_precision"):
        products = products.to(node.dtype_of(node.integer("softmax_precision")))
    weights = masked_softmax(products, bias).to(q.dtype)
    stages.append(weights)
    y = weights @ v
    y = y.transpose(1, 2).flatten(2) if flat else y
    return y, present_key, present_value, stages[node.integer("qk_matmul_output_mode", 0)]


def split_heads(x: Tensor, heads: int) -> Tensor:
    """(batch, steps, heads * size) -> (batch, heads, steps, size)."""
    return x.reshape(*x.shape[:2], heads, -1).transpose(1, 2)


def masked_softmax(products: Tensor, bias: Tensor | None) -> Tensor:
    """Softmax over the last axis; zeros, not NaN, in rows whose keys are all masked by minus infinity."""
    if bias is None:
        return products.softmax(-1)
    empty = torch.isneginf(bias).all(-1, keepdim=True)
    return torch.where(empty, 0, torch.where(empty, 0, products).softmax(-1))


def _bias(
    node: Node,
    queries: int,
    keys: int,
    mask: Tensor | None,
    before: int,
    lengths: Tensor | None,
    dtype: torch.dtype,
) -> Tensor | None:
    """What is added to the products: the mask, and minus infinity where a key must not be seen."""
    left, right = node.integer("left_window_size", -1), node.integer("right_window_size", -1)
    causal = node.flag("is_causal", False)
    if mask is None and lengths is None and not causal and left < 0 and right < 0:
        return None
    place = torch.arange(queries)[:, None] + before
    key = torch.arange(keys)[None, :]
    if lengths is not None:
        place = place + (lengths - queries).reshape(-1, 1, 1, 1)
    seen = torch.ones(1, keys, dtype=torch.bool)
    if causal:
        seen = seen & (key <= place)
    if left >= 0:
        seen = seen & (key >= place - left)
    if right >= 0:
        seen = seen & (key <= place + right)
    if lengths is not None:
        seen = seen & (key < lengths.reshape(-1, 1, 1, 1))
    if mask is not None and mask.shape[-1] < keys:
        mask = F.pad(mask, [0, keys - mask.shape[-1]], value=False if mask.dtype == torch.bool else -torch.inf)
    if mask is not None and mask.dtype == torch.bool:
        seen, mask = seen & mask, None
    hidden = torch.where(seen, 0.0, -torch.inf).to(dtype)
    return hidden if mask is None else mask + hidden


def rotary_embedding(node: Node, x: Tensor, cosine: Tensor, sine: Tensor, positions: Tensor | None = None) -> Tensor:
    """Turn pairs of numbers by an angle that grows with the position (Su et al. 2021, arXiv:2104.09864).

    ``x`` is (batch, heads, steps, size) or (batch, steps, heads * size).
    """
    shape = x.shape
    # To (batch, steps, heads, size).
    x = x.transpose(1, 2) if x.dim() == 4 else x.reshape(*shape[:2], node.integer("num_heads"), -1)
    turned = node.integer("rotary_embedding_dim") or x.shape[3]
    if positions is not None:
        cosine, sine = cosine[positions], sine[positions]
    cosine, sine = (table[..., : turned // 2].unsqueeze(2) for table in (cosine, sine))
    turning, rest = x[..., :turned], x[..., turned:]
    if node.flag("interleaved"):
        a, b = turning[..., 0::2], turning[..., 1::2]
    else:
        a, b = turning.chunk(2, -1)
    a, b = cosine * a - sine * b, sine * a + cosine * b
    turning = torch.stack([a, b], -1).flatten(-2) if node.flag("interleaved") else torch.cat([a, b], -1)
    x = torch.cat([turning, rest], -1)
    return x.transpose(1, 2) if len(shape) == 4 else x.reshape(shape)
