"""OpenCV's INTER_LINEAR on 8-bit pictures, to the bit: bilinear without antialiasing, in integers.

Many models were trained on pictures that ``cv2.resize`` made. It weighs each new pixel's two neighbours in 1/2048
across and down, and drops bits in between (opencv/modules/imgproc/src/resize.cpp: resizeGeneric_, HResizeLinear,
VResizeLinear of uchar). Checked against OpenCV 4.14 and 5.0.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from audit.models.onnx_graph.straight import straight_through

ONE = 2048
"""What the weights of one new pixel sum to, about."""


@dataclass(frozen=True)
class Line:
    """How a line of pixels is made of another: ``weight0 * old[first] + weight1 * old[second]``."""

    first: NDArray[np.intp]
    second: NDArray[np.intp]
    weight0: NDArray[np.int32]
    weight1: NDArray[np.int32]

    def matrices(self, old: int) -> tuple[Tensor, Tensor]:
        """(new, old) of the first and of the second neighbours, float64."""
        found = []
        for places, weights in ((self.first, self.weight0), (self.second, self.weight1)):
            matrix = torch.zeros(len(places), old, dtype=torch.float64)
            matrix[torch.arange(len(places)), torch.from_numpy(places)] = torch.from_numpy(weights).double()
            found.append(matrix)
        return found[0], found[1]


@lru_cache(maxsize=32)
def _line(old: int, new: int, across: bool) -> Line:
    where = ((np.arange(new) + 0.5) * (old / new) - 0.5).astype(np.float32)
    first = np.floor(where).astype(np.intp)
    part = where - first.astype(np.float32)
    if across:  # beyond the border, columns lose their second neighbour; rows only meet the border twice
        part[(first < 0) | (first >= old - 1)] = 0
    weights = (np.rint((np.float32(1) - part) * ONE), np.rint(part * ONE))
    places = (np.clip(first, 0, old - 1), np.clip(first + 1, 0, old - 1))
    return Line(*places, *(weight.astype(np.int32) for weight in weights))


def resize_linear(image: NDArray[np.uint8], height: int, width: int) -> NDArray[np.uint8]:
    """``cv2.resize(image, (width, height), interpolation=cv2.INTER_LINEAR)``; image (H, W, C)."""
    return weighed(image, _line(image.shape[0], height, False), _line(image.shape[1], width, True))


def weighed(image: NDArray[np.uint8], rows: Line, columns: Line) -> NDArray[np.uint8]:
    """Each new pixel of four old ones of an image (H, W, C), in OpenCV's integers."""
    height, width, channels = len(rows.first), len(columns.first), image.shape[2]
    # Only rows that are looked at, each once, and every row as one line of numbers: much quicker for numpy.
    used, places = np.unique(np.concatenate([rows.first, rows.second]), return_inverse=True)
    flat = np.ascontiguousarray(image).reshape(image.shape[0], -1)[used]
    lines = _weighed(flat, columns.first, columns.weight0, channels)
    lines += _weighed(flat, columns.second, columns.weight1, channels)
    lines >>= 4
    above, below = lines[places[:height]], lines[places[height:]]
    above *= rows.weight0[:, None]
    below *= rows.weight1[:, None]
    above >>= 16
    below >>= 16
    above += below
    above += 2
    above >>= 2
    return above.astype(np.uint8).reshape(height, width, channels)


def _weighed(
    lines: NDArray[np.uint8], places: NDArray[np.intp], weights: NDArray[np.int32], channels: int
) -> NDArray[np.int32]:
    """Pixels at ``places`` of lines (n, W * channels), times their weights: (n, new W * channels)."""
    flat = (places[:, None] * channels + np.arange(channels)).ravel()
    taken = np.take(lines, flat, axis=1).astype(np.int32)
    taken *= np.repeat(weights, channels)
    return taken


def resize_linear_tensor(levels: Tensor, height: int, width: int) -> Tensor:
    """The same of whole numbers 0..255 (B, C, H, W), float64; backward, nothing is rounded."""
    return weighed_tensor(levels, _line(levels.shape[2], height, False), _line(levels.shape[3], width, True))


def weighed_tensor(levels: Tensor, rows: Line, columns: Line) -> Tensor:
    """`weighed` of whole numbers 0..255 (B, C, H, W), float64; backward, nothing is rounded."""
    across0, across1 = columns.matrices(levels.shape[3])
    down0, down1 = rows.matrices(levels.shape[2])
    lines = straight_through(levels @ (across0 + across1).T / 16, torch.floor)
    above = straight_through(down0 @ lines / 65536, torch.floor)
    below = straight_through(down1 @ lines / 65536, torch.floor)
    return straight_through((above + below + 2) / 4, torch.floor)
