"""A chain on its way: what has been added to a program, and what waits to be merged with what follows."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from camsim.cfa import BAYER, Bayer, bayer
from camsim.isp.demosaic.bilinear import BilinearStage
from camsim.isp.demosaic.malvar2004 import Malvar2004Stage
from camsim.isp.demosaic.mono import MonoStage
from camsim.isp.luma import LUMA, DenoiseChannels
from camsim.kernels.program import NO_LIMIT, NONE, Op
from camsim.lowering.coefficients import Coefficients, as_it_is, from_yuv, identity, numbers, one, to_yuv
from camsim.lowering.curves import limits_and_luma
from camsim.lowering.directional import DirectionalStage, add_directional
from camsim.lowering.lowering import Lowering, LoweringError
from camsim.lowering.mosaic import OnMosaic
from camsim.spec import Stage

NO_CLIP = (-NO_LIMIT, NO_LIMIT)
"""Limits that limit nothing."""
_DEMOSAIC = {BilinearStage: (Op.BILINEAR, 1), Malvar2004Stage: (Op.MALVAR, 2)}


class OtherArrayError(LoweringError):
    """A colour filter array that no demosaic here takes."""


class Unfinished:
    """A chain on its way through the stages."""

    def __init__(self, lowering: Lowering, cfa: str | None) -> None:
        """Begin with a mosaic of this colour filter array; None: with an image of three planes."""
        self._add = lowering.operation
        self._new_output = lowering.graph.add_output
        self._cfa = cfa
        self._load: Coefficients = as_it_is
        self._raw_clip = NO_CLIP
        self._linearize: tuple[tuple[int, int], Coefficients] | None = None
        self._waiting: tuple[int, OnMosaic] | None = None
        self._demosaic: Stage | None = None
        self._matrices: list[Coefficients] = []
        self._planes: tuple[int, ...] = self._add(Op.LOAD_IMAGE, (), None, outputs=3) if cfa is None else ()
        self._filtered = self._luma = -1
        self._clip, self._clip_after = NO_CLIP, NO_CLIP
        self._encoding, self._exponent = NONE, one

    @property
    def has_image(self) -> bool:
        """Whether it is an image of three planes by now, no longer a mosaic."""
        return self._demosaic is not None or bool(self._planes)

    def store(self) -> None:
        """End the chain, with a mosaic where it is still one."""
        if not self.has_image:
            self._add(Op.STORE_PLANE, [self._mosaic()], None, outputs=0, settings=(0, self._new_output(planes=1)))
            return
        self._finish_color()
        self._add(Op.STORE, self._colors(), self._tone(), outputs=0, settings=(self._encoding, self._new_output()))

    def _take_curve(self, op: Op, settings: tuple[int, int], curve: Coefficients) -> None:
        """What makes three planes of three, and limits them before."""
        if self._encoding != NONE:
            self._finish_tone()
        self._finish_color()
        clip, self._clip = self._clip, NO_CLIP
        made = limits_and_luma(*clip, curve)
        self._set_planes(self._add(op, self._colors(), made, outputs=4, settings=settings))

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

    def _blurred(self, plane: int, taps: Coefficients, radius: int) -> int:
        across = self._one(Op.HORIZONTAL, [plane], taps, radius)
        return self._one(Op.VERTICAL, [across, across], lambda: torch.cat([numbers(0, 1), taps()]), radius)

    def _filter(self, channels: DenoiseChannels, spatial: Callable[[int], int]) -> None:
        self._finish_tone()
        if channels == "chroma":
            self._matrices.append(to_yuv)
            self._finish_color()
            luma, *chroma = self._planes
            self._set_planes((luma, *(spatial(plane) for plane in chroma), -1))
            self._matrices.append(from_yuv)
            return
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
        if self._clip == NO_CLIP and self._encoding == NONE:
            return
        self._finish_color()
        self._planes = self._add(Op.TONE, self._colors(), self._tone(), outputs=3, settings=(self._encoding, 0))
        self._filtered = self._luma = -1
        self._clip, self._clip_after = NO_CLIP, NO_CLIP
        self._encoding, self._exponent = NONE, one

    def _finish_color(self) -> None:
        """Write out a demosaic and matrices that wait."""
        if self._demosaic is not None:
            stage, self._demosaic = self._demosaic, None
            if not isinstance(stage, MonoStage):
                self._set_planes(self._demosaiced(stage, self._color()))
                return
            self._planes = (self._mosaic(),) * 3
        if self._matrices:
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
        raw, cell = self._mosaic(), (_cell(self._bayer()), 0)
        if isinstance(stage, DirectionalStage):

            def step(
                op: Op, inputs: Sequence[int], made: Coefficients | None = None, *, outputs: int, radius: int = 0
            ) -> tuple[int, ...]:
                return self._add(op, inputs, made, outputs=outputs, radius=radius, settings=cell)

            return add_directional(step, stage, raw, color)
        op, radius = _DEMOSAIC[type(stage)]
        return self._add(op, [raw], color, outputs=4, radius=radius, settings=cell)

    def _wait(self, step: OnMosaic) -> None:
        """A step on the mosaic, whose result a clip may limit."""
        self._bayer()
        self._waiting = self._mosaic(), step

    def _mosaic(self) -> int:
        """Write out the mosaic so far."""
        load, clip, self._raw_clip = self._load, self._raw_clip, NO_CLIP

        def linear() -> Tensor:
            return torch.cat([load(), numbers(*clip)])

        if self._waiting is not None:
            source, (op, radius, (bits, other), made) = self._waiting
            settings = (bits | _cell(self._bayer()), other)

            def limited() -> Tensor:
                return torch.cat([numbers(*clip), made()])

            return self._add(op, [source], limited, outputs=1, radius=radius, settings=settings)[0]
        if self._linearize is None:
            return self._add(Op.LOAD, (), linear, outputs=1)[0]
        settings, curve = self._linearize
        dn = self._add(Op.LOAD, (), lambda: torch.cat([as_it_is(), numbers(*NO_CLIP)]), outputs=1)
        return self._add(Op.LINEARIZE, dn, lambda: torch.cat([linear(), curve()]), outputs=1, settings=settings)[0]

    def _bayer(self) -> Bayer:
        if self._cfa not in BAYER:
            raise OtherArrayError(f"the fused path develops Bayer mosaics, and this is {self._cfa}; use fused=False")
        return bayer(self._cfa)

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


def clip_twice(first: tuple[float, float], second: tuple[float, float]) -> tuple[float, float]:
    """The clip that equals the first and then the second."""
    low, high = second
    return min(max(first[0], low), high), min(max(first[1], low), high)
