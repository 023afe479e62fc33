"""Which function does what: each is imported, with numba, when a program first needs it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import TYPE_CHECKING

from camsim.kernels.program import Op

if TYPE_CHECKING:
    from camsim.kernels.operation import Operation

_MODULES: dict[str, dict[Op, str]] = {
    "rows.load": {Op.LOAD: "load"},
    "rows.image": {Op.LOAD_IMAGE: "load_image", Op.STORE_PLANE: "store_plane"},
    "rows.linearize": {Op.LINEARIZE: "linearize"},
    "rows.grid": {Op.GRID_MOSAIC: "grid_mosaic", Op.GRID_COLORS: "grid_colors"},
    "rows.radial": {Op.RADIAL_MOSAIC: "radial_mosaic", Op.RADIAL_COLORS: "radial_colors"},
    "rows.repair": {Op.EQUALIZE_GREENS: "equalize_greens", Op.REPLACE_DEFECTS: "replace_defects"},
    "rows.demosaic": {Op.BILINEAR: "bilinear", Op.MALVAR: "malvar"},
    "rows.hamilton_adams": {
        Op.HAMILTON_PEAK: "hamilton_peak",
        Op.HAMILTON_GREEN: "hamilton_green",
        Op.HAMILTON_COLORS: "hamilton_colors",
    },
    "rows.menon": {
        Op.MENON_CHROMA: "chroma",
        Op.MENON_CHOOSE: "choose",
        Op.MENON_SIDES: "sides",
        Op.MENON_OPPOSITE: "opposite",
        Op.MENON_REFINE_GREEN: "refine_green",
        Op.MENON_REFINE_SIDES: "refine_sides",
        Op.MENON_REFINE_OPPOSITE: "refine_opposite",
    },
    "rows.ahd": {
        Op.AHD_GREEN: "ahd_green",
        Op.AHD_SIDES: "ahd_sides",
        Op.AHD_LAB: "ahd_lab",
        Op.AHD_COUNT: "ahd_count",
        Op.AHD_CHOOSE: "ahd_choose",
    },
    "rows.color": {Op.MATRIX: "matrix"},
    "rows.lut3d": {Op.LUT3D: "lut3d"},
    "rows.curve": {Op.RATIONAL: "rational", Op.SAMPLES: "samples", Op.CUBICS: "cubics", Op.BT709: "bt709"},
    "rows.stencil": {Op.HORIZONTAL: "horizontal", Op.VERTICAL: "vertical", Op.CROSS: "cross"},
    "rows.kernel": {Op.KERNEL: "kernel"},
    "rows.coring": {Op.CORING: "coring"},
    "rows.median": {Op.MEDIAN3: "median3", Op.MEDIAN5: "median5"},
    "rows.bilateral": {Op.BILATERAL: "bilateral"},
    "rows.tone": {Op.TONE: "tone", Op.STORE: "store"},
    "adjoint.ends": {Op.LOAD_ADJOINT: "load_adjoint"},
    "adjoint.image": {Op.LOAD_IMAGE_ADJOINT: "load_image_adjoint", Op.STORE_PLANE_ADJOINT: "store_plane_adjoint"},
    "adjoint.linearize": {Op.LINEARIZE_ADJOINT: "linearize_adjoint"},
    "adjoint.place": {
        Op.GRID_MOSAIC_ADJOINT: "grid_mosaic_adjoint",
        Op.RADIAL_MOSAIC_ADJOINT: "radial_mosaic_adjoint",
        Op.GRID_COLORS_ADJOINT: "grid_colors_adjoint",
        Op.RADIAL_COLORS_ADJOINT: "radial_colors_adjoint",
    },
    "adjoint.color": {
        Op.DEMOSAIC_ADJOINT: "demosaic_adjoint",
        Op.BILINEAR_ADJOINT: "bilinear_adjoint",
        Op.MALVAR_ADJOINT: "malvar_adjoint",
        Op.MATRIX_ADJOINT: "matrix_adjoint",
    },
    "adjoint.curve": {
        Op.RATIONAL_ADJOINT: "rational_adjoint",
        Op.SAMPLES_ADJOINT: "samples_adjoint",
        Op.CUBICS_ADJOINT: "cubics_adjoint",
        Op.BT709_ADJOINT: "bt709_adjoint",
    },
    "adjoint.stencil": {
        Op.HORIZONTAL_ADJOINT: "horizontal_adjoint",
        Op.VERTICAL_ADJOINT: "vertical_adjoint",
        Op.WEIGHTED_SUM: "weighted_sum",
    },
    "adjoint.kernel": {Op.KERNEL_ADJOINT: "kernel_adjoint"},
    "adjoint.coring": {Op.CORING_ADJOINT: "coring_adjoint"},
    "adjoint.tone": {Op.TONE_ADJOINT: "tone_adjoint", Op.STORE_ADJOINT: "store_adjoint"},
}
"""Below camsim.kernels, and the names in each."""

_PLACES = {op: (module, name) for module, names in _MODULES.items() for op, name in names.items()}


class _Operations(Mapping[Op, "Operation"]):
    """All of them; those of a chain are a few."""

    def __getitem__(self, op: Op) -> Operation:
        module, name = _PLACES[op]
        found: Operation = getattr(import_module(f"camsim.kernels.{module}"), name)
        return found

    def __iter__(self) -> Iterator[Op]:
        return iter(_PLACES)

    def __len__(self) -> int:
        return len(_PLACES)


OPERATIONS = _Operations()
