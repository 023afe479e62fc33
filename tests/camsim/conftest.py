"""What the tests of camsim share."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

Golden = dict[str, NDArray[Any]]


@cache
def _load(name: str) -> Golden:
    with np.load(Path(__file__).parents[1] / "golden" / f"{name}.npz") as arrays:
        return dict(arrays)


@pytest.fixture(scope="session")
def golden() -> Callable[[str], Golden]:
    """Reference arrays by file name; see tests/golden/README.md."""
    return _load
