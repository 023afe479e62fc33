"""Audit vision models across emulated camera devices.

>>> result = audit.run("model.onnx", "photos/", profiles="all", reference="reference/srgb")
>>> result.verdict, result.to_frame(), result.save("runs/first")
"""

from __future__ import annotations

from audit.auditing import run
from audit.data import Dataset, Sample, builtin_scenes, open_dataset
from audit.gate import Gate, Verdict
from audit.models import Model, load_model
from audit.progress import Progress
from audit.result import Result

__all__ = [
    "Dataset",
    "Gate",
    "Model",
    "Progress",
    "Result",
    "Sample",
    "Verdict",
    "builtin_scenes",
    "load_model",
    "open_dataset",
    "run",
]
