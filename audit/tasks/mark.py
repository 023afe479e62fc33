"""What one answer of a model is worth."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Mark:
    """One sample through one camera, compared with the truth and with the model's answer under the reference."""

    score: float | None
    """In [0, 1], 1 = right: hit, F1 at IoU 0.5, mean IoU, 1 - character error rate ...; None without labels."""
    agreement: float
    """In [0, 1], 1 = the same answer as under the reference: the same measure with that answer as the truth."""
    flip: bool
    """Whether a user would call it another answer than under the reference; each task says when."""
    confidence: float | None
    """Of the answer, in [0, 1]; None where the model states none."""
    loss: float
    """In [0, 1], a stand-in for 1 - score (without labels: 1 - agreement) that moves before it. A search raises it
    where the task has no loss of the raw outputs (`audit.tasks.smooth`)."""
    own: Mapping[str, object] = field(default_factory=dict)
    """The task's own columns, as `VisionTask.columns` declares them: numbers, text, lists of numbers or None."""
