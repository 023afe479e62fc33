"""docs/reference says what the code says."""

from __future__ import annotations

import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
import yaml

from camsim.catalog import kind, profiles_folder, shipped

from .snippets import PAGES, ROOT

REFERENCE = ROOT / "docs" / "reference"
LINK = re.compile(r"\]\((?P<target>[^)\s]+)\)")


@pytest.mark.slow
def test_the_generated_pages_are_up_to_date(tmp_path: Path) -> None:
    script = ROOT / "docs" / "generate_reference.py"
    subprocess.run([sys.executable, script, tmp_path], check=True, cwd=tmp_path)
    made = {path.name: path.read_text(encoding="utf-8") for path in tmp_path.iterdir()}
    kept = {path.name: path.read_text(encoding="utf-8") for path in REFERENCE.iterdir()}
    assert made.keys() == kept.keys()
    for name, text in made.items():
        assert text.splitlines() == kept[name].splitlines(), f"{name}: run `python docs/generate_reference.py`"


@pytest.mark.parametrize("page", [*PAGES, *sorted(REFERENCE.glob("*.md"))], ids=lambda page: page.stem)
def test_links_lead_somewhere(page: Path) -> None:
    text = re.sub(r"^```.*?^```$", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    for target in LINK.findall(text):
        if target.startswith("https://"):
            continue
        name, _, anchor = target.partition("#")
        file = page.parent / name if name else page
        assert file.exists(), f"{page.name} links to {target}"
        if anchor:
            assert anchor in anchors(file), f"{page.name} links to {target}"


def anchors(page: Path) -> set[str]:
    """GitHub's anchors of a page's headings."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_the_index_names_every_page() -> None:
    index = (ROOT / "docs" / "index.md").read_text(encoding="utf-8")
    pages = [*(ROOT / "docs").glob("*.md"), *REFERENCE.glob("*.md")]
    missing = [page.name for page in pages if page.name != "index.md" and f"{page.name})" not in index]
    assert not missing


def test_the_readme_counts_what_ships() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| `([\w-]+)/` \| (\d+) \|", readme, flags=re.MULTILINE))
    assert {name: int(count) for name, count in rows.items()} == Counter(map(kind, shipped().values()))
    assert f"the {len(shipped())} profiles" in readme


NOT_FOR_PROFILES = {"hendrycks/robustness", "bethgelab/imagecorruptions", "pytorch/vision"}
"""What else the notice has to name: constants in the code, names of classes."""


def test_the_notice_names_every_source_of_the_profiles() -> None:
    notice = (ROOT / "NOTICE").read_text(encoding="utf-8")
    cited = set()
    for path in profiles_folder().rglob("*.yaml"):
        for entry in yaml.safe_load(path.read_text(encoding="utf-8")).get("provenance", {}).values():
            cited |= set(re.findall(r"github:([\w.-]+/[\w.-]+?)(?=[@/,#\s\"]|$)", entry["source"] + " "))
    named = set(re.findall(r"github\.com/([\w.-]+/[\w-]+)", notice))
    assert named - NOT_FOR_PROFILES == cited
    assert named >= NOT_FOR_PROFILES
