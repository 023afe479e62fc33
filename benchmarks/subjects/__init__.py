"""Ways to the same picture, one a module; each is imported only in the process that measures it."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import dataclass, field

from benchmarks.subjects.subject import Subject
from benchmarks.work import UnavailableError

# glibc then keeps what is freed instead of handing it back to the system and paying for fresh pages.
TUNED_MALLOC = {
    "GLIBC_TUNABLES": "glibc.malloc.mmap_max=0:glibc.malloc.trim_threshold=17179869184:glibc.malloc.top_pad=67108864"
}


@dataclass(frozen=True)
class Entry:
    """Where a subject lives and what its process needs."""

    module: str
    environment: Mapping[str, str] = field(default_factory=dict)


SUBJECTS = {
    "copy": Entry("copy_floor"),
    "copy, new memory": Entry("copy_new"),
    "camsim fused": Entry("camsim_fused"),
    "camsim fused, out=": Entry("camsim_fused_out"),
    "camsim fused, uint16 to uint8": Entry("camsim_fused_bytes"),
    "camsim plain": Entry("camsim_plain"),
    "seed-style torch": Entry("seed_torch"),
    "seed-style torch, tuned malloc": Entry("seed_torch", TUNED_MALLOC),
    "colour-demosaicing + scipy + scikit-image": Entry("composition"),
    "OpenCV float32": Entry("opencv_float"),
    "OpenCV uint16 + LUT": Entry("opencv_uint16"),
    "kornia": Entry("kornia_chain"),
    "LibRaw linear": Entry("libraw_linear"),
    "LibRaw AHD": Entry("libraw_ahd"),
}


def find(name: str) -> Subject:
    """Import a subject.

    Raises:
        UnavailableError: the library it measures is not installed.
    """
    try:
        module = importlib.import_module(f"benchmarks.subjects.{SUBJECTS[name].module}")
    except ModuleNotFoundError as error:
        if (error.name or "").split(".")[0] in ("camsim", "benchmarks"):
            raise
        raise UnavailableError(f"{error.name} is not installed; `make bench` installs it") from None
    subject: Subject = module.SUBJECT
    return subject
