"""``camsim demo``: the main job on what comes with the packages."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from camsim.cli.errors import handled

MAX_FLIPS = 0.3
"""Wide, since the built-in scenes are not what the model was trained on: a narrower margin would fail every device."""


@handled
def demo(
    out: Annotated[Path, typer.Option(metavar="DIR", help="Folder for the model and the run.")] = Path("runs/demo"),
    search: Annotated[int, typer.Option(metavar="N", min=0, help="Evaluations of the worst-case search.")] = 12,
) -> None:
    """Audit EfficientNet-Lite0 on built-in scenes across all devices; always exits 0 when it ran."""
    from rich.console import Console

    import audit as auditing
    from audit.demo import export_efficientnet
    from audit.report import print_summary
    from camsim.cli.progress import Bars

    console = Console()
    console.print("Exporting EfficientNet-Lite0 (ImageNet, from PyPI) to ONNX ...", highlight=False)
    model = export_efficientnet(out)
    folder = next_folder(out)
    with Bars() as bars:
        result = auditing.run(
            model,
            max_flips=MAX_FLIPS,
            search=search,
            out=folder,
            command=f"camsim audit {model} --max-flips {MAX_FLIPS} --search {search}",
            progress=bars,
        )
    print_summary(result.results, console, folder / "report.html")
    console.print(
        f"This was a demonstration: `{result.manifest['command']}` gives the same verdict and exits with "
        f"{result.exit_code}.",
        highlight=False,
        markup=False,
    )


def next_folder(out: Path) -> Path:
    """``out/1``, ``out/2`` ...: the first that is not there yet."""
    number = 1
    while (out / str(number)).exists():
        number += 1
    return out / str(number)
