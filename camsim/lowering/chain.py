"""An ISP chain, stage by stage, as operations of a program."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from functools import singledispatchmethod

import torch
from torch import Tensor

from camsim.cfa import BAYER, Bayer, bayer
from camsim.isp.black_level import BlackLevelStage
from camsim.isp.clip import ClipStage
from camsim.isp.color_matrix import ColorMatrixStage
from camsim.isp.color_matrix.interpolated import InterpolatedColorMatrixStage, color_matrix_interpolated
from camsim.isp.demosaic.bilinear import BilinearStage
from camsim.isp.demosaic.malvar2004 import Malvar2004Stage
from camsim.isp.demosaic.menon2007 import Menon2007Stage
from camsim.isp.denoise.bilateral import BilateralDenoiseStage
from camsim.isp.denoise.gaussian import GaussianDenoiseStage
from camsim.isp.denoise.median import MedianDenoiseStage
from camsim.isp.gamma.power import PowerGammaStage
from camsim.isp.gamma.srgb import SrgbGammaStage
from camsim.isp.gaussian_kernel import gaussian_kernel
from camsim.isp.hue import HueStage, hue
from camsim.isp.luma import LUMA, DenoiseChannels
from camsim.isp.saturation import SaturationStage, saturation
from camsim.isp.sharpen.sharpening_filter import SharpeningFilterStage
from camsim.isp.sharpen.unsharp_mask import UnsharpMaskStage
from camsim.isp.white_balance import WhiteBalanceStage
from camsim.kernels.program import KEEPS, NO_LIMIT, NONE, POWER, SRGB, Op
from camsim.lowering.coefficients import Coefficients, identity, numbers, one
from camsim.lowering.lowering import Lowering, LoweringError
from camsim.spec import Stage

_UNITS = torch.eye(3, dtype=torch.float64)[None, :, None]
"""Three pixels: pure red, green, blue; (1, 3, 1, 3)."""
_NO_CLIP = (-NO_LIMIT, NO_LIMIT)
_DEMOSAIC = {BilinearStage: (Op.BILINEAR, 1), Malvar2004Stage: (Op.MALVAR, 2)}


def add_chain(lowering: Lowering, stages: Mapping[str, Stage], cfa: str) -> None:
    """Add a chain to a program; its image is the next output.

    Raises:
        LoweringError: a stage has no row operation, or the mosaic is not a Bayer one.
    """
    if cfa not in BAYER:
        raise LoweringError(f"the fused path develops Bayer mosaics, and this is {cfa}; use fused=False")
    chain = _Chain(lowering, bayer(cfa))
    for name, stage in stages.items():
        try:
            chain.add(stage)
        except NotImplementedError:
            raise LoweringError(f"{name}: this stage has no fused form; use fused=False") from None
        except LoweringError as error:
            raise LoweringError(f"{name}: {error}") from None
    chain.store()


class _Chain:
    """A chain on its way through the stages: what has been added, and what waits to be merged with what follows."""

    def __init__(self, lowering: Lowering, cfa: Bayer) -> None:
        self._add = lowering.operation
        self._new_output = lowering.graph.add_output
        self._cell = _cell(cfa)
        self._load: Coefficients | None = None
        self._raw_clip = _NO_CLIP
        self._demosaic: Stage | None = None
        self._matrices: list[Coefficients] = []
        self._planes: tuple[int, ...] = ()
        self._filtered = self._luma = -1
        self._clip, self._clip_after = _NO_CLIP, _NO_CLIP
        self._encoding, self._exponent = NONE, one

    @singledispatchmethod
    def add(self, stage: Stage) -> None:
        """Take one more stage."""
        raise NotImplementedError

    @add.register
    def _(self, stage: BlackLevelStage) -> None:
        def made() -> Tensor:
            level = stage.level.double()
            white = stage.white.double()
            scale = 1 / (white - level if stage.normalize else white)
            return torch.cat([scale, -level * scale])

        self._load = made

    @add.register(BilinearStage)
    @add.register(Malvar2004Stage)
    @add.register(Menon2007Stage)
    def _(self, stage: Stage) -> None:
        self._demosaic = stage

    @add.register
    def _(self, stage: WhiteBalanceStage) -> None:
        self._finish_tone()
        self._matrices.append(lambda: torch.diag(stage.gains.double()))

    @add.register
    def _(self, stage: ColorMatrixStage) -> None:
        self._finish_tone()
        self._matrices.append(lambda: stage.matrix.double())

    @add.register
    def _(self, stage: InterpolatedColorMatrixStage) -> None:
        def units() -> Tensor:
            return color_matrix_interpolated(
                _UNITS, stage.cct.double(), stage.temperatures.double(), stage.matrices.double()
            )

        self._mix(units)

    @add.register
    def _(self, stage: SaturationStage) -> None:
        self._mix(lambda: saturation(_UNITS, stage.factor.double()))

    @add.register
    def _(self, stage: HueStage) -> None:
        self._mix(lambda: hue(_UNITS, stage.angle.double()))

    @add.register
    def _(self, stage: ClipStage) -> None:
        if self._demosaic is None and not self._planes:
            self._raw_clip = _clip_twice(self._raw_clip, (stage.low, stage.high))
        elif self._encoding == NONE:
            self._clip = _clip_twice(self._clip, (stage.low, stage.high))
        else:
            self._clip_after = _clip_twice(self._clip_after, (stage.low, stage.high))

    @add.register
    def _(self, stage: PowerGammaStage) -> None:
        self._encoding, self._exponent = POWER, lambda: 1 / stage.gamma.double()

    @add.register
    def _(self, stage: SrgbGammaStage) -> None:
        self._encoding = SRGB

    @add.register
    def _(self, stage: SharpeningFilterStage) -> None:
        self._filter(stage.channels, lambda plane: self._one(Op.CROSS, [plane], lambda: numbers(5, -1), 1))

    @add.register
    def _(self, stage: UnsharpMaskStage) -> None:
        def taps() -> Tensor:
            return gaussian_kernel(stage.radius.double(), stage.kernel)[stage.kernel :]

        def shares() -> Tensor:
            amount = stage.amount.double()
            return torch.cat([torch.stack([1 + amount, -amount]), taps()])

        def sharpen(plane: int) -> int:
            across = plane if stage.axis == "vertical" else self._one(Op.HORIZONTAL, [plane], taps, stage.kernel)
            return self._one(Op.VERTICAL, [across, plane], shares, stage.kernel, KEEPS)

        self._filter(stage.channels, sharpen)

    @add.register
    def _(self, stage: GaussianDenoiseStage) -> None:
        def taps() -> Tensor:
            return gaussian_kernel(stage.sigma.double(), stage.kernel)[stage.kernel :]

        def blur(plane: int) -> int:
            across = self._one(Op.HORIZONTAL, [plane], taps, stage.kernel)
            return self._one(Op.VERTICAL, [across, across], lambda: torch.cat([numbers(0, 1), taps()]), stage.kernel)

        self._filter(stage.channels, blur)

    @add.register
    def _(self, stage: BilateralDenoiseStage) -> None:
        def factors() -> Tensor:
            sigmas = torch.stack([stage.sigma_spatial.double(), stage.sigma_range.double()])
            return -0.5 * math.log2(math.e) / sigmas**2

        self._filter(stage.channels, lambda plane: self._one(Op.BILATERAL, [plane], factors, stage.radius))

    @add.register
    def _(self, stage: MedianDenoiseStage) -> None:
        op = Op.MEDIAN3 if stage.size == 3 else Op.MEDIAN5
        self._filter(stage.channels, lambda plane: self._one(op, [plane], None, stage.size // 2))

    def store(self) -> None:
        """End the chain."""
        self._finish_color()
        self._add(Op.STORE, self._colors(), self._tone(), outputs=0, settings=(self._encoding, self._new_output()))

    def _colors(self) -> tuple[int, ...]:
        """The three planes, then the filtered luma and the luma: twice the same plane where no filter has changed
        it."""
        if self._luma < 0:
            return (*self._planes, self._planes[0], self._planes[0])
        return (*self._planes, self._filtered, self._luma)

    def _one(
        self, op: Op, inputs: Sequence[int], coefficients: Coefficients | None, radius: int, setting: int = 0
    ) -> int:
        return self._add(op, inputs, coefficients, outputs=1, radius=radius, settings=(setting, 0))[0]

    def _filter(self, channels: DenoiseChannels, spatial: Callable[[int], int]) -> None:
        if channels == "chroma":
            raise LoweringError("channels: chroma has no fused form; use fused=False")
        self._finish_tone()
        self._finish_color()
        if channels == "luma":
            self._need_luma()
            self._filtered = spatial(self._filtered)
            return
        if self._filtered != self._luma:
            self._apply_matrix(identity)
        self._planes = tuple(spatial(plane) for plane in self._planes)
        self._filtered = self._luma = -1

    def _mix(self, units: Coefficients) -> None:
        """Take a matrix, given by what becomes of pure red, green and blue."""
        self._finish_tone()
        self._matrices.append(lambda: units()[0, :, 0])

    def _need_luma(self) -> None:
        if self._luma < 0:
            self._apply_matrix(identity)

    def _finish_tone(self) -> None:
        """Write out a clip or an encoding that something other than the end follows."""
        if self._clip == _NO_CLIP and self._encoding == NONE:
            return
        self._finish_color()
        self._planes = self._add(Op.TONE, self._colors(), self._tone(), outputs=3, settings=(self._encoding, 0))
        self._filtered = self._luma = -1
        self._clip, self._clip_after = _NO_CLIP, _NO_CLIP
        self._encoding, self._exponent = NONE, one

    def _finish_color(self) -> None:
        """Write out a demosaic and matrices that wait."""
        if self._demosaic is not None:
            stage, self._demosaic = self._demosaic, None
            self._set_planes(self._demosaiced(stage, self._color()))
        elif self._matrices:
            self._apply_matrix(self._color())

    def _apply_matrix(self, color: Coefficients) -> None:
        self._set_planes(self._add(Op.MATRIX, self._colors(), color, outputs=4))

    def _set_planes(self, planes: tuple[int, ...]) -> None:
        self._planes = planes[:3]
        self._filtered = self._luma = planes[3]

    def _color(self) -> Coefficients:
        matrices, self._matrices = tuple(self._matrices), []

        def made() -> Tensor:
            product = torch.eye(3, dtype=torch.float64)
            for matrix in matrices:
                product = matrix() @ product
            luma = torch.tensor(LUMA, dtype=torch.float64) @ product
            return torch.cat([product.reshape(-1), luma])

        return made

    def _demosaiced(self, stage: Stage, color: Coefficients) -> tuple[int, ...]:
        load, clip, cell = self._load, self._raw_clip, (self._cell, 0)
        if load is None:
            raise NotImplementedError
        raw = self._add(Op.LOAD, (), lambda: torch.cat([load(), numbers(*clip)]), outputs=1)[0]
        if not isinstance(stage, Menon2007Stage):
            op, radius = _DEMOSAIC[type(stage)]
            return self._add(op, [raw], color, outputs=4, radius=radius, settings=cell)

        def menon(op: Op, inputs: Sequence[int], outputs: int, radius: int) -> tuple[int, ...]:
            return self._add(op, inputs, None, outputs=outputs, radius=radius, settings=cell)

        across, down, peak = menon(Op.MENON_CHROMA, [raw], 3, 2)
        green, horizontal = menon(Op.MENON_CHOOSE, [raw, across, down, peak], 2, 2)
        red, blue = menon(Op.MENON_SIDES, [raw, green], 2, 1)
        red, blue = menon(Op.MENON_OPPOSITE, [red, blue, horizontal], 2, 1)
        (green,) = menon(Op.MENON_REFINE_GREEN, [red, blue, green, horizontal], 1, 1)
        red, blue = menon(Op.MENON_REFINE_SIDES, [red, blue, green], 2, 1)
        last = [red, blue, green, horizontal]
        return self._add(Op.MENON_REFINE_OPPOSITE, last, color, outputs=4, radius=1, settings=cell)

    def _tone(self) -> Coefficients:
        clip, after, exponent = self._clip, self._clip_after, self._exponent
        return lambda: torch.cat([numbers(*clip, *after), exponent().reshape(1)])


def _cell(cfa: Bayer) -> int:
    """Both rows of the cell, two bits each: column of the colour that is not green, and whether it is blue."""
    code = 0
    for row in range(2):
        sites = cfa[2 * row : 2 * row + 2]
        column = 0 if sites[0] != "G" else 1
        code |= (column | (sites[column] == "B") << 1) << (2 * row)
    return code


def _clip_twice(first: tuple[float, float], second: tuple[float, float]) -> tuple[float, float]:
    """The clip that equals the first and then the second."""
    low, high = second
    return min(max(first[0], low), high), min(max(first[1], low), high)
