"""What results say about a task and its model."""

from __future__ import annotations

from typing import Any

from audit.tasks.classification import Classification
from audit.tasks.vision_task import VisionTask


def model_json(task: VisionTask[Any]) -> dict[str, Any]:
    """The model, JSON-able: its name, hash, number of classes (None: not known) and how it is fed and read."""
    if isinstance(task, Classification):
        classes: int | None = task.count
    else:
        classes = None if task.classes is None else len(task.classes)
    return {"name": task.name, "sha256": task.sha256, "classes": classes, "input": task.describe()}


def task_json(task: VisionTask[Any]) -> dict[str, Any]:
    """The task, JSON-able: what it is called and what its score of a sample is."""
    return {"key": task.key, "title": task.title, "score": task.score_title}
