"""In which fields two profiles differ."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from typing import Any

from camsim.profile import Profile

ABSENT = "-"
MAX_TEXT = 100
"""Longer texts, such as packed tables, are told by their digest."""


def differences(first: Profile, second: Profile) -> list[tuple[str, str, str]]:
    """(field, value in the first, value in the second) for each field of optics, sensor and ISP that differs.

    Defaults are written out first; stages are matched by kind, and the chain's order is compared as a field of its own.
    """
    left, right = (dict(_fields(profile)) for profile in (first, second))
    rows = []
    for path in [*left, *(path for path in right if path not in left)]:
        pair = left.get(path, ABSENT), right.get(path, ABSENT)
        if pair[0] != pair[1]:
            rows.append((path, *pair))
    return rows


def _fields(profile: Profile) -> Iterator[tuple[str, str]]:
    if profile.optics is not None:
        yield from _flat("optics", profile.optics.model_dump())
    yield from _flat("sensor", profile.resolved_sensor().model_dump())
    yield "isp", ", ".join(profile.stage_names())
    for name, stage in zip(profile.stage_names(), profile.resolved_isp(), strict=True):
        yield from _flat(f"isp.{name}", stage.model_dump(exclude={"kind"}))


def _flat(prefix: str, values: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for key, value in values.items():
        if isinstance(value, Mapping):
            yield from _flat(f"{prefix}.{key}", value)
        elif value is not None:
            yield f"{prefix}.{key}", _text(value)


def _text(value: Any) -> str:
    if isinstance(value, tuple):
        return "[" + ", ".join(_text(item) for item in value) + "]"
    if isinstance(value, str) and len(value) > MAX_TEXT:
        return f"{len(value)} characters, sha256 {hashlib.sha256(value.encode()).hexdigest()[:16]}"
    return f"{value:.6g}" if isinstance(value, float) else str(value)
