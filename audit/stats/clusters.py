"""Samples that belong together, such as frames of a video: only the clusters are independent."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Clusters = Sequence[object] | NDArray[np.generic]
"""One label a sample, (N,); equal labels belong together, and None stands by itself."""


def cluster_indices(clusters: Clusters | None, samples: int) -> NDArray[np.intp]:
    """Number of each sample's cluster, (N,) in 0..G-1, in the order in which they first appear.

    Without ``clusters`` every sample is its own. ValueError: another number of labels than samples.
    """
    if clusters is None:
        return np.arange(samples)
    if len(clusters) != samples:
        raise ValueError(f"clusters must have one label for each of {samples} samples, got {len(clusters)}")
    numbers: dict[object, int] = {}
    keys = [("alone", place) if label is None else ("label", label) for place, label in enumerate(clusters)]
    return np.array([numbers.setdefault(key, len(numbers)) for key in keys], dtype=np.intp)


def is_clustered(clusters: Clusters | None) -> bool:
    """Whether any two samples belong together."""
    return clusters is not None and int(cluster_indices(clusters, len(clusters)).max(initial=-1)) + 1 < len(clusters)


def totals(values: NDArray[np.float64], clusters: Clusters | None) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Sum of ``values`` (N,) and number of samples of each cluster, (G,) both."""
    members = cluster_indices(clusters, len(values))
    sums = np.bincount(members, weights=values).astype(np.float64)
    return sums, np.bincount(members).astype(np.float64)
