"""Tables of colours: interpolation against colour-science, and files that are not to be trusted."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import colour
import numpy as np
import pytest
import torch
from colour.algebra import table_interpolation_tetrahedral, table_interpolation_trilinear

import camsim
from camsim.isp import Lut3d, lut3d
from camsim.isp.cube import MAX_SIZE, pack, parse_cube, read_cube, unpack
from camsim.profile_diff import differences
from camsim.profile_file import read_profiles, to_yaml

RNG = np.random.default_rng(7)
THEIRS = {"trilinear": table_interpolation_trilinear, "tetrahedral": table_interpolation_tetrahedral}


def number(value: Any, dtype: torch.dtype = torch.float64) -> torch.Tensor:
    return torch.tensor(value, dtype=dtype)


def as_picture(colors: Any) -> torch.Tensor:
    """(N, 3) -> (1, 3, 1, N)."""
    return torch.from_numpy(np.ascontiguousarray(np.asarray(colors).T))[None, :, None]


def look(size: int) -> np.ndarray[Any, Any]:
    """(N, N, N, 3) by red, green, blue: a smooth look that is not symmetric in the channels."""
    r, g, b = np.meshgrid(*[np.linspace(0, 1, size)] * 3, indexing="ij")
    return np.stack([r**0.8 * (0.9 + 0.1 * g), 0.05 + 0.9 * g - 0.1 * r * b, (b + 0.2 * g * r) ** 1.3 / 1.3], axis=-1)


def write_cube(path: Path, table: np.ndarray[Any, Any], low: Any = (0, 0, 0), high: Any = (1, 1, 1)) -> None:
    colour.write_LUT(colour.LUT3D(table, "look", np.array([low, high], dtype=np.float64)), str(path), decimals=7)


@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float64, 1e-12), (torch.float32, 1e-5)], ids=["f64", "f32"])
@pytest.mark.parametrize("size", [2, 5, 33])
@pytest.mark.parametrize("method", ["trilinear", "tetrahedral"])
def test_interpolation_equals_colour_science(method: Any, size: int, dtype: torch.dtype, tolerance: float) -> None:
    table = RNG.random((size, size, size, 3)) if size < 33 else look(size)
    nodes = np.stack([RNG.integers(0, size, 30)] * 3, axis=-1) / (size - 1)
    edges = [[0, 0, 0], [1, 1, 1], [0.3, 0.3, 0.3], [0.3, 0.3, 0.7], [0.7, 0.3, 0.3], [1, 0, 0.5], [0.25, 1, 0.25]]
    rgb = np.concatenate([RNG.random((400, 3)), nodes, edges])
    stored = torch.from_numpy(np.ascontiguousarray(table.transpose(2, 1, 0, 3))).to(dtype)
    limits = (number([0.0] * 3, dtype), number([1.0] * 3, dtype))
    ours = lut3d(as_picture(rgb).to(dtype), stored, *limits, number(1.0, dtype), method)[0, :, 0].T.numpy()
    np.testing.assert_allclose(ours, THEIRS[method](rgb, table), rtol=0, atol=tolerance)


@pytest.mark.parametrize(("low", "high"), [((0, 0, 0), (1, 1, 1)), ((-0.5, 0.0, 0.25), (2.0, 1.5, 1.0))])
def test_a_file_equals_colour_science(tmp_path: Path, low: Any, high: Any) -> None:
    """Read and applied by theirs, and by a profile in YAML."""
    write_cube(tmp_path / "look.cube", look(9), low, high)
    theirs = colour.read_LUT(str(tmp_path / "look.cube"))
    cube, _ = read_cube(tmp_path, "look.cube")
    np.testing.assert_allclose(cube.table.transpose(2, 1, 0, 3), theirs.table, rtol=0, atol=1e-7)
    assert [cube.low, cube.high] == [low, high]
    rgb = np.array(low) + RNG.random((200, 3)) * (np.array(high) - np.array(low))
    spec = Lut3d(size=9, low=low, high=high, table=pack(cube.table), interpolation="trilinear")
    stage = spec.build(camsim.load("board/rpi-v1-ov5647").raw_format)
    with torch.no_grad():
        ours = stage(as_picture(rgb))[0, :, 0].T.numpy()
    np.testing.assert_allclose(ours, theirs.apply(rgb), rtol=0, atol=1e-6)


@pytest.mark.parametrize("method", ["trilinear", "tetrahedral"])
def test_outside_the_nearest_side_holds_with_its_gradient(method: Any) -> None:
    table = torch.from_numpy(look(5).transpose(2, 1, 0, 3).copy())
    limits = (number([0.0] * 3), number([1.0] * 3))
    outside = number([[-0.2, 0.43, 1.7], [1.0001, 0.1, -5.0]]).requires_grad_()
    inside = outside.detach().clamp(1e-12, 1 - 1e-12).requires_grad_()
    grads = []
    values = []
    for rgb in (outside, inside):
        out = lut3d(rgb.T[None, :, None], table, *limits, number(1.0), method)
        values.append(out)
        grads.append(torch.autograd.grad(out.square().sum(), rgb)[0])
    torch.testing.assert_close(values[0], values[1])
    torch.testing.assert_close(grads[0], grads[1])
    assert (grads[0].abs() > 1e-3).any()


def test_strength_lies_between_nothing_and_the_look() -> None:
    table = torch.from_numpy(look(5).transpose(2, 1, 0, 3).copy())
    limits = (number([0.0] * 3), number([1.0] * 3))
    rgb = as_picture(RNG.random((50, 3)))
    none, half, all_of_it = (lut3d(rgb, table, *limits, number(s), "tetrahedral") for s in (0.0, 0.5, 1.0))
    torch.testing.assert_close(none, rgb)
    torch.testing.assert_close(half, (rgb + all_of_it) / 2)


@pytest.mark.parametrize("size", [2, 17, 33])
def test_packing_keeps_every_bit(size: int) -> None:
    table = look(size).astype(np.float32)
    assert (unpack(pack(table), size) == table).all()


def test_what_does_not_fit_or_is_not_packed_is_refused() -> None:
    with pytest.raises(ValueError, match="a profile holds 1500000; resample it"):
        pack(RNG.random((MAX_SIZE, MAX_SIZE, MAX_SIZE, 3)).astype(np.float32))
    good = pack(look(4).astype(np.float32))
    for text, size, message in [
        ("%%%", 4, "not what camsim packed"),
        ("AAAA", 4, "not what camsim packed"),
        (good[: len(good) // 8 * 4], 4, "does not hold the 192 numbers"),
        (good, 5, "does not hold the 375 numbers of size 5"),
        (good, 3, "does not hold the 81 numbers of size 3"),
        (pack(np.full((4, 4, 4, 3), np.nan, dtype=np.float32)), 4, "NaN"),
    ]:
        with pytest.raises(ValueError, match=message):
            Lut3d(size=size, table=text)
    with pytest.raises(ValueError, match="a table needs its size"):
        Lut3d(table=good)
    with pytest.raises(ValueError, match="must begin before it ends"):
        Lut3d(size=4, table=good, low=(0, 1, 0))


TEXT = '# a look\nTITLE "x"\nLUT_3D_SIZE 2\nDOMAIN_MIN 0 0 0\nDOMAIN_MAX 1 1 1\n\n' + "0.1 0.2 0.3\n" * 8


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("LUT_3D_SIZE 2", "LUT_3D_SIZE 129", r"line 3: LUT_3D_SIZE must be one whole number in \[2, 65\], got '129'"),
        ("LUT_3D_SIZE 2", "LUT_3D_SIZE 1", "line 3: LUT_3D_SIZE must"),
        ("LUT_3D_SIZE 2", "LUT_3D_SIZE two", "line 3: LUT_3D_SIZE must"),
        ("LUT_3D_SIZE 2", "LUT_3D_SIZE " + "9" * 200, "line 3: LUT_3D_SIZE must"),
        ("LUT_3D_SIZE 2", "LUT_1D_SIZE 2", "line 3: expected TITLE, LUT_3D_SIZE once"),
        ("LUT_3D_SIZE 2\n", "", "line 6: expected"),
        ("LUT_3D_SIZE 2", "LUT_3D_SIZE 3", "has 8 rows, LUT_3D_SIZE 3 asks for 27"),
        ("0.1 0.2 0.3\n", "", "has 0 rows, LUT_3D_SIZE 2 asks for 8"),
        ("DOMAIN_MAX 1 1 1", "DOMAIN_MAX 1 0 1", "must begin before it ends"),
        ("DOMAIN_MAX 1 1 1", "DOMAIN_MAX 1 1", "line 5: needs three numbers"),
        ("DOMAIN_MAX 1 1 1", "DOMAIN_MAX 1 1 inf", "line 5: must be finite"),
        ("\n\n", "\n0.1 nan 0.3\n", "line 6: must be finite"),
        ("\n\n", "\n0.1 1e99 0.3\n", "line 6: must be finite"),
        ("\n\n", "\n0.1 0,2 0.3\n", "line 6: needs three numbers"),
        ("\n\n", "\n0.1 0.2 0.3\n", "line 14: more than the 8 rows"),
        ("\n\n", "\n" + "0" * 251 + "\n", "line 6: is longer than 250 characters"),
    ],
)
def test_other_text_is_refused_with_its_line(old: str, new: str, message: str) -> None:
    parse_cube(TEXT)
    assert old in TEXT
    with pytest.raises(ValueError, match=message):
        parse_cube(TEXT.replace(old, new))


GAMMA = "  - {kind: gamma, encoding: power, gamma: 2.2}\n"


def with_look(profile_text: str, entry: str) -> str:
    return profile_text.replace(GAMMA, GAMMA + "  - " + entry + "\n")


def test_a_profile_that_was_read_holds_the_table(profile_text: str, tmp_path: Path) -> None:
    (tmp_path / "looks").mkdir()
    write_cube(tmp_path / "looks/warm.cube", look(5))
    file = tmp_path / "warm.yaml"
    file.write_text(with_look(profile_text, "{kind: lut3d, file: looks/warm.cube}"), encoding="utf-8")
    warm = camsim.load(file)
    assert "isp.lut3d.strength" in warm.knobs()
    digest = warm.isp[-1].model_dump()["sha256"]
    (tmp_path / "looks/warm.cube").unlink()
    assert read_profiles(to_yaml(warm), "again.yaml") == [warm]
    half = warm.with_knobs({"isp.lut3d.strength": 0.5})
    camsim.save(half, tmp_path / "half.yaml")
    assert camsim.load(tmp_path / "half.yaml") == half
    with torch.no_grad():
        scene = torch.full((1, 3, 8, 8), 0.3)
        pictures = [camsim.compile(p)(scene, seed=None) for p in (warm, half)]
    assert (pictures[0] - pictures[1]).abs().max() > 0.01
    write_cube(tmp_path / "looks/warm.cube", look(6))
    other = camsim.load(file)
    changed = {path: (before, after) for path, before, after in differences(warm, other)}
    assert set(changed) == {"isp.lut3d.sha256", "isp.lut3d.size", "isp.lut3d.table"}
    assert all(re.fullmatch(r"\d+ characters, sha256 \w{16}", text) for text in changed["isp.lut3d.table"])
    wrong = with_look(profile_text, f"{{kind: lut3d, file: looks/warm.cube, sha256: {digest}}}")
    file.write_text(wrong, encoding="utf-8")
    with pytest.raises(camsim.ProfileError, match=r"warm.yaml:\d+: isp\[7\].lut3d: file .* has the sha256"):
        camsim.load(file)


def test_a_profile_reads_nothing_outside_its_folder(profile_text: str, tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    write_cube(tmp_path / "other.cube", look(3))
    (home / "link.cube").symlink_to(tmp_path / "other.cube")
    (home / "text.cube").write_text("1 2 3\n")
    (home / "bytes.cube").write_bytes(b"\xff\xfe\x00")
    os.mkfifo(home / "pipe.cube")
    for name, message in {
        "../other.cube": "must lie in the profile's folder or below it",
        str(tmp_path / "other.cube"): "must lie in the profile's folder or below it",
        "..\\\\other.cube": "must lie in the profile's folder or below it",
        "link.cube": "is a link to elsewhere",
        "missing.cube": "cannot be read: No such file",
        ".": "is no file of at most",
        "pipe.cube": "is no file of at most",
        "text.cube": "file 'text.cube', line 1: expected TITLE",
        "bytes.cube": "is not UTF-8 text",
    }.items():
        (home / "a.yaml").write_text(with_look(profile_text, f'{{kind: lut3d, file: "{name}"}}'), encoding="utf-8")
        with pytest.raises(camsim.ProfileError, match=message):
            camsim.load(home / "a.yaml")


def test_what_a_profile_says_of_a_table_must_fit_together(profile_text: str, tmp_path: Path) -> None:
    write_cube(tmp_path / "a.cube", look(3))
    for entry, message in {
        "{kind: lut3d}": "needs the key file, a .cube file",
        "{kind: lut3d, file: a.cube, size: 5}": "size come from the file; leave them out",
        "{kind: lut3d, file: a.cube, sha256: 12}": "sha256",
        "{kind: lut3d, file: a.cube, strength: 2}": r"strength: must lie in \[0, 1\], got 2",
        "{kind: lut3d, file: a.cube, interpolation: cubic}": "must be 'trilinear' or 'tetrahedral', got 'cubic'",
    }.items():
        with pytest.raises(camsim.ProfileError, match=message):
            read_profiles(with_look(profile_text, entry), "a.yaml", tmp_path)
    with pytest.raises(camsim.ProfileError, match="only with a profile that is a file itself"):
        read_profiles(with_look(profile_text, "{kind: lut3d, file: a.cube}"), "a.yaml")
