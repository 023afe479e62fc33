"""The security curve: how the worst case grows with what a search may do.

Under a bound the bound grows, under a weight the weight falls, and where there is neither the plausible ranges grow
about the device as it is. Milder cases are allowed further on too, so that the worst so far counts at every point.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from typing import TypeVar

import numpy as np

from audit.search.fidelity import Bound, Weight
from camsim import Profile
from camsim.profile_choices import choice_knobs
from camsim.spec import Knob, Range

Constraint = Bound | Weight
T = TypeVar("T")


def shares(points: int) -> tuple[float, ...]:
    """Evenly spaced shares of what the search may do, the last of which is all of it: (1 / points, ..., 1)."""
    return tuple((number + 1) / points for number in range(points))


def axis(constraint: Constraint | None) -> str:
    """What the curve is drawn against: the bound's measure, ``lambda`` or ``scale``."""
    if constraint is None:
        return "scale"
    return constraint.measure if isinstance(constraint, Bound) else "lambda"


def place(constraint: Constraint | None, share: float) -> float:
    """Where on the axis a share lies."""
    if constraint is None:
        return share
    tight = tightened(constraint, share)
    return tight.limit if isinstance(tight, Bound) else tight.weight


def tightened(constraint: Constraint, share: float) -> Constraint:
    """The constraint that allows only ``share`` in (0, 1] of the distance; a weight grows by 1 / share.

    The distance is 1 - SSIM, the RMS difference (also that of a PSNR) or the mean colour difference.
    """
    if isinstance(constraint, Weight):
        return Weight(constraint.measure, constraint.weight / share)
    if constraint.measure == "ssim":
        return Bound("ssim", 1 - share * (1 - constraint.limit))
    if constraint.measure == "psnr":
        return Bound("psnr", constraint.limit - 20 * math.log10(share))
    return Bound(constraint.measure, share * constraint.limit)


def scaled(profile: Profile, share: float) -> Profile:
    """The same device with ``share`` in (0, 1] of its plausible ranges about its own values; choices stay open.

    Where a knob of several numbers has one interval for all of them, that interval shrinks until it just holds the
    shrunken range of each.
    """
    search = {name: _scaled(knob, share) for name, knob in profile.knobs().items() if knob.plausible is not None}
    for name, stage in choice_knobs(profile.isp, profile.choices).items():
        field = name.rpartition(".")[2]
        assumed = stage.quantities()[field].plausible
        given = assumed if profile.search is None else profile.search.get(name)
        if name not in search and given is not None:
            quantity = stage.quantities()[field]
            knob = Knob(name, stage.knobs()[field], quantity.unit, (quantity.low, quantity.high), given)
            search[name] = _scaled(knob, share)
    return Profile.model_validate(profile.model_dump() | {"search": {n: r.model_dump() for n, r in search.items()}})


def worst_so_far(cases: Iterable[tuple[float, T]]) -> Iterator[T]:
    """For each point, tightest first, the case of the greatest value up to there; cases come as (value, case)."""
    best: tuple[float, T] | None = None
    for value, case in cases:
        if best is None or value > best[0]:
            best = value, case
        yield best[1]


def _scaled(knob: Knob, share: float) -> Range:
    if knob.plausible is None:
        raise ValueError(f"{knob.name} has no plausible range")
    given = knob.plausible
    if knob.value.size > 1 and given.interval is None:
        part = Range(
            relative=None if given.relative is None else share * given.relative,
            absolute=None if given.absolute is None else share * given.absolute,
        )
        low, high = part.around(knob.value)
        if np.all(low >= knob.bounds[0]) and np.all(high <= knob.bounds[1]):
            return part
    low, high = (np.clip(limit, *knob.bounds) for limit in given.around(knob.value))
    low, high = knob.value - share * (knob.value - low), knob.value + share * (high - knob.value)
    # Rounding must not shut the value itself out.
    return Range(interval=(float(min(low.min(), knob.value.min())), float(max(high.max(), knob.value.max()))))
