"""``python -m camsim``: the same as the command ``camsim``."""

from __future__ import annotations

from camsim.cli import main

main()
