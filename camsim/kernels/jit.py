"""How kernels are compiled: by numba, to machine code that is kept on disk.

numba decides whether a kept kernel is stale by the time stamp of one file alone. Kernels here call functions of other
files, so they are kept in a folder named after `STAMP`, a number that changes with any file of this package.
"""

from __future__ import annotations

import atexit
import gc
import hashlib
import os
import shutil
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import numba
from numba import njit
from platformdirs import user_cache_path

from camsim.kernels.inner import InnerCompiler, once_for_each_type

F = TypeVar("F", bound=Callable[..., Any])

FAST = {"contract", "nsz", "nnan", "ninf", "arcp"}
"""What the compiler may assume: no NaN or infinity, -0 is 0, multiply and add may be one rounding. Not that sums may be
reordered: results must not depend on how a row is cut into vectors."""

_INNER = {"pipeline_class": InnerCompiler, "no_cpython_wrapper": True, "no_cfunc_wrapper": True}
"""Of functions that only kernels can call: wrappers for Python would double the time to compile them."""

_lock = threading.RLock()


def _stamp() -> int:
    digest = hashlib.blake2b(digest_size=7)
    for file in sorted(Path(__file__).parent.rglob("*.py")):
        digest.update(file.read_bytes())
    return int.from_bytes(digest.digest(), "little")


STAMP = _stamp()


@cache
def _folder(chosen: str | None) -> Path:
    base = Path(chosen) if chosen else user_cache_path("camsim") / "kernels"
    folder = base / f"camsim-{STAMP:x}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        writable = os.access(folder, os.W_OK)
    except OSError:
        writable = False
    if writable:
        return folder
    # A disk that may not be written, as in many containers: compile for this process alone. The folder has a name that
    # nobody else can know, since what lies in it is run.
    private = tempfile.mkdtemp(prefix="camsim-kernels-")
    atexit.register(shutil.rmtree, private, ignore_errors=True)
    return Path(private)


@contextmanager
def kept_on_disk() -> Iterator[None]:
    """Where numba looks for kernels, and keeps them, while one is made; NUMBA_CACHE_DIR moves the folder.

    Meanwhile Python looks for no garbage: among all that torch keeps, that would take a tenth of the time.
    """
    with _lock:
        before, collects = numba.config.CACHE_DIR, gc.isenabled()
        numba.config.CACHE_DIR = str(_folder(os.environ.get("NUMBA_CACHE_DIR")))
        gc.disable()
        try:
            yield
        finally:
            numba.config.CACHE_DIR = before
            if collects:
                gc.enable()


def row_function(function: F) -> F:
    """A loop over a row, called from a kernel."""
    return _inner(function)


def lane_function(function: F) -> F:
    """A formula on vectors, merged into the loop that uses it: a call for every sixteen pixels would cost more."""
    return _inner(function, forceinline=True)


def _inner(function: F, **options: bool) -> F:
    compiled: F = njit(fastmath=FAST, error_model="numpy", **_INNER, **options)(function)
    once_for_each_type(compiled)
    return compiled


def entry_point(function: F) -> F:
    """A kernel that Python calls: compiled on its first call or loaded from disk; it gives up the GIL."""
    with kept_on_disk():
        compiled: F = njit(fastmath=FAST, error_model="numpy", cache=True, nogil=True)(function)
    return compiled
