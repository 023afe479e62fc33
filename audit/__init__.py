"""Audit vision models across emulated camera devices.

>>> result = audit.run("model.onnx", "photos/", profiles="all", reference="reference/srgb")
>>> result.verdict, result.to_frame(), result.save("runs/first")
"""

from __future__ import annotations

from audit.auditing import run
from audit.data import Dataset, Sample, builtin_scenes, open_dataset
from audit.forensics import Explanation, explain
from audit.gate import Gate, Verdict
from audit.models import Model, Network, TorchModel, TorchNetwork, Trust, load_model, open_network
from audit.optimize import tune, tune_jointly
from audit.progress import Progress
from audit.result import Result
from audit.searching import SearchResult, replay, search_cameras
from audit.tasks.custom import CustomTask
from audit.tasks.open import open_task
from audit.tasks.vision_task import VisionTask

__all__ = [
    "CustomTask",
    "Dataset",
    "Explanation",
    "Gate",
    "Model",
    "Network",
    "Progress",
    "Result",
    "Sample",
    "SearchResult",
    "TorchModel",
    "TorchNetwork",
    "Trust",
    "Verdict",
    "VisionTask",
    "builtin_scenes",
    "explain",
    "load_model",
    "open_dataset",
    "open_network",
    "open_task",
    "replay",
    "run",
    "search_cameras",
    "tune",
    "tune_jointly",
]
