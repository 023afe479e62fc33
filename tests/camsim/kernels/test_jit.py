"""Where kernels are kept, and when they are made anew."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import numba
import pytest

from camsim.kernels import jit


def test_the_stamp_changes_with_any_file_of_the_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "kernels"
    shutil.copytree(Path(jit.__file__).parent, package, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(jit, "__file__", str(package / "jit.py"))
    assert jit._stamp() == jit.STAMP
    stamps = {jit.STAMP}
    for name in ("power.py", "rows/tone.py", "adjoint/color.py", "frame.py"):
        with (package / name).open("a") as file:
            file.write("# a change\n")
        stamps.add(jit._stamp())
    assert len(stamps) == 5


def test_the_folder_is_named_after_the_stamp_and_numba_gets_its_own_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(numba.config, "CACHE_DIR", "somebody's")
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    with jit.kept_on_disk():
        assert Path(numba.config.CACHE_DIR) == tmp_path / f"camsim-{jit.STAMP:x}"
    assert numba.config.CACHE_DIR == "somebody's"
    with pytest.raises(KeyError), jit.kept_on_disk():
        raise KeyError
    assert numba.config.CACHE_DIR == "somebody's"
    jit._folder.cache_clear()
    try:
        monkeypatch.setattr(jit, "STAMP", jit.STAMP + 1)
        with jit.kept_on_disk():
            assert Path(numba.config.CACHE_DIR) == tmp_path / f"camsim-{jit.STAMP:x}"
    finally:
        jit._folder.cache_clear()


def test_where_nothing_can_be_written_kernels_live_as_long_as_the_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path / "file" / "kernels"))
    with jit.kept_on_disk():
        folder = Path(numba.config.CACHE_DIR)
    assert folder.is_dir()
    assert not folder.is_relative_to(tmp_path)
    assert folder.stat().st_mode & 0o077 == 0  # nobody else may put code there
    with jit.kept_on_disk():
        assert Path(numba.config.CACHE_DIR) == folder


def test_without_a_choice_kernels_lie_in_the_users_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NUMBA_CACHE_DIR", raising=False)
    with jit.kept_on_disk():
        assert Path(numba.config.CACHE_DIR) == Path(jit.user_cache_path("camsim")) / "kernels" / f"camsim-{jit.STAMP:x}"


SCRIPT = """
import torch, camsim
torch.set_num_threads(1)
profile = camsim.load("reference/srgb")
stages = ({"kind": "black_level"}, {"kind": "demosaic", "method": "bilinear"}, {"kind": "gamma", "encoding": "srgb"})
short = camsim.Profile.model_validate(profile.model_dump() | {"isp": stages, "provenance": {}})
camera = camsim.compile(short, fused=True)
with torch.no_grad():
    print(float(camera.develop(torch.full((1, 1, 6, 8), 20000.0)).sum()))
"""


def kept(folder: Path) -> dict[str, tuple[int, int]]:
    return {
        str(path.relative_to(folder)): (path.stat().st_mtime_ns, path.stat().st_size)
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_other_processes_load_what_the_first_has_made(tmp_path: Path) -> None:
    """And make what has gone, as after a full disk."""
    environment = os.environ | {"NUMBA_CACHE_DIR": str(tmp_path), "OMP_NUM_THREADS": "1"}

    def run() -> tuple[str, dict[str, tuple[int, int]]]:
        command = [sys.executable, "-P", "-c", SCRIPT]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout, kept(tmp_path)

    first = run()
    assert [path.name for path in tmp_path.iterdir()] == [f"camsim-{jit.STAMP:x}"]
    names = {name.rsplit("/", 1)[1].split("-")[0].split(".")[1] for name in first[1] if name.endswith(".nbc")}
    assert names == {"run", "load", "bilinear", "store"}
    assert run() == first
    [index] = [path for path in tmp_path.rglob("*.nbi") if ".load" in path.name]
    index.unlink()
    picture, files = run()
    assert picture == first[0]
    assert {name for name, state in files.items() if state != first[1].get(name)} >= {str(index.relative_to(tmp_path))}
    assert files.keys() == first[1].keys()
