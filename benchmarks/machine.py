"""What the figures were measured on."""

from __future__ import annotations

import os
import platform
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

LIBRARIES = (
    "camsim",
    "torch",
    "numpy",
    "numba",
    "onnxruntime",
    "scipy",
    "scikit-image",
    "colour-demosaicing",
    "opencv-python-headless",
    "kornia",
    "rawpy",
)


def describe() -> dict[str, str]:
    """Processor, cores, memory, system, date and versions, as they are shown."""
    return {
        "date": datetime.now(UTC).strftime("%Y-%m-%d"),
        "processor": _field(Path("/proc/cpuinfo"), "model name") or platform.processor() or "unknown",
        "cores": str(len(os.sched_getaffinity(0))),
        "memory": f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30:.0f} GiB",
        "system": f"{platform.system()} {platform.release()}, Python {platform.python_version()}",
        "load": f"{os.getloadavg()[0]:.1f} on average in the minute before",
    } | {name: _version(name) for name in LIBRARIES}


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"


def _field(path: Path, name: str) -> str | None:
    for line in path.read_text(encoding="utf-8").splitlines() if path.exists() else ():
        key, _, value = line.partition(":")
        if key.strip() == name:
            return value.strip()
    return None
