"""manifest.json: what a run was made of, so that it can be made again."""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Sequence
from datetime import datetime
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import torch

from audit.data import Dataset
from camsim import Profile
from camsim.profile_file import to_yaml

PACKAGES = ("camsim", "torch", "numpy", "kornia", "onnx", "onnxruntime", "pillow", "rawpy", "scipy", "cmaes")


def run_key(
    model_sha256: str, data: Dataset, split: str, profiles: Sequence[Profile], seed: int, search: int
) -> dict[str, Any]:
    """What decides the outcomes of a run; two runs with the same key have the same results."""
    key = {
        "camsim": version("camsim"),
        "model": model_sha256,
        "data": data.sha256,
        "scenes": data.description,
        "split": split,
        "profiles": {profile.name: profile_hash(profile) for profile in profiles},
        "seed": seed,
        "search": search,
    }
    return key if data.unprocess is None else key | {"unprocess": dict(data.unprocess)}


def profile_hash(profile: Profile) -> str:
    """SHA-256 of the profile's canonical YAML."""
    return hashlib.sha256(to_yaml(profile).encode()).hexdigest()


def build_manifest(
    key: dict[str, Any], command: str, started: datetime, duration_s: float, notes: Sequence[str]
) -> dict[str, Any]:
    """The manifest: the key of the run, and the circumstances that should not matter."""
    return {
        "command": command,
        "created": started.isoformat(timespec="seconds"),
        "duration_s": round(duration_s, 1),
        "versions": {name: found for name in PACKAGES if (found := _version(name))},
        "machine": f"{platform.platform()}, Python {platform.python_version()}, {torch.get_num_threads()} threads",
        "model_sha256": key["model"],
        "data_sha256": key["data"],
        "split": key["split"],
        "seed": key["seed"],
        "search": key["search"],
        "profiles": key["profiles"],
        "notes": list(notes),
    } | ({"unprocess": key["unprocess"]} if "unprocess" in key else {})


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
