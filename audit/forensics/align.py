"""Which stage of one ISP chain corresponds to which of another, by kind and order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from camsim.spec import StageSpec

ANCHOR_WEIGHT, EQUAL_WEIGHT, KIND_WEIGHT = 10_000, 10, 6
"""An anchor counts more than any number of others; two pairs of one kind count more than one pair of equal stages."""


@dataclass(frozen=True)
class Slot:
    """A place in the chains of two devices: a stage of each, or of one alone."""

    name: str
    """The kind, with ``_2``, ``_3`` ... for repeats, counted over both chains together."""
    first: int | None
    """Index of the stage in the first chain; None: the first device lacks it."""
    second: int | None
    moved: bool = False
    """Both have it, but in another order."""


def align(first: Sequence[StageSpec], second: Sequence[StageSpec]) -> tuple[Slot, ...]:
    """The places of two chains in one order that agrees with both, but for the stages that moved.

    Stages are matched by kind so that as many as possible keep their order (a longest common subsequence, weighted so
    that equal stages are matched rather than stages of one kind that differ). What changes the domain of the image, and
    stands once in every chain, is always matched: everything else then stays within its domain. Stages of one kind that
    are left on both sides are the same stage, moved. Where several matches are as good, the later stages are matched.
    """
    kept = _common(first, second)
    moved = _moved(first, second, kept)
    places: list[tuple[int | None, int | None, bool]] = []
    i = j = 0
    for stop in [*kept, (len(first), len(second))]:
        places += [(a, moved.get(a), a in moved) for a in range(i, stop[0])]
        places += [(None, b, False) for b in range(j, stop[1]) if b not in moved.values()]
        if stop[0] < len(first):
            places.append((*stop, False))
        i, j = stop[0] + 1, stop[1] + 1
    seen: Counter[str] = Counter()
    slots = []
    for a, b, has_moved in places:
        kind = _kind(first[a]) if a is not None else _kind(second[b or 0])
        seen[kind] += 1
        name = kind if seen[kind] == 1 else f"{kind}_{seen[kind]}"
        slots.append(Slot(name, a, b, has_moved))
    return tuple(slots)


def ordered(slots: Sequence[Slot], *, as_second: bool) -> list[Slot]:
    """The slots with the moved ones where the first chain has them, or where the second has them.

    Stages of one device alone stay in their place between the matched ones: those of the first device come first.
    """
    if not as_second:
        return list(slots)
    moved = [slot for slot in slots if slot.moved]
    rest = [slot for slot in slots if not slot.moved]
    for slot in sorted(moved, key=lambda slot: slot.second or 0):
        # Right after the stage that stands before it in the second chain; that chain begins with an anchor.
        before = [other for other in rest if other.second is not None and other.second < (slot.second or 0)]
        rest.insert(rest.index(max(before, key=lambda other: other.second or 0)) + 1, slot)
    return rest


def _kind(stage: StageSpec) -> str:
    return stage.tags()[0]


def _weight(a: StageSpec, b: StageSpec) -> int:
    if _kind(a) != _kind(b):
        return 0
    if a.gives is not None and a.gives not in a.takes:
        return ANCHOR_WEIGHT
    return EQUAL_WEIGHT if a == b else KIND_WEIGHT


def _common(first: Sequence[StageSpec], second: Sequence[StageSpec]) -> list[tuple[int, int]]:
    """Matched pairs that keep their order, of the greatest total weight."""
    best = [[0] * (len(second) + 1) for _ in range(len(first) + 1)]
    for i, a in enumerate(first):
        for j, b in enumerate(second):
            paired = best[i][j] + _weight(a, b) if _weight(a, b) else 0
            best[i + 1][j + 1] = max(paired, best[i][j + 1], best[i + 1][j])
    pairs = []
    i, j = len(first), len(second)
    while i and j:
        weight = _weight(first[i - 1], second[j - 1])
        if weight and best[i][j] == best[i - 1][j - 1] + weight:
            i, j = i - 1, j - 1
            pairs.append((i, j))
        elif best[i][j] == best[i][j - 1]:
            j -= 1
        else:
            i -= 1
    return pairs[::-1]


def _moved(first: Sequence[StageSpec], second: Sequence[StageSpec], kept: Sequence[tuple[int, int]]) -> dict[int, int]:
    """Stages of one kind left over on both sides: index in the first chain -> in the second; equal ones first."""
    free = [j for j in range(len(second)) if j not in {b for _, b in kept}]
    left = [i for i in range(len(first)) if i not in {a for a, _ in kept}]
    moved: dict[int, int] = {}
    for equal in (True, False):
        for i in left:
            for j in free:
                fits = first[i] == second[j] if equal else _kind(first[i]) == _kind(second[j])
                if i not in moved and fits:
                    moved[i] = j
                    free.remove(j)
                    break
    return moved
