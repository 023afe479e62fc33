"""Which function does what; importing this imports numba."""

from __future__ import annotations

from camsim.kernels.adjoint.color import bilinear_adjoint, demosaic_adjoint, malvar_adjoint, matrix_adjoint
from camsim.kernels.adjoint.ends import load_adjoint
from camsim.kernels.adjoint.stencil import horizontal_adjoint, vertical_adjoint, weighted_sum
from camsim.kernels.adjoint.tone import store_adjoint, tone_adjoint
from camsim.kernels.operation import Operation
from camsim.kernels.program import Op
from camsim.kernels.rows.bilateral import bilateral
from camsim.kernels.rows.color import matrix
from camsim.kernels.rows.demosaic import bilinear, malvar
from camsim.kernels.rows.load import load
from camsim.kernels.rows.median import median3, median5
from camsim.kernels.rows.menon import (
    choose,
    chroma,
    opposite,
    refine_green,
    refine_opposite,
    refine_sides,
    sides,
)
from camsim.kernels.rows.stencil import cross, horizontal, vertical
from camsim.kernels.rows.tone import store, tone

OPERATIONS: dict[Op, Operation] = {
    Op.LOAD: load,
    Op.BILINEAR: bilinear,
    Op.MALVAR: malvar,
    Op.MATRIX: matrix,
    Op.HORIZONTAL: horizontal,
    Op.VERTICAL: vertical,
    Op.CROSS: cross,
    Op.MEDIAN3: median3,
    Op.MEDIAN5: median5,
    Op.TONE: tone,
    Op.STORE: store,
    Op.MENON_CHROMA: chroma,
    Op.MENON_CHOOSE: choose,
    Op.MENON_SIDES: sides,
    Op.MENON_OPPOSITE: opposite,
    Op.MENON_REFINE_GREEN: refine_green,
    Op.MENON_REFINE_SIDES: refine_sides,
    Op.MENON_REFINE_OPPOSITE: refine_opposite,
    Op.BILATERAL: bilateral,
    Op.STORE_ADJOINT: store_adjoint,
    Op.TONE_ADJOINT: tone_adjoint,
    Op.WEIGHTED_SUM: weighted_sum,
    Op.HORIZONTAL_ADJOINT: horizontal_adjoint,
    Op.VERTICAL_ADJOINT: vertical_adjoint,
    Op.MATRIX_ADJOINT: matrix_adjoint,
    Op.DEMOSAIC_ADJOINT: demosaic_adjoint,
    Op.BILINEAR_ADJOINT: bilinear_adjoint,
    Op.MALVAR_ADJOINT: malvar_adjoint,
    Op.LOAD_ADJOINT: load_adjoint,
}
