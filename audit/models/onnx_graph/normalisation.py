"""Normalisation layers, as they are in inference."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from audit.models.onnx_graph.node import Node


def batch_normalization(node: Node, x: Tensor, scale: Tensor, bias: Tensor, mean: Tensor, variance: Tensor) -> Tensor:
    if node.outputs > 1 or (node.has("training_mode") and node.flag("training_mode")):
        node.refuse("is in training mode: it normalises by the batch; export the model for inference")
    epsilon = node.number("epsilon")
    if mean.requires_grad or variance.requires_grad:
        shape = (-1, *[1] * (x.dim() - 2))
        factor = scale * torch.rsqrt(variance + epsilon)
        return (x - mean.reshape(shape)) * factor.reshape(shape) + bias.reshape(shape)
    stored = mean.dtype
    y = F.batch_norm(x.to(stored), mean, variance, scale.to(stored), bias.to(stored), False, 0.0, epsilon)
    return y.to(x.dtype)


def instance_normalization(node: Node, x: Tensor, scale: Tensor, bias: Tensor) -> Tensor:
    # F.instance_norm refuses images of one pixel.
    return torch.group_norm(x, x.shape[1], scale, bias, node.number("epsilon"))


def group_normalization(node: Node, x: Tensor, scale: Tensor, bias: Tensor) -> Tensor:
    """Scale and bias are one a group before opset 21, one a channel since."""
    groups = node.integer("num_groups")
    if node.opset < 21:
        repeats = x.shape[1] // groups
        scale, bias = scale.repeat_interleave(repeats), bias.repeat_interleave(repeats)
    return torch.group_norm(x, groups, scale, bias, node.number("epsilon"))


def layer_normalization(
    node: Node, x: Tensor, scale: Tensor, bias: Tensor | None = None
) -> Tensor | tuple[Tensor, Tensor, Tensor]:
    """Over the axes from ``axis`` on; further outputs: the mean and the inverse of the standard deviation."""
    axis = node.integer("axis", -1) % x.dim()
    epsilon = node.number("epsilon", 1e-5)
    if node.outputs == 1 and scale.shape == x.shape[axis:] and scale.dtype == x.dtype:
        return F.layer_norm(x, x.shape[axis:], scale, bias, epsilon)
    axes = tuple(range(axis, x.dim()))
    values = _stashed(node, x)
    mean = values.mean(axes, keepdim=True)
    centred = values - mean
    inverse = torch.rsqrt((centred * centred).mean(axes, keepdim=True) + epsilon)
    y = (centred * inverse).to(x.dtype) * scale
    return (y if bias is None else y + bias), mean, inverse


def rms_normalization(node: Node, x: Tensor, scale: Tensor) -> Tensor:
    """``x / sqrt(mean(x^2) + epsilon) * scale`` over the axes from ``axis`` on."""
    axes = tuple(range(node.integer("axis", -1) % x.dim(), x.dim()))
    values = _stashed(node, x)
    inverse = torch.rsqrt((values * values).mean(axes, keepdim=True) + node.number("epsilon", 1e-5))
    return (values * inverse).to(x.dtype) * scale


def _stashed(node: Node, x: Tensor) -> Tensor:
    """Half precision is normalised in float32, unless ``stash_type`` asks for something else."""
    if x.dtype in (torch.float16, torch.bfloat16) and node.integer("stash_type", 1) == 1:
        return x.float()
    return x


def lp_normalization(node: Node, x: Tensor) -> Tensor:
    """Divided by its norm along an axis; zeros stay zeros."""
    axis = node.integer("axis")
    norm = torch.linalg.vector_norm(x, node.integer("p"), axis, True)
    return torch.where(norm == 0, torch.zeros_like(x), x / torch.where(norm == 0, torch.ones_like(norm), norm))


def mean_variance_normalization(node: Node, x: Tensor) -> Tensor:
    axes = node.integers("axes")
    centred = x - x.mean(axes, keepdim=True)
    return centred / ((centred * centred).mean(axes, keepdim=True).sqrt() + 1e-9)


def local_response_normalization(node: Node, x: Tensor) -> Tensor:
    """``x / (bias + alpha / size * sum of squares of the channels near by) ^ beta``."""
    size = node.integer("size")
    squares = F.pad((x * x).movedim(1, -1), ((size - 1) // 2, size // 2))
    near = squares.unfold(-1, size, 1).sum(-1).movedim(-1, 1)
    return x / (node.number("bias") + node.number("alpha") / size * near) ** node.number("beta")


def dropout(
    node: Node, x: Tensor, ratio: Tensor | None = None, training: Tensor | None = None
) -> tuple[Tensor, Tensor]:
    """Nothing is dropped in inference; the second output says so, element by element."""
    if training is not None and bool(training) and (ratio is None or float(ratio) > 0):
        node.refuse("is in training mode: it drops elements at random; export the model for inference")
    return x, torch.ones_like(x, dtype=torch.bool)
