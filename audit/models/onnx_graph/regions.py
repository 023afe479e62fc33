"""Sampling around regions and with learned offsets: RoiAlign and deformable convolution."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from audit.models.onnx_graph.node import Node
from audit.models.onnx_graph.window import window_of


def roi_align(node: Node, x: Tensor, rois: Tensor, images: Tensor) -> Tensor:
    """Pool a fixed grid of bins out of each region (He et al. 2017, arXiv:1703.06870).

    Args:
        node: settings.
        x: (N, C, H, W).
        rois: (R, 4) as (x1, y1, x2, y2) before ``spatial_scale``.
        images: (R,), which image each region lies in.

    Returns:
        (R, C, output_height, output_width).
    """
    rows, columns = node.integer("output_height"), node.integer("output_width")
    average = node.choice("mode", {"avg": True, "max": False})
    # Before opset 16 there was no choice: it was what is called output_half_pixel now.
    shifted = node.text("coordinate_transformation_mode", "output_half_pixel") == "half_pixel"
    corners = rois * node.number("spatial_scale") - (0.5 if shifted else 0.0)
    pooled = []
    for corner, image in zip(corners, images.tolist(), strict=True):
        left, top, right, bottom = corner.unbind()
        width, height = right - left, bottom - top
        if not shifted:  # regions of at least one pixel
            width, height = width.clamp(min=1), height.clamp(min=1)
        bin_height, bin_width = height / rows, width / columns
        fixed = node.integer("sampling_ratio")
        down = fixed or max(math.ceil(float(bin_height.detach())), 1)
        across = fixed or max(math.ceil(float(bin_width.detach())), 1)
        y = top + (torch.arange(rows * down, dtype=x.dtype) + 0.5) * bin_height / down
        z = left + (torch.arange(columns * across, dtype=x.dtype) + 0.5) * bin_width / across
        weighted = torch.stack(_corner_values(x[image], y, z))
        # The standard takes the largest of the weighted corners, not of the interpolated samples.
        samples = weighted.sum(0) if average else weighted.amax(0)
        samples = samples.reshape(-1, rows, down, columns, across)
        pooled.append(samples.mean((2, 4)) if average else samples.amax((2, 4)))
    return torch.stack(pooled) if pooled else x.new_zeros(0, x.shape[1], rows, columns)


def _corner_values(x: Tensor, rows: Tensor, columns: Tensor) -> list[Tensor]:
    """The four pixels around each point of a grid times their bilinear weights, (C, rows, columns) each.

    Points within a pixel outside the image count as at its border, others as zero.
    """
    (top, bottom, down, inside_rows), (left, right, across, inside_columns) = (
        _neighbours(places, size) for places, size in zip((rows, columns), x.shape[1:], strict=True)
    )
    inside = inside_rows[:, None] & inside_columns[None, :]
    corners = []
    for row, row_weight in ((top, 1 - down), (bottom, down)):
        for column, column_weight in ((left, 1 - across), (right, across)):
            weight = row_weight[:, None] * column_weight[None, :]
            corners.append(torch.where(inside, x[:, row][:, :, column] * weight, 0))
    return corners


def _neighbours(places: Tensor, size: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Pixel before, pixel behind, how far it is to the one behind, and whether the place lies in the image."""
    inside = (places >= -1) & (places <= size)
    places = places.clamp(0, size - 1)
    before = places.detach().floor().long()
    return before, (before + 1).clamp(max=size - 1), places - before, inside


def deform_conv(
    node: Node, x: Tensor, weight: Tensor, offset: Tensor, bias: Tensor | None = None, mask: Tensor | None = None
) -> Tensor:
    """A convolution whose samples are moved by learned offsets and weighted (Zhu et al. 2018, arXiv:1811.11168).

    ``offset`` is (N, groups * kernel * 2, rows, columns), ``mask`` (N, groups * kernel, rows, columns).
    """
    if x.dim() != 4:
        node.refuse(f"has {x.dim() - 2} spatial axes; 2 have a differentiable form")
    window = window_of(node, weight.shape[2:], x.shape[2:])
    n, channels, height, width = x.shape
    rows, columns = offset.shape[2:]
    groups, taps = node.integer("offset_group"), math.prod(window.kernel)
    shifts = offset.reshape(n, groups, taps, 2, rows, columns)
    axes = []
    for axis, places in enumerate((rows, columns)):
        taken = torch.arange(window.kernel[axis], dtype=x.dtype) * window.dilations[axis]
        start = torch.arange(places, dtype=x.dtype) * window.strides[axis] - window.before[axis]
        shape = [window.kernel[0], 1] if axis == 0 else [1, window.kernel[1]]
        tap = taken.reshape(shape).expand(window.kernel).reshape(taps, 1, 1)
        axes.append(tap + (start[:, None] if axis == 0 else start[None, :]) + shifts[:, :, :, axis])
    # grid_sample wants coordinates from -1 to 1, the last pixel's centre at 1.
    scaled = [2 * place / max(size - 1, 1) - 1 for place, size in zip(axes, (height, width), strict=True)]
    grid = torch.stack([scaled[1], scaled[0]], -1).reshape(n * groups, taps * rows, columns, 2)
    images = x.reshape(n * groups, channels // groups, height, width)
    sampled = F.grid_sample(images, grid, "bilinear", "zeros", align_corners=True)
    sampled = sampled.reshape(n, groups, channels // groups, taps, rows, columns)
    if mask is not None:
        sampled = sampled * mask.reshape(n, groups, 1, taps, rows, columns)
    parts = node.integer("group")
    patches = sampled.reshape(n, parts, channels // parts * taps, rows * columns)
    filters = weight.reshape(parts, weight.shape[0] // parts, -1)
    y = torch.einsum("goi,ngip->ngop", filters, patches).reshape(n, -1, rows, columns)
    return y if bias is None else y + bias.reshape(-1, 1, 1)


def col2im(node: Node, x: Tensor, image: Tensor, block: Tensor) -> Tensor:
    """Put blocks, one a column of (N, C * block, columns), back in their places and add up where they overlap."""
    kernel, sizes = block.tolist(), image.tolist()
    window = window_of(node, kernel, sizes)
    padded = [size + b + e for size, b, e in zip(sizes, window.before, window.behind, strict=True)]
    places = torch.zeros(1, 1, dtype=torch.int64)
    for size, length, stride, dilation in zip(padded, kernel, window.strides, window.dilations, strict=True):
        count = (size - (length - 1) * dilation - 1) // stride + 1
        place = torch.arange(length)[:, None] * dilation + torch.arange(count)[None, :] * stride
        places = (places[:, None, :, None] * size + place[None, :, None, :]).flatten(2).flatten(0, 1)
    n, channels = x.shape[0], x.shape[1] // math.prod(kernel)
    flat = x.reshape(n, channels, -1)
    whole = x.new_zeros(n, channels, math.prod(padded)).index_add(2, places.reshape(-1), flat)
    whole = whole.reshape(n, channels, *padded)
    for axis, (before, size) in enumerate(zip(window.before, sizes, strict=True), start=2):
        whole = whole.narrow(axis, before, size)
    return whole
