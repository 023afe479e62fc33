"""A worst case with its certificate, and how it is written down."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from audit.search.certificate import Certificate
from audit.search.mixed import MixedSpace, Setting
from audit.search.worst import Found
from camsim import Profile


@dataclass(frozen=True)
class Case:
    """What a search found, and what held up."""

    found: Found
    found_by: str
    """The search, in words."""
    certificate: Certificate

    @property
    def profile(self) -> Profile:
        return self.found.profile

    @property
    def file(self) -> str:
        """Where it lies in the run folder."""
        return case_file(self.profile)


def case_file(profile: Profile) -> str:
    """``worst/drone-mavic.yaml`` for the profile ``worst/drone/mavic``."""
    return f"worst/{profile.name.removeprefix('worst/').replace('/', '-')}.yaml"


def case_json(case: Case) -> dict[str, Any]:
    """As in results.json."""
    found = case.found
    return {
        "profile": case.profile.name,
        "base": found.base.name,
        "file": case.file,
        "found_by": case.found_by,
        "group": found.space.group,
        "value": found.value,
        "value_of_device": found.start.value,
        "loss": found.evaluation.loss,
        "changed": found.changed,
        "changed_of_device": found.start.changed,
        "fidelity_measure": found.measure,
        "fidelity": found.fidelity,
        "chosen": chosen_json(found.space, found.setting),
        "knobs": knobs_json(found.space, found.setting),
        "certificate": case.certificate.to_json(),
    }


def chosen_json(space: MixedSpace, setting: Setting) -> dict[str, list[str]]:
    """Stages that differ from the device's: by name, what they were and what they became, in words."""
    slots = {slot.name: slot.options[0] for slot in space.slots}
    return {name: [slots[name], now] for name, now in space.chosen(setting.choice).items()}


def knobs_json(space: MixedSpace, setting: Setting) -> list[dict[str, Any]]:
    """Every knob that could move: from where to where in its range. A knob of a chosen stage starts at that stage's
    own value."""
    inner = space.space(setting.choice)
    knobs, after = inner.profile.knobs(), inner.knobs_at(setting.point)
    return [
        {
            "name": name,
            "unit": knobs[name].unit,
            "from": knobs[name].value.tolist(),
            "to": after[name].tolist(),
            "low": low.tolist(),
            "high": inner.high[name].tolist(),
        }
        for name, low in inner.low.items()
    ]
