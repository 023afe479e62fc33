"""A model's declared preprocessing in torch: the numbers of preprocess.py to the bit, with a gradient.

Resizing is two products with the matrices of resampling.py. Rounding to 8 bits is true forward and has the gradient of
the identity (but see `audit.models.onnx_graph.straight.unrounded`); limits have their own gradient, 0 beyond them.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import pad

from audit.models.fit import frame_of
from audit.models.onnx_graph.straight import straight_through
from audit.models.opencv import resize_linear_tensor
from audit.models.opencv_area import resize_area_tensor
from audit.models.preprocess import LUMA, DType, ResolvedPreprocess
from audit.models.resampling import ONE, down_first, resize_weights
from camsim.errors import CamsimError

_DTYPES: dict[DType, torch.dtype] = {
    "float16": torch.float16,
    "float32": torch.float32,
    "float64": torch.float64,
    "uint8": torch.float64,
}
"""What a table of preprocess.py is rounded to; whole numbers need none."""


@dataclass(frozen=True)
class DifferentiablePreprocess:
    """`audit.models.preprocess.preprocess` for tensors."""

    resolved: ResolvedPreprocess
    dtype: torch.dtype
    """Of what comes out. A model of uint8 input is fed whole numbers in it, a float16 one its rounded numbers."""

    def __call__(self, images: Tensor) -> Tensor:
        """Prepare images of one size.

        Args:
            images: (B, 3, H, W), RGB, 0..1: an 8-bit picture / 255. Others are rounded to 8 bits first.

        Returns:
            (B, C, h, w) or (B, h, w, C), as the model is fed.

        Raises:
            CamsimError: images of another form, or resizing them would take too much memory.
        """
        if images.ndim != 4 or images.shape[1] != 3 or images.numel() == 0 or not images.is_floating_point():
            raise CamsimError(
                f"images must be (B, 3, H, W) in [0, 1], got {tuple(images.shape)} of {str(images.dtype)[6:]}"
            )
        # float64 holds sums of 2^22 * 255 exactly, in whatever order they are added.
        levels = self._store(images.to(torch.float64) * 255)
        if self.resolved.color == "GRAY":
            red, green, blue = levels.unbind(1)
            luma = (LUMA[0] * red + LUMA[1] * green + LUMA[2] * blue) / (1 << 16)
            levels = self._store(luma)[:, None]
        levels = self._fit(levels)
        if self.resolved.color == "BGR":
            levels = levels.flip(1)
        fed = self._scaled(levels).to(self.dtype)
        return fed if self.resolved.layout == "NCHW" else fed.permute(0, 2, 3, 1)

    def _fit(self, levels: Tensor) -> Tensor:
        old = (int(levels.shape[2]), int(levels.shape[3]))
        frame = frame_of(old, self.resolved)
        new, size = frame.resized, frame.fed
        if not self.resolved.antialias:
            levels = resize_linear_tensor(levels, *new) if new != old else levels
        elif self.resolved.filter == "inter_area":
            levels = resize_area_tensor(levels, *new) if new != old else levels
        else:
            for side in (0, 1) if down_first(old, new, self.resolved.filter) else (1, 0):
                if new[side] != old[side]:
                    weights = torch.tensor(resize_weights(old[side], new[side], self.resolved.filter)) / ONE
                    levels = self._store(weights @ levels if side == 0 else levels @ weights.T)
        # Padding by a negative number crops.
        bottom, right = size[0] - frame.top - new[0], size[1] - frame.left - new[1]
        sides = [frame.left, right, frame.top, bottom]
        return pad(levels, sides, value=self.resolved.pad_value) if any(sides) else levels

    def _store(self, levels: Tensor) -> Tensor:
        """As 8 bits hold them: limited and, as Pillow does, rounded half up."""
        return straight_through(levels.clamp(0, 255), lambda x: (x + 0.5).floor())

    def _scaled(self, levels: Tensor) -> Tensor:
        if self.resolved.dtype == "uint8":
            return levels
        mean, std = (
            torch.tensor(values, dtype=torch.float64)[:, None, None]
            for values in (self.resolved.mean, self.resolved.std)
        )
        dtype = _DTYPES[self.resolved.dtype]
        return straight_through((levels * self.resolved.scale - mean) / std, lambda x: x.to(dtype).to(torch.float64))
