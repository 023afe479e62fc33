"""LibRaw with bilinear demosaic."""

from __future__ import annotations

import rawpy

from benchmarks.subjects.libraw import subject

SUBJECT = subject("LibRaw linear", rawpy.DemosaicAlgorithm.LINEAR)
