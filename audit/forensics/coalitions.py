"""Which devices between two have to be looked at: all of them, or those along some permutations."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

MOST_EXACT = 8
"""Players up to which every coalition is evaluated."""


def permutations(count: int, pairs: int, seed: int) -> NDArray[np.int64]:
    """Random orders of ``count`` players, each followed by its reverse: (2 · pairs, count).

    Antithetic sampling: what a player adds early in an order is averaged with what it adds late in the reverse
    (Mitchell et al., J. Mach. Learn. Res. 23 (2022) 43).
    """
    rng = np.random.default_rng(seed)
    orders = np.array([rng.permutation(count) for _ in range(pairs)], dtype=np.int64).reshape(pairs, count)
    return np.stack([orders, orders[:, ::-1]], axis=1).reshape(2 * pairs, count)


def prefixes(order: NDArray[np.int64]) -> list[int]:
    """The coalitions along an order, from none to all: count + 1 masks."""
    masks = [0]
    for player in order:
        masks.append(masks[-1] | 1 << int(player))
    return masks


def masks_to_play(count: int, pairs: int, seed: int) -> tuple[int, ...]:
    """The coalitions to evaluate, sorted: all 2^count, or above `MOST_EXACT` players those that the estimates need.

    These are the coalitions along the `permutations`, every player alone, all but every player, and every two players.
    """
    if count <= MOST_EXACT:
        return tuple(range(2**count))
    full = 2**count - 1
    masks = {mask for order in permutations(count, pairs, seed) for mask in prefixes(order)}
    masks |= {1 << i for i in range(count)} | {full ^ 1 << i for i in range(count)}
    masks |= {1 << i | 1 << j for i in range(count) for j in range(i)}
    return tuple(sorted(masks))
