"""Tone curves: from the range of the scene to that of a display."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from camsim.isp.tone.aces import AcesTone, tone_aces
from camsim.isp.tone.clahe import ClaheTone, tone_clahe
from camsim.isp.tone.filmic import FilmicTone, tone_filmic
from camsim.isp.tone.hable import HableTone, tone_hable
from camsim.isp.tone.local import LocalTone, tone_local
from camsim.isp.tone.reinhard import ReinhardTone, tone_reinhard
from camsim.isp.tone.spline import SplineTone, tone_spline

Tone = Annotated[
    ReinhardTone | HableTone | AcesTone | FilmicTone | SplineTone | LocalTone | ClaheTone,
    Field(discriminator="method"),
]

__all__ = [
    "AcesTone",
    "ClaheTone",
    "FilmicTone",
    "HableTone",
    "LocalTone",
    "ReinhardTone",
    "SplineTone",
    "Tone",
    "tone_aces",
    "tone_clahe",
    "tone_filmic",
    "tone_hable",
    "tone_local",
    "tone_reinhard",
    "tone_spline",
]
