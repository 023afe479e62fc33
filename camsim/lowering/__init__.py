"""Lowering: an ISP chain as a program of row operations.

White balance, colour matrices and demosaic become one operation, filters of the luma a chain on one plane, clips and
encoding the last operation. What cannot be said in row operations is refused, and runs on the plain path.
"""

from __future__ import annotations

from camsim.lowering.chain import add_chain
from camsim.lowering.coefficients import Coefficients
from camsim.lowering.lowering import Lowering, LoweringError

__all__ = ["Coefficients", "Lowering", "LoweringError", "add_chain"]
