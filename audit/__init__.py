"""Audit vision models across emulated camera devices.

>>> result = audit.run("model.onnx", "photos/", profiles="all", reference="reference/srgb")
>>> result.verdict, result.to_frame(), result.save("runs/first")
"""

from __future__ import annotations

from audit.auditing import run
from audit.data import Dataset, Sample, builtin_scenes, open_dataset
from audit.forensics import Explanation, explain
from audit.gate import Gate, Verdict
from audit.models import Model, TorchModel, load_model
from audit.optimize import tune, tune_jointly
from audit.progress import Progress
from audit.result import Result
from audit.searching import SearchResult, replay, search_cameras

__all__ = [
    "Dataset",
    "Explanation",
    "Gate",
    "Model",
    "Progress",
    "Result",
    "Sample",
    "SearchResult",
    "TorchModel",
    "Verdict",
    "builtin_scenes",
    "explain",
    "load_model",
    "open_dataset",
    "replay",
    "run",
    "search_cameras",
    "tune",
    "tune_jointly",
]
