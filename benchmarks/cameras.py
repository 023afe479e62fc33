"""Cameras made for measuring one stage: as little around it as a profile allows."""

from __future__ import annotations

from typing import Any

import camsim
from benchmarks.chain import PROFILE
from camsim import catalog


def around(name: str, *stages: dict[str, Any]) -> camsim.Profile:
    """The drone's sensor with black level, the given stages, clip and gamma; ``stages`` begin with a demosaic."""
    profile = catalog.load(PROFILE)
    kept = {stage.kind: stage.model_dump() for stage in profile.isp}
    isp = [kept["black_level"], *stages, kept["clip"], kept["gamma"]]
    bare = {"name": name, "isp": isp, "provenance": {}, "choices": {}, "orders": ()}
    return camsim.Profile.model_validate(profile.model_dump() | bare)


def demosaic(method: str) -> camsim.Profile:
    """Black level, one demosaic method, clip, gamma."""
    return around(f"benchmark/{method}", {"kind": "demosaic", "method": method})


def median() -> camsim.Profile:
    """Black level, bilinear demosaic, 3x3 median of R, G and B each, clip, gamma."""
    return around(
        "benchmark/median",
        {"kind": "demosaic", "method": "bilinear"},
        {"kind": "denoise", "method": "median", "size": 3, "channels": "rgb"},
    )
