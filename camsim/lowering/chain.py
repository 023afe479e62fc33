"""An ISP chain, stage by stage, as operations of a program."""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import singledispatchmethod

import torch
from torch import Tensor

from camsim.isp.additive_layer import AdditiveLayerStage
from camsim.isp.black_level import BlackLevelStage
from camsim.isp.clip import ClipStage
from camsim.isp.color_matrix import ColorMatrixStage
from camsim.isp.color_matrix.affine import AffineColorMatrixStage
from camsim.isp.color_matrix.interpolated import InterpolatedColorMatrixStage, color_matrix_interpolated
from camsim.isp.defect_pixel_correction.dynamic import DynamicDefectPixelsStage
from camsim.isp.demosaic.ahd import AhdStage
from camsim.isp.demosaic.bilinear import BilinearStage
from camsim.isp.demosaic.hamilton_adams import HamiltonAdamsStage
from camsim.isp.demosaic.malvar2004 import Malvar2004Stage
from camsim.isp.demosaic.menon2007 import Menon2007Stage
from camsim.isp.demosaic.mono import MonoStage
from camsim.isp.denoise.bilateral import BilateralDenoiseStage
from camsim.isp.denoise.gaussian import GaussianDenoiseStage
from camsim.isp.denoise.kernel import KernelDenoiseStage
from camsim.isp.denoise.median import MedianDenoiseStage
from camsim.isp.gamma.bt709 import Bt709GammaStage
from camsim.isp.gamma.curve import CurveGammaStage
from camsim.isp.gamma.power import PowerGammaStage
from camsim.isp.gamma.srgb import SrgbGammaStage
from camsim.isp.gaussian_kernel import gaussian_kernel
from camsim.isp.green_equalization import GreenEqualizationStage
from camsim.isp.highlight_recovery.unclip import UnclipHighlightsStage
from camsim.isp.hue import HueStage, hue
from camsim.isp.lens_shading.grid import GridLensShadingStage
from camsim.isp.lens_shading.radial import RadialLensShadingStage
from camsim.isp.linearize import LinearizeStage
from camsim.isp.lut3d import Lut3dStage
from camsim.isp.saturation import SaturationStage, saturation
from camsim.isp.sharpen.kernel import KernelSharpenStage
from camsim.isp.sharpen.sharpening_filter import SharpeningFilterStage
from camsim.isp.sharpen.unsharp_mask import UnsharpMaskStage
from camsim.isp.sharpen.unsharp_mask_threshold import UnsharpMaskThresholdStage
from camsim.isp.tone.aces import AcesToneStage
from camsim.isp.tone.filmic import FilmicToneStage
from camsim.isp.tone.hable import HableToneStage
from camsim.isp.tone.reinhard import ReinhardToneStage
from camsim.isp.tone.spline import SplineToneStage
from camsim.isp.white_balance import WhiteBalanceStage
from camsim.isp.white_balance.cct import CctBalanceStage
from camsim.isp.white_curve import gains_at, held
from camsim.kernels.program import CELLS, KEEPS, NONE, POWER, SRGB, THREE_PLANES, Op
from camsim.lowering.coefficients import Coefficients, numbers
from camsim.lowering.curves import curve_of, table_of_colors
from camsim.lowering.lowering import Lowering, LoweringError
from camsim.lowering.mosaic import OnMosaic, linearized, repaired
from camsim.lowering.place import placed
from camsim.lowering.unfinished import OtherArrayError, Unfinished, clip_twice
from camsim.spec import Stage

_UNITS = torch.eye(3, dtype=torch.float64)[None, :, None]
"""Three pixels: pure red, green, blue; (1, 3, 1, 3)."""


def add_chain(lowering: Lowering, stages: Mapping[str, Stage], cfa: str | None) -> None:
    """Add a chain to a program; its image is the next output.

    Args:
        lowering: the program.
        stages: by name.
        cfa: of the mosaic that the first of them reads; None: it reads an image of three planes.

    Raises:
        LoweringError: a stage has no row operation, or the mosaic is not a Bayer one.
    """
    chain = Chain(lowering, cfa)
    for name, stage in stages.items():
        try:
            chain.add(stage)
        except NotImplementedError:
            raise LoweringError(f"{name}: this stage has no fused form; use fused=False") from None
        except OtherArrayError:
            raise
        except LoweringError as error:
            raise LoweringError(f"{name}: {error}") from None
    chain.store()


class Chain(Unfinished):
    """A chain, and what each stage does to it."""

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
    @add.register(HamiltonAdamsStage)
    @add.register(AhdStage)
    def _(self, stage: Stage) -> None:
        self._bayer()
        self._demosaic = stage

    @add.register
    def _(self, stage: MonoStage) -> None:
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
            self._raw_clip = clip_twice(self._raw_clip, (stage.low, stage.high))
        elif self._encoding == NONE:
            self._clip = clip_twice(self._clip, (stage.low, stage.high))
        else:
            self._clip_after = clip_twice(self._clip_after, (stage.low, stage.high))

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
        taps = _half_gaussian(stage, "radius")

        def shares() -> Tensor:
            amount = stage.amount.double()
            return torch.cat([torch.stack([1 + amount, -amount]), taps()])

        def sharpen(plane: int) -> int:
            across = plane if stage.axis == "vertical" else self._one(Op.HORIZONTAL, [plane], taps, stage.kernel)
            return self._one(Op.VERTICAL, [across, plane], shares, stage.kernel, KEEPS)

        self._filter(stage.channels, sharpen)

    @add.register
    def _(self, stage: GaussianDenoiseStage) -> None:
        taps = _half_gaussian(stage, "sigma")

        self._filter(stage.channels, lambda plane: self._blurred(plane, taps, stage.kernel))

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

    @add.register
    def _(self, stage: LinearizeStage) -> None:
        if self._linearize is not None:
            raise LoweringError("only the first linearize has a fused form; use fused=False")
        self._linearize = linearized(stage)

    @add.register
    def _(self, stage: CctBalanceStage) -> None:
        def gains() -> Tensor:
            cct, temperatures = stage.cct.double(), stage.temperatures.double()
            return torch.diag(gains_at(held(cct, temperatures), temperatures, stage.red.double(), stage.blue.double()))

        self._finish_tone()
        self._matrices.append(gains)

    @add.register
    def _(self, stage: AffineColorMatrixStage) -> None:
        self._finish_tone()
        self._matrices.append(lambda: stage.matrix.double()[:, :3])
        one_point = (THREE_PLANES | CELLS, 1 << 16 | 1)
        self._take_curve(Op.GRID_COLORS, one_point, lambda: stage.matrix.double()[:, 3])

    @add.register
    def _(self, stage: UnclipHighlightsStage) -> None:
        def darker() -> Tensor:
            levels = stage.saturation.double()
            return torch.eye(3, dtype=torch.float64) * (levels.amin(0) / levels.amax(0))

        self._finish_tone()
        self._matrices.append(darker)

    @add.register
    def _(self, stage: Lut3dStage) -> None:
        self._take_curve(Op.LUT3D, *table_of_colors(stage))

    @add.register
    def _(self, stage: UnsharpMaskThresholdStage) -> None:
        taps = _half_gaussian(stage, "radius")

        def shares() -> Tensor:
            return torch.stack([stage.amount.double(), stage.threshold.double()])

        def sharpen(plane: int) -> int:
            return self._one(Op.CORING, [plane, self._blurred(plane, taps, stage.kernel)], shares, 0)

        self._filter(stage.channels, sharpen)

    @add.register(KernelSharpenStage)
    @add.register(KernelDenoiseStage)
    def _(self, stage: KernelSharpenStage | KernelDenoiseStage) -> None:
        def taps() -> Tensor:
            return stage.kernel.double().reshape(-1)

        radius = stage.kernel.shape[-1] // 2
        self._filter(stage.channels, lambda plane: self._one(Op.KERNEL, [plane], taps, radius))

    @add.register(ReinhardToneStage)
    @add.register(AcesToneStage)
    @add.register(FilmicToneStage)
    @add.register(HableToneStage)
    @add.register(SplineToneStage)
    @add.register(CurveGammaStage)
    @add.register(Bt709GammaStage)
    def _(self, stage: Stage) -> None:
        op, setting, curve = curve_of(stage)
        self._take_curve(op, (setting, 0), curve)

    @add.register(AdditiveLayerStage)
    @add.register(GridLensShadingStage)
    @add.register(RadialLensShadingStage)
    def _(self, stage: Stage) -> None:
        here = placed(stage)
        if self.has_image:
            self._take_curve(here.on_colors, (here.bits, here.size), here.numbers)
        else:
            self._wait(OnMosaic(here.on_mosaic, 0, (here.bits, here.size), here.numbers))

    @add.register(GreenEqualizationStage)
    @add.register(DynamicDefectPixelsStage)
    def _(self, stage: GreenEqualizationStage | DynamicDefectPixelsStage) -> None:
        self._wait(repaired(stage))


def _half_gaussian(
    stage: UnsharpMaskStage | UnsharpMaskThresholdStage | GaussianDenoiseStage, knob: str
) -> Coefficients:
    """Taps of its Gaussian from the middle on, (kernel + 1,), whatever stands for the ``knob`` when they are asked
    for."""
    return lambda: gaussian_kernel(getattr(stage, knob).double(), stage.kernel)[stage.kernel :]
