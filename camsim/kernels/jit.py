"""How kernels are compiled: by numba, to machine code that is kept on disk.

numba decides whether a kept kernel is stale by the time stamp of one file alone. A kernel here calls functions of other
files, so every entry point closes over `STAMP`, a number that changes with any file of this folder: numba puts the
values a function closes over into the name under which it keeps the code.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from numba import njit

F = TypeVar("F", bound=Callable[..., Any])

_FAST = {"contract", "nsz", "nnan", "ninf", "arcp"}
"""What the compiler may assume: no NaN or infinity, -0 is 0, multiply and add may be one rounding. Not that sums may be
reordered: results must not depend on how a row is cut into vectors."""


def _stamp() -> int:
    digest = hashlib.blake2b(digest_size=7)
    for file in sorted(Path(__file__).parent.rglob("*.py")):
        digest.update(file.read_bytes())
    return int.from_bytes(digest.digest(), "little")


STAMP = _stamp()


def row_function(function: F) -> F:
    """A loop over a row, called from a kernel."""
    compiled: F = njit(fastmath=_FAST, error_model="numpy")(function)
    return compiled


def lane_function(function: F) -> F:
    """A formula on vectors, merged into the loop that uses it: a call for every sixteen pixels would cost more."""
    compiled: F = njit(fastmath=_FAST, error_model="numpy", forceinline=True)(function)
    return compiled


def entry_point(function: F) -> F:
    """A kernel that Python calls: compiled on its first call or loaded from disk; it gives up the GIL."""
    compiled: F = njit(fastmath=_FAST, error_model="numpy", cache=True, nogil=True)(function)
    return compiled
