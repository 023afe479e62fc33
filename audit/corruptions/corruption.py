"""What a common corruption is: a picture made worse after it was taken, in five steps."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

Picture = NDArray[np.uint8]
"""(H, W, 3), RGB, 0..255."""
Apply = Callable[[Picture, int, Generator], NDArray[Any]]
"""Picture, severity 1..5 and where random numbers come from -> (H, W, 3), 0..255, not yet rounded."""


def shown(values: NDArray[Any]) -> NDArray[Any]:
    """Values of which 1 is white, limited and in the scale of pictures."""
    return np.asarray(255 * np.clip(values, 0, 1))


SEVERITIES = (1, 2, 3, 4, 5)


@dataclass(frozen=True)
class Corruption:
    """One of the common corruptions of Hendrycks & Dietterich, ICLR 2019."""

    key: str
    """As there: ``gaussian_noise``."""
    title: str
    """Within a sentence: ``shot noise``."""
    group: Literal["noise", "blur", "weather", "digital"]
    apply: Apply
    missing: Callable[[], str | None] = lambda: None
    """Why it cannot be applied here, in one line; None: it can."""
