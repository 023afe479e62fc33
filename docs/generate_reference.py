"""Write docs/reference from the code: ``python docs/generate_reference.py [FOLDER]``."""

from __future__ import annotations

import sys
from pathlib import Path

from generator.cli import cli_page
from generator.decoders import decoders_page
from generator.profiles import profiles_page
from generator.python_api import python_page
from generator.results import results_page
from generator.sidecar import sidecar_page
from generator.stages import stages_page

PAGES = {
    "cli": cli_page,
    "decoders": decoders_page,
    "profiles": profiles_page,
    "python": python_page,
    "results": results_page,
    "sidecar": sidecar_page,
    "stages": stages_page,
}


def main(folder: Path) -> None:
    """Write every page into ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, build in PAGES.items():
        (folder / f"{name}.md").write_text(build(), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent / "reference")
