"""Common corruptions (Hendrycks & Dietterich, ICLR 2019): the usual yardstick, which knows nothing of cameras.

The constants and steps are those of the published ImageNet-C, in the form for pictures of any size of the package
imagecorruptions (Michaelis et al. 2019; both Apache-2.0); the code is camsim's own, since that package needs OpenCV
with a user interface and draws from global generators. It gives the same pictures from the same random numbers; see
tests/golden. Lengths are in pixels, and were chosen for pictures of 224x224: smaller ones suffer more.

Of the fifteen, frost is laid over from photographs, which are read from that package where it is installed.
"""

from __future__ import annotations

from audit.corruptions.camera import CorruptedCamera, CorruptedLineup
from audit.corruptions.common import CORRUPTIONS, MIN_SIDE, corrupt
from audit.corruptions.corruption import SEVERITIES, Corruption
from audit.corruptions.name import KIND, Step, choose_steps, left_out, read_step

__all__ = [
    "CORRUPTIONS",
    "KIND",
    "MIN_SIDE",
    "SEVERITIES",
    "CorruptedCamera",
    "CorruptedLineup",
    "Corruption",
    "Step",
    "choose_steps",
    "corrupt",
    "left_out",
    "read_step",
]
