"""Names of corrupted pictures in an audit: ``corruption/gaussian_noise@3``."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from audit.corruptions.common import CORRUPTIONS
from audit.corruptions.corruption import SEVERITIES
from camsim.errors import CamsimError, did_you_mean

KIND = "corruption"
"""What stands where a profile has its kind."""

_NAME = re.compile(KIND + r"/(?P<key>[a-z_]+)@(?P<severity>[1-5])")


@dataclass(frozen=True)
class Step:
    """A corruption at one severity."""

    key: str
    severity: int

    @property
    def name(self) -> str:
        return f"{KIND}/{self.key}@{self.severity}"

    @property
    def title(self) -> str:
        return f"{CORRUPTIONS[self.key].title}, severity {self.severity}"


def read_step(name: str) -> Step | None:
    """The corruption that a name stands for; None: it is that of something else."""
    found = _NAME.fullmatch(name)
    return Step(found["key"], int(found["severity"])) if found and found["key"] in CORRUPTIONS else None


def left_out(wanted: str | Sequence[str]) -> tuple[str, ...]:
    """Why corruptions that ``all`` or a group stands for cannot be applied here, one line each; see `choose_steps`."""
    keys = {text.partition("=")[0] for text in ([wanted] if isinstance(wanted, str) else wanted)}
    asked = [one for one in CORRUPTIONS.values() if keys & {"all", one.group}]
    return tuple(reason for one in asked if (reason := one.missing()) is not None)


def choose_steps(wanted: str | Sequence[str]) -> tuple[Step, ...]:
    """What ``all``, groups (``blur``), names (``fog``), and names with severities (``fog=1,3,5``) stand for.

    Each once, in the usual order; without severities all five. What cannot be applied here is left out of ``all`` and
    of its group (see `left_out`), and refused where it is named.

    Raises:
        CamsimError: no such corruption, group or severity, or a name of one that cannot be applied here.
    """
    groups = {corruption.group for corruption in CORRUPTIONS.values()}
    chosen: set[Step] = set()
    for text in [wanted] if isinstance(wanted, str) else wanted:
        key, sign, listed = text.partition("=")
        keys = [name for name, corruption in CORRUPTIONS.items() if key in ("all", name, corruption.group)]
        if not keys:
            known = ["all", *sorted(groups), *CORRUPTIONS]
            raise CamsimError(f"unknown corruption {key!r}{did_you_mean(key, known)} ({', '.join(known)})")
        severities = listed.split(",") if sign else [str(severity) for severity in SEVERITIES]
        wrong = [part for part in severities if part.strip() not in {str(severity) for severity in SEVERITIES}]
        if wrong:
            raise CamsimError(f"corruption {text!r}: severities are 1 to 5, such as {key}=1,3,5; got {wrong[0]!r}")
        reasons = {name: CORRUPTIONS[name].missing() for name in keys}
        if (reason := reasons.get(key)) is not None:
            raise CamsimError(f"corruption {text!r}: {reason}")
        there = [name for name in keys if reasons[name] is None]
        chosen |= {Step(name, int(severity)) for name in there for severity in severities}
    order = {key: place for place, key in enumerate(CORRUPTIONS)}
    return tuple(sorted(chosen, key=lambda step: (order[step.key], step.severity)))
