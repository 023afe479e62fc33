"""camsim: emulate camera devices, differentiably, from YAML profiles.

>>> camera = camsim.compile("seed/drone/ma-s-me")
>>> raw = camera.capture(scene, seed=0)     # (B, 3, H, W) linear light -> (B, 1, H, W) DN
>>> rgb = camera.develop(raw)               # -> (B, 3, H, W) display-encoded in [0, 1]

Audits of models across devices live in the package `audit`.
"""

from __future__ import annotations

import importlib
from importlib.metadata import version as _version
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from camsim import isp, optics, sensor
    from camsim.catalog import load, save, select, shipped
    from camsim.emulator import Emulator, compile
    from camsim.errors import CamsimError, NoDataError, ProfileError, UnsafeError
    from camsim.group import CameraGroup, develop_many
    from camsim.optics import Optics
    from camsim.profile import Profile, Provenance
    from camsim.raw_scene import RawScene, scene_from_raw
    from camsim.sensor import Sensor
    from camsim.spec import Knob, Range
    from camsim.unprocess import Unprocess
    from camsim.validation import Validation, validate

__version__ = _version("camsim")

_HOMES = {
    "CameraGroup": "camsim.group",
    "CamsimError": "camsim.errors",
    "Emulator": "camsim.emulator",
    "Knob": "camsim.spec",
    "NoDataError": "camsim.errors",
    "Optics": "camsim.optics",
    "Profile": "camsim.profile",
    "ProfileError": "camsim.errors",
    "Provenance": "camsim.profile",
    "Range": "camsim.spec",
    "RawScene": "camsim.raw_scene",
    "Sensor": "camsim.sensor",
    "Unprocess": "camsim.unprocess",
    "UnsafeError": "camsim.errors",
    "Validation": "camsim.validation",
    "compile": "camsim.emulator",
    "develop_many": "camsim.group",
    "load": "camsim.catalog",
    "save": "camsim.catalog",
    "scene_from_raw": "camsim.raw_scene",
    "select": "camsim.catalog",
    "shipped": "camsim.catalog",
    "validate": "camsim.validation",
}

__all__ = [
    "CameraGroup",
    "CamsimError",
    "Emulator",
    "Knob",
    "NoDataError",
    "Optics",
    "Profile",
    "ProfileError",
    "Provenance",
    "Range",
    "RawScene",
    "Sensor",
    "Unprocess",
    "UnsafeError",
    "Validation",
    "__version__",
    "compile",
    "develop_many",
    "isp",
    "load",
    "optics",
    "save",
    "scene_from_raw",
    "select",
    "sensor",
    "shipped",
    "validate",
]


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used: the command line must not wait for torch to print its help."""
    if name in ("isp", "optics", "sensor"):
        return importlib.import_module(f"camsim.{name}")
    if name in _HOMES:
        return getattr(importlib.import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'camsim' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
