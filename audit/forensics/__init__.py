"""Which differences between two devices cause a model's drop: stages exchanged one by one, and shared out fairly."""

from __future__ import annotations

from audit.forensics.attribution import Attribution, attribute
from audit.forensics.divide import Division, divide
from audit.forensics.explain import explain
from audit.forensics.explanation import Explanation
from audit.forensics.play import Table, play
from audit.forensics.players import Alignment, Player, take_apart
from audit.forensics.shapley import interaction_indices, shapley_values

__all__ = [
    "Alignment",
    "Attribution",
    "Division",
    "Explanation",
    "Player",
    "Table",
    "attribute",
    "divide",
    "explain",
    "interaction_indices",
    "play",
    "shapley_values",
    "take_apart",
]
