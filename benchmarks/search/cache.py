"""Models that a benchmark trains are kept outside the checkout, and trained again when anything about them changes."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import platformdirs
import torch
from torch import nn

from camsim.atomic import atomic_path


def folder() -> Path:
    """Where trained models lie: in the user's cache."""
    path = Path(platformdirs.user_cache_dir("camsim")) / "search-benchmark"
    path.mkdir(parents=True, exist_ok=True)
    return path


def trained(network: nn.Module, name: str, depends_on: str, train: Callable[[nn.Module], None]) -> Path:
    """Weights of a network: trained now, or read from an earlier time, and in evaluation mode in either case.

    Args:
        network: trained in place, or given the kept weights.
        name: of the file.
        depends_on: everything that decides the weights, as text.
        train: trains it.

    Returns:
        The file of the weights.
    """
    digest = hashlib.sha256(depends_on.encode()).hexdigest()[:12]
    path = folder() / f"{name}-{digest}.pt"
    if path.exists():
        network.load_state_dict(torch.load(path, weights_only=True))
    else:
        train(network)
        with atomic_path(path) as temporary:
            torch.save(network.state_dict(), temporary)
    network.eval()
    return path
