"""An operation of the row machine: a function of its own, compiled when a program first needs it."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property

from numba import cfunc, types

from camsim.kernels.jit import FAST, kept_on_disk

Row = Callable[[int, int, int, int, int], None]
"""op, frame, y, first, last: the operation's row of the table and the frame, both by address; the row of the image to
make; its first column, counted from the tile's left and negative in the halo, and its last, exclusive, in sixteens."""

_SIGNATURE = types.void(*[types.int64] * 5)


class Operation:
    """A row function with the one signature that the machine calls."""

    def __init__(self, function: Row) -> None:
        self._function = function
        self.__doc__ = function.__doc__

    @cached_property
    def address(self) -> int:
        """Of the machine code; compiled now, or loaded from disk."""
        with kept_on_disk():
            compiled = cfunc(_SIGNATURE, cache=True, fastmath=FAST, error_model="numpy")(self._function)
        self._compiled = compiled  # which owns the code
        return int(compiled.address)
