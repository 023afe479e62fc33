"""Settings drawn at random."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from scipy.stats import qmc

from audit.search.mixed import Choice, MixedSpace, Setting

_BATCH = 16
"""Points that a Latin hypercube spreads out together."""


def random_choice(space: MixedSpace, rng: np.random.Generator) -> Choice:
    """A choice whose stages fit together, each alike probable."""
    while True:  # the profile as it is always fits
        choice = tuple(int(rng.integers(len(slot.options))) for slot in space.slots)
        if space.is_valid(choice):
            return choice


def uniform(space: MixedSpace, rng: np.random.Generator) -> Iterator[Setting]:
    """Independent settings, without end."""
    while True:
        choice = random_choice(space, rng)
        yield Setting(choice, rng.random(space.space(choice).size))


def spread(space: MixedSpace, choice: Choice, rng: np.random.Generator) -> Iterator[Setting]:
    """Settings of one choice that keep away from each other: Latin hypercubes, without end."""
    size = space.space(choice).size
    while True:
        for point in qmc.LatinHypercube(max(size, 1), rng=rng).random(_BATCH):
            yield Setting(choice, point[:size])
