"""Who plays: the differences between two devices that can be exchanged one by one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from audit.forensics.hybrid import OPTICS, ORDER, SENSOR, Difference, Kit
from camsim import Profile

NAME = "between/"
"""Profiles between the two devices are called ``between/MASK``."""


@dataclass(frozen=True)
class Player:
    """One difference, or several that cannot be told apart."""

    name: str
    label: str
    parts: tuple[str, ...]
    differences: tuple[Difference, ...]
    why_together: tuple[str, ...] = ()
    """One sentence for each reason why several parts are one player."""


@dataclass(frozen=True)
class Alignment:
    """Two devices taken apart: ``profile(mask)`` has the second device's part of every player whose bit is set."""

    kit: Kit
    players: tuple[Player, ...]

    @property
    def count(self) -> int:
        return len(self.players)

    @property
    def full(self) -> int:
        """The coalition of all players: the second device."""
        return (1 << self.count) - 1

    def profile(self, mask: int) -> Profile:
        """The device of a coalition.

        Raises:
            ValueError: it is no valid profile.
        """
        parts = {part for place, player in enumerate(self.players) if mask >> place & 1 for part in player.parts}
        return self.kit.build(parts, f"{NAME}{mask}")


def take_apart(
    first: Profile, second: Profile, *, split_sensor: bool = False, coalitions: Callable[[int], Sequence[int]]
) -> tuple[Alignment, dict[int, Profile]]:
    """The players between two devices, and the profile of every coalition that is to be evaluated.

    Parts that are coupled physically are one player: levels that the ISP states in DN with a sensor of another DN
    scale, white balance, highlight recovery and colour matrix with another camera response, lens shading with another
    lens. Where a coalition is no valid profile for
    another reason, the two players that it tears apart are merged, and the reason is kept. Nothing is repaired.

    Args:
        first: the device where the score is taken from.
        second: the device whose drop is to be explained.
        split_sensor: exchange the parts of the sensor one by one.
        coalitions: for a number of players, the masks to evaluate; bit i set: the part of player i is the second's.
    """
    kit = Kit(first, second, split_sensor=split_sensor)
    groups, reasons = _couple(kit)
    while True:
        alignment = Alignment(kit, tuple(_player(kit, group, reasons) for group in groups))
        profiles: dict[int, Profile] = {}
        failed: dict[int, str] = {}
        for mask in coalitions(alignment.count):
            try:
                profiles[mask] = alignment.profile(mask)
            except ValueError as error:
                failed[mask] = _line(error)
        if not failed:
            return alignment, profiles
        low, high = _torn_apart(len(groups), list(failed))
        one, other = groups[low], groups.pop(high)
        why = f"{one[0]} and {other[0]} make no valid profile apart: {next(iter(failed.values()))}"
        groups[low] = (*one, *other)
        reasons[groups[low]] = [*reasons[one], *reasons[other], why]


def _couple(kit: Kit) -> tuple[list[tuple[str, ...]], dict[tuple[str, ...], list[str]]]:
    """Parts as groups, coupled ones together; and why."""
    together: dict[str, list[tuple[str, str]]] = {}
    for part in kit.parts:
        slot = kit.slot(part)
        stage = None if slot is None else kit.stage_of(slot, second=slot.first is None)
        kind = None if stage is None else stage.tags()[0]
        if kind == "black_level" and not kit.same_scale:
            owner = "sensor.levels" if kit.split_sensor else SENSOR
            why = f"{part} states levels in DN, which mean another amount of light on the other sensor"
        elif kind in ("white_balance", "color_matrix") and not kit.same_response:
            owner = "sensor.response" if kit.split_sensor else SENSOR
            why = f"{part} corrects the colours of its own sensor; on the other's it would be a miscalibration"
        elif kind == "highlight_recovery" and not kit.same_response:
            owner = "sensor.response" if kit.split_sensor else SENSOR
            why = f"{part} knows at which gains its own sensor's colours saturate"
        elif kind == "lens_shading" and OPTICS in kit.parts:
            owner = OPTICS
            why = f"{part} corrects the falloff of its own lens; on the other's it would be a miscalibration"
        else:
            continue
        together.setdefault(owner, []).append((part, why))
    taken = {part for pairs in together.values() for part, _ in pairs}
    groups: list[tuple[str, ...]] = []
    reasons: dict[tuple[str, ...], list[str]] = {}
    for part in kit.parts:
        if part in taken:
            continue
        group = (part, *(other for other, _ in together.get(part, [])))
        groups.append(group)
        reasons[group] = [why for _, why in together.get(part, [])]
    return groups, reasons


def _player(kit: Kit, parts: tuple[str, ...], reasons: dict[tuple[str, ...], list[str]]) -> Player:
    labels = [kit.label(part) for part in parts]
    names = [part.removeprefix("isp.") for part in parts]
    return Player(
        name="+".join(names),
        label=labels[0] if len(parts) == 1 else f"{labels[0]} with {', '.join(names[1:])}",
        parts=parts,
        differences=tuple(difference for part in parts for difference in kit.differences(part)),
        why_together=tuple(reasons.get(parts, [])),
    )


def _torn_apart(count: int, failed: Sequence[int]) -> tuple[int, int]:
    """The two players that most of the invalid coalitions separate; the first such pair."""
    pairs = [(i, j) for i in range(count) for j in range(i + 1, count)]
    return max(pairs, key=lambda pair: sum((mask >> pair[0] ^ mask >> pair[1]) & 1 for mask in failed))


def _line(error: ValueError) -> str:
    """The gist of a validation error, in one line."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[-1 if len(lines) < 3 else 2].split(" [type=")[0]


__all__ = ["ORDER", "Alignment", "Player", "take_apart"]
