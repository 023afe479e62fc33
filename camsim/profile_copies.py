"""Copies of a profile: with other knobs, at another setting, with other stages. Everything is written out first.

What was left to defaults follows from the rest of the profile; written out, it stays when the rest is changed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from camsim.errors import did_you_mean
from camsim.profile_choices import Omit, changed_chain, stage_names
from camsim.provenance import Provenance
from camsim.sensor import setting_changes
from camsim.spec import Range, Spec, StageSpec

if TYPE_CHECKING:
    from camsim.profile import Profile


def with_knobs(profile: Profile, values: Mapping[str, Any], name: str | None) -> Profile:
    """See `Profile.with_knobs`."""
    knobs = profile.knobs()
    unknown = [path for path in values if path not in knobs]
    if unknown:
        raise ValueError(f"{unknown[0]!r} is not a knob of {profile.name}{did_you_mean(unknown[0], knobs)}")
    changes: dict[str, dict[str, Any]] = {}
    for path, value in values.items():
        array = np.asarray(value, dtype=np.float64)
        if array.shape != knobs[path].value.shape:
            raise ValueError(f"{path} has shape {knobs[path].value.shape}, got {array.shape}")
        prefix, field = path.rsplit(".", 1)
        changes.setdefault(prefix, {})[field] = array.tolist()
    parts = {
        prefix: spec.replace(changes[prefix]) if prefix in changes else spec
        for prefix, spec in profile.resolved_parts().items()
    }
    turned = {
        path: Provenance(source=f"turned away from {knobs[path].value.tolist()} of {profile.name}", status="assumed")
        for path, value in values.items()
        if not np.array_equal(value, knobs[path].value)
    }
    return _written_out(profile, parts, profile.provenance | turned, name)


def at(profile: Profile, iso: float | None, exposure_time: float | None, name: str | None) -> Profile:
    """See `Profile.at`."""
    sensor = profile.resolved_sensor()
    changes = setting_changes(sensor, iso=iso, exposure_time=exposure_time)
    speed = [] if iso is None else [f"ISO {iso:g}"]
    time = [] if exposure_time is None else [f"{exposure_time:g} s"]
    told = {
        f"sensor.{field}": Provenance(
            source=f"{profile.name} at {', '.join(speed + time)}, by its own setting", status="derived"
        )
        for field, value in changes.items()
        if value != getattr(sensor, field)
    }
    parts = profile.resolved_parts() | sensor.replace(changes).parts()
    return _written_out(profile, parts, profile.provenance | told, name)


def with_choice(
    profile: Profile, stages: Mapping[str, StageSpec | Omit], swaps: Sequence[tuple[str, str]], name: str | None
) -> Profile:
    """See `Profile.with_choice`."""
    resolved = profile.resolved_isp()
    chain = changed_chain(resolved, stages, swaps)
    renamed = {f"isp.{before}": f"isp.{now}" for before, now in chain.renamed().items()}

    def moved(path: str) -> str | None:
        """Where what a path names is now; None: it is no longer there."""
        stage = ".".join(path.split(".")[:2])
        if path == "isp" or not path.startswith("isp."):
            return path
        return renamed[stage] + path.removeprefix(stage) if stage in renamed else None

    provenance = {now: entry for path, entry in profile.provenance.items() if (now := moved(path))}
    for new, stage in chain.new().items():
        words = "/".join(stage.tags())
        provenance[f"isp.{new}"] = Provenance(source=f"{words} chosen in a place of {profile.name}", status="assumed")
    search = None
    if profile.search is not None:
        fields = {f"isp.{new}.{field}" for new, stage in chain.new().items() for field in stage.knobs()}
        search = {now: given for path, given in profile.search.items() if (now := moved(path))}
        search |= {path: given for path, given in profile.search.items() if path in fields}
    parts = {path: spec for path, spec in profile.resolved_parts().items() if not path.startswith("isp.")}
    parts |= {f"isp.{now}": stage for now, stage in zip(stage_names(chain.stages), chain.stages, strict=True)}
    return _written_out(profile, parts, provenance, name, search)


def _written_out(
    profile: Profile,
    parts: Mapping[str, Spec],
    provenance: Mapping[str, Provenance],
    name: str | None,
    search: Mapping[str, Range] | None = None,  # a range that was right around other values need not be any more
) -> Profile:
    return type(profile)(
        name=name or profile.name,
        title=profile.title,
        provenance={path: entry for path, entry in provenance.items() if not path.startswith(("choices", "orders"))},
        optics=None if profile.optics is None else profile.optics.with_parts(parts),
        sensor=profile.sensor.with_parts(parts),
        isp=tuple(spec for prefix, spec in parts.items() if prefix.startswith("isp.")),  # type: ignore[misc]
        search=None if search is None else dict(search),
    )
