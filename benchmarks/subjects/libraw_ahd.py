"""LibRaw with AHD demosaic, its default quality."""

from __future__ import annotations

import rawpy

from benchmarks.subjects.libraw import subject

SUBJECT = subject("LibRaw AHD", rawpy.DemosaicAlgorithm.AHD)
