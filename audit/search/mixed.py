"""The whole space: every choice of stages and orders that a profile offers, each with its continuous knobs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

from audit.search.groups import ALL, find_group
from audit.search.space import Space
from camsim import Profile
from camsim.profile_choices import Omit
from camsim.spec import StageSpec

_NAMES = {"kind", "method", "encoding"}

Choice = tuple[int, ...]
"""For each slot which option: 0 is the profile as it is."""


@dataclass(frozen=True, eq=False)
class Setting:
    """One camera of the space."""

    choice: Choice
    point: NDArray[np.float64]
    """In the unit cube of that choice's knobs: (D,), where D depends on the choice."""

    @property
    def key(self) -> str:
        """Exactly this setting, as text."""
        return ",".join(map(str, self.choice)) + "|" + " ".join(float(x).hex() for x in self.point)


@dataclass(frozen=True)
class Slot:
    """One discrete decision."""

    name: str
    """``isp.denoise``, or ``isp.sharpen <> isp.denoise`` for an order."""
    options: tuple[str, ...]
    """In words; the first is the profile as it is."""
    stages: tuple[StageSpec | Omit, ...] = ()
    """What stands in the place, from the second option on."""
    swap: tuple[str, str] | None = None
    """The pair that the second option swaps."""


class MixedSpace:
    """Choices, orders and continuous knobs of a profile."""

    def __init__(self, profile: Profile, group: str = ALL, *, discrete: bool = True) -> None:
        """Take the knobs of a group, and the choices of its stages.

        Args:
            profile: where the search starts.
            group: a name of `audit.search.groups`.
            discrete: whether stages may be chosen and swapped. Orders belong to no group but ``all``.

        Raises:
            CamsimError: no such group, or nothing in it can move.
        """
        self.profile, self.group = profile, group
        self.slots = _slots(profile, group) if discrete else ()
        self._spaces: dict[Choice, Space | None] = {}
        if not self.slots:
            self._spaces[()] = Space.of(profile, group)

    @property
    def combinations(self) -> int:
        """How many choices there are, also those whose stages do not fit together."""
        return int(np.prod([len(slot.options) for slot in self.slots], dtype=np.int64))

    def start(self) -> Setting:
        """The profile as it is."""
        choice = (0,) * len(self.slots)
        return Setting(choice, self.space(choice).start())

    def space(self, choice: Choice) -> Space:
        """The knobs of a choice; without any axis where none of them can move.

        Raises:
            ValueError: the chosen stages do not fit together.
        """
        if choice not in self._spaces:
            try:
                self._spaces[choice] = Space.possible(self._chosen(choice), self.group)
            except ValueError:
                self._spaces[choice] = None
        found = self._spaces[choice]
        if found is None:
            raise ValueError("the chosen stages do not fit together")
        return found

    def is_valid(self, choice: Choice) -> bool:
        """Whether the chosen stages fit together."""
        try:
            self.space(choice)
        except ValueError:
            return False
        return True

    def choices(self) -> Iterator[Choice]:
        """Every choice whose stages fit together; the profile as it is comes first."""
        every = product(*(range(len(slot.options)) for slot in self.slots))
        return (choice for choice in every if self.is_valid(choice))

    def flips(self, choice: Choice) -> list[Choice]:
        """The valid choices that differ in one slot."""
        others = [
            (*choice[:place], option, *choice[place + 1 :])
            for place, slot in enumerate(self.slots)
            for option in range(len(slot.options))
            if option != choice[place]
        ]
        return [other for other in others if self.is_valid(other)]

    def carry(self, setting: Setting, choice: Choice) -> Setting:
        """The same place under another choice: knobs that both have keep their place, the others are as given."""
        axes = dict(zip(self.space(setting.choice).axes, setting.point, strict=True))
        space = self.space(choice)
        pairs = zip(space.axes, space.start(), strict=True)
        return Setting(choice, np.array([axes.get(name, start) for name, start in pairs], dtype=np.float64))

    def at(self, setting: Setting, name: str | None = None) -> Profile:
        """The profile at a setting.

        Raises:
            ValueError: its stages or values do not make a valid profile together.
        """
        return self.space(setting.choice).at(setting.point, name)

    def chosen(self, choice: Choice) -> Mapping[str, str]:
        """What was chosen in each slot where it is not the profile as it is, in words."""
        pairs = zip(self.slots, choice, strict=True)
        return {slot.name: slot.options[option] for slot, option in pairs if option}

    def distance(self, first: Setting, second: Setting) -> float:
        """How far two settings are apart, in [0, 1]: root mean square over axes and slots; a slot differs by 0 or 1.

        A knob that only one of them has counts like a difference of 0: its slot differs.
        """
        one, other = (dict(zip(self.space(s.choice).axes, s.point, strict=True)) for s in (first, second))
        squares = [(one[name] - other[name]) ** 2 for name in one if name in other]
        squares += [float(a != b) for a, b in zip(first.choice, second.choice, strict=True)]
        return float(np.sqrt(np.mean(squares))) if squares else 0.0

    def _chosen(self, choice: Choice) -> Profile:
        stages: dict[str, StageSpec | Omit] = {}
        swaps: list[tuple[str, str]] = []
        for slot, option in zip(self.slots, choice, strict=True):
            if option and slot.swap is not None:
                swaps.append(slot.swap)
            elif option:
                stages[slot.name] = slot.stages[option - 1]
        return self.profile.with_choice(stages, swaps) if stages or swaps else self.profile


def _slots(profile: Profile, group: str) -> tuple[Slot, ...]:
    """Its choices and, for ``all``, its orders."""
    wanted = find_group(group)
    own = dict(zip((f"isp.{name}" for name in profile.stage_names()), profile.isp, strict=True))
    slots = []
    for name, options in profile.choices.items():
        others = tuple(dict.fromkeys(option for option in options if option != own[name]))
        if others and (wanted is None or wanted.holds_stage(profile, name.removeprefix("isp."))):
            slots.append(Slot(name, tuple(_words(option) for option in (own[name], *others)), others))
    if wanted is None:
        places = list(own)
        for pair in profile.orders:
            first, second = sorted(pair, key=places.index)
            slots.append(Slot(f"{first} <> {second}", (f"{first} first", f"{second} first"), swap=(first, second)))
    return tuple(slots)


def _words(option: StageSpec | Omit) -> str:
    """``omit``, ``median(size=3)``: the method and its plain numbers."""
    if isinstance(option, str):
        return option
    plain = {k: v for k, v in option.model_dump(exclude=_NAMES).items() if isinstance(v, int | float | str)}
    numbers = ", ".join(
        f"{name}={value:g}" if isinstance(value, float) else f"{name}={value}" for name, value in plain.items()
    )
    return option.tags()[-1] + (f"({numbers})" if numbers else "")
