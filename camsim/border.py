"""The border every neighbourhood operation uses: a mirror that does not repeat the edge pixel (index -1 is 1).

It keeps the CFA phase, and symmetric linear filters commute with it.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F


def mirror_pad(image: Tensor, pad: int) -> Tensor:
    """Extend (B, C, H, W) by ``pad`` pixels on all four sides; any size from 2x2 up, at any pad."""
    height, width = image.shape[-2:]
    # The quicker way where it works. An exported program is to work for every size, so it must not branch on it.
    if not torch.compiler.is_exporting() and pad < min(height, width):
        return F.pad(image, (pad, pad, pad, pad), mode="reflect")
    rows = _mirror_index(height, pad, pad, image.device)
    columns = _mirror_index(width, pad, pad, image.device)
    return image.index_select(-2, rows).index_select(-1, columns)


def mirror_pad_end(image: Tensor, below: int, right: int) -> Tensor:
    """Extend (B, C, H, W) at the bottom and at the right alone, in the same way."""
    rows = _mirror_index(image.shape[-2], 0, below, image.device)
    columns = _mirror_index(image.shape[-1], 0, right, image.device)
    return image.index_select(-2, rows).index_select(-1, columns)


def cell_pad(image: Tensor, cell: tuple[str, ...], before: int, after: tuple[int, int]) -> Tensor:
    """Extend a mosaic of a larger cell than 2x2, whose phase a mirror about the edge pixel would break.

    It is mirrored about the line nearest to the edge at which the cell is its own mirror image, so that every pixel
    beyond the edge repeats one of its own colour. For a Bayer cell that line is the edge pixel, as in `mirror_pad`.

    Args:
        image: (B, C, H, W), at least one cell large.
        cell: rows of letters, the same number of each; see `camsim.cfa.cell`.
        before: pixels above and at the left.
        after: pixels below and at the right.

    Raises:
        ValueError: a frame smaller than a cell.
    """
    height, width = image.shape[-2:]
    period = len(cell)
    # An exported program is to work for every size, so it must not branch on it.
    if not torch.compiler.is_exporting() and min(height, width) < period:
        raise ValueError(f"a mosaic of this CFA needs at least {period}x{period} pixels, got {height}x{width}")
    columns = tuple("".join(row[x] for row in cell) for x in range(period))
    down = _cell_index(height, before, after[0], _mirror_line(cell), period, image.device)
    across = _cell_index(width, before, after[1], _mirror_line(columns), period, image.device)
    return image.index_select(-2, down).index_select(-1, across)


def _mirror_line(lines: tuple[str, ...]) -> int:
    """Twice the place of the mirror: the m nearest to 0 for which line i equals line m - i everywhere. -1 lies half a
    pixel outside; farther out there would be nothing to repeat."""
    period = len(lines)
    places = [0, -1, *range(1, period)]
    found: int = next(m for m in places if all(lines[i] == lines[(m - i) % period] for i in range(period)))
    return found


def _cell_index(size: int, before: int, after: int, first: int, period: int, device: torch.device) -> Tensor:
    # Mirrors at first / 2 and last / 2; what lies between 0 and first / 2 is there, and taken as it is.
    sizes = torch.full((1,), size, device=device)
    last = first + (2 * sizes - 1 - first).div(period, rounding_mode="floor") * period
    turn = 2 * (last - first)
    index = torch.arange(-before, size + after, device=device)
    place = (2 * index - first).remainder(turn)
    folded = (torch.minimum(place, turn - place) + first).div(2, rounding_mode="floor")
    return torch.where((index >= 0) & (index < sizes), index, folded)


def inside(image: Tensor, cut: int) -> Tensor:
    """(..., H, W) without ``cut`` pixels on each side."""
    height, width = image.shape[-2:]
    return image[..., cut : height - cut, cut : width - cut]


def _mirror_index(size: int, before: int, after: int, device: torch.device) -> Tensor:
    # A tensor, since ONNX has no remainder by a size that is not known yet.
    period = torch.full((1,), 2 * (size - 1), device=device).clamp_min(1)
    index = torch.arange(-before, size + after, device=device).remainder(period)
    return torch.minimum(index, period - index)
