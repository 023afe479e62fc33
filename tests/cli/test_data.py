"""`camsim data` as a user runs it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from PIL import Image

from .conftest import Run


def test_show_says_what_was_understood(run_camsim: Run, tmp_path: Path) -> None:
    Image.fromarray(np.zeros((16, 24, 3), np.uint8)).save(tmp_path / "a.png")
    (tmp_path / "data.csv").write_text(
        "image,left,top,right,bottom,label,site\na.png,1,2,30,8,cat,north\nb.png,1,1,2,2,dog,north\n"
    )
    done = run_camsim("data", "show", tmp_path, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert "samples  2" in lines
    assert "truth    boxes" in lines
    assert "classes  cat, dog" in lines
    assert "note     1 pictures of the table are not there and count as unreadable (first: b.png)." in lines
    assert "sample   id a.png, site north, size 24x16, truth 1 boxes: 1 cat" in lines
    facts = json.loads(run_camsim("data", "show", tmp_path, "--json", "--limit", "1", cwd=tmp_path).stdout)
    assert (facts["samples"], facts["truth"], facts["classes"]) == (1, "boxes", ["cat", "dog"])


def test_show_refuses_with_the_usual_exit_codes(run_camsim: Run, tmp_path: Path) -> None:
    done = run_camsim("data", "show", tmp_path / "nowhere", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert "does not exist" in done.stderr
    assert run_camsim("data", "show", tmp_path, cwd=tmp_path).returncode == 3
    (tmp_path / "data.csv").write_text("image,label\n../a.png,x\n")
    done = run_camsim("data", "show", tmp_path, cwd=tmp_path)
    assert done.returncode == 4
    assert "data.csv:2: '../a.png' leads out of the folder" in done.stderr


def test_fetch_says_that_nobody_answers(run_camsim: Run, tmp_path: Path) -> None:
    done = run_camsim("data", "fetch", "raw-drone", "--mirror", "nothing://x", cwd=tmp_path)
    assert done.returncode == 2
    assert "nothing://x/records/5235536: cannot be reached" in done.stderr
    assert list(tmp_path.iterdir()) == []
