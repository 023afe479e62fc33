"""Whether a vector of sixteen numbers is one register here, so that several vectors at a time fit into the processor.

Where registers are shorter, LLVM splits vectors, and several at a time would go to memory and back. Results are the
same, to the bit.
"""

from __future__ import annotations

import numba
from llvmlite import binding


def _wide() -> bool:
    chosen: str | None = numba.config.CPU_FEATURES  # what numba compiles for in place of this machine
    if chosen is not None:
        return "+avx512f" in chosen.split(",")
    return bool(binding.get_host_cpu_features().get("avx512f", False))


WIDE = _wide()
"""AVX-512 has 32 registers of 64 bytes."""
