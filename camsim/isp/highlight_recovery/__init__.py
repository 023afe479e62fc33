"""Highlights, where some channels are saturated and others are not: what becomes of them. Of linear RGB."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from camsim.isp.highlight_recovery.blend import BlendHighlights, highlights_blend
from camsim.isp.highlight_recovery.clip import ClipHighlights, highlights_clip
from camsim.isp.highlight_recovery.opposed import OpposedHighlights, highlights_opposed
from camsim.isp.highlight_recovery.unclip import UnclipHighlights, highlights_unclip

HighlightRecovery = Annotated[
    ClipHighlights | UnclipHighlights | BlendHighlights | OpposedHighlights, Field(discriminator="method")
]

__all__ = [
    "BlendHighlights",
    "ClipHighlights",
    "HighlightRecovery",
    "OpposedHighlights",
    "UnclipHighlights",
    "highlights_blend",
    "highlights_clip",
    "highlights_opposed",
    "highlights_unclip",
]
