"""Radiance files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from audit.data.picture import read_picture
from camsim import CamsimError
from camsim.hdr import hdr_size
from camsim.imageio import read_scene

GOLDEN = Path(__file__).parent.parent / "golden" / "radiance.hdr"
HEAD = b"#?RADIANCE\nFORMAT=32-bit_rle_rgbe\n\n"


def save(path: Path, pixels: NDArray[np.uint8], *, head: bytes = HEAD, size: bytes | None = None) -> Path:
    height, width = pixels.shape[:2]
    line = b"-Y %d +X %d\n" % (height, width) if size is None else size
    path.write_bytes(head + line + pixels.tobytes())
    return path


@pytest.fixture
def pixels() -> NDArray[np.uint8]:
    drawn = np.random.default_rng(0).integers(0, 256, (9, 11, 4), dtype=np.uint8)
    drawn[..., 0] |= 128  # no pixel looks like a run
    drawn[..., 3] = 120 + drawn[..., 3] % 16
    return drawn


def decoded(pixels: NDArray[np.uint8]) -> NDArray[Any]:
    return (pixels[..., :3] + 0.5) * 2.0 ** (pixels[..., 3:].astype(float) - 136)


def test_reads_what_opencv_wrote(golden: Any) -> None:
    """OpenCV reads m 2^(e-136) and so loses half a step everywhere; with the half, errors are half as large."""
    found, original, other = read_scene(GOLDEN), golden("radiance")["original"], golden("radiance")["opencv"]
    lit = other.max(axis=-1) > 0
    step = np.exp2(np.floor(np.log2(original.max(axis=-1)[lit])) + 1 - 8)
    np.testing.assert_allclose((found - other)[lit] / step[:, None], 0.5, atol=1e-3)
    brightest = original.max(axis=-1, keepdims=True)[lit]
    assert (np.abs(found - original)[lit] / brightest).max() < 0.5 / 128
    assert not found[0, 0].any()


def test_flat_pixels_and_old_runs(tmp_path: Path, pixels: NDArray[np.uint8]) -> None:
    flat = read_scene(save(tmp_path / "flat.hdr", pixels))
    np.testing.assert_allclose(flat, decoded(pixels), rtol=1e-6)
    held = pixels.copy()
    held[:, 1:] = held[:, :1]
    rows = [row[:1].tobytes() + bytes([1, 1, 1, 10]) for row in held]
    (tmp_path / "old.hdr").write_bytes(HEAD + b"-Y 9 +X 11\n" + b"".join(rows))
    np.testing.assert_allclose(read_scene(tmp_path / "old.hdr"), decoded(held), rtol=1e-6)


def test_orientation(tmp_path: Path, pixels: NDArray[np.uint8]) -> None:
    turned = read_scene(save(tmp_path / "turned.hdr", pixels, size=b"+Y 9 -X 11\n"))
    np.testing.assert_allclose(turned, decoded(pixels)[::-1, ::-1], rtol=1e-6)


def test_its_size_is_in_the_header(tmp_path: Path) -> None:
    (tmp_path / "head.hdr").write_bytes(GOLDEN.read_bytes()[:70])
    assert hdr_size(tmp_path / "head.hdr") == (12, 24)
    assert read_picture(GOLDEN).upright == (12, 24)  # what annotations are held against
    with pytest.raises(CamsimError, match="cannot be read"):
        hdr_size(tmp_path / "nothing.hdr")


def test_srgb_primaries_may_be_stated(tmp_path: Path, pixels: NDArray[np.uint8]) -> None:
    head = HEAD.replace(b"\n\n", b"\nPRIMARIES= .640 .330 .300 .600 .150 .060 .3127 .3290\n\n")
    assert read_scene(save(tmp_path / "stated.hdr", pixels, head=head)).shape == (9, 11, 3)


@pytest.mark.parametrize(
    ("head", "size", "message"),
    [
        (b"P6\n\n", None, r"not a Radiance picture: it starts with the bytes b'P6"),
        (b"#?RADIANCE\nFORMAT=32-bit_rle_rgbe\n", b"", "its header has no end"),
        (HEAD.replace(b"rgbe", b"xyze"), None, "only 32-bit_rle_rgbe is read"),
        (HEAD, b"+X 11 -Y 9\n", "rows must come one after the other"),
        (HEAD, b"-Y 99999 +X 99999\n", "99999x99999 is more than 100 MPix"),
        (HEAD, b"-Y 3 +X 4\n", "4x3 is smaller than 8x8"),
        (HEAD, b"-Y 90 +X 11\n", "damaged or cut short"),
        (
            HEAD.replace(b"\n\n", b"\nPRIMARIES= .7 .3 .2 .7 .15 .05 .31 .33\n\n"),
            None,
            "primaries are not those of sRGB",
        ),
        (HEAD.replace(b"\n\n", b"\nPRIMARIES= red\n\n"), None, "primaries are not those of sRGB"),
        (HEAD.replace(b"\n\n", b"\nPRIMARIES= 0 0 0 0 0 0 0 0\n\n"), None, "primaries are not those of sRGB"),
    ],
    ids=["magic", "no end", "xyze", "columns", "huge", "tiny", "short", "wide gamut", "words", "zeros"],
)
def test_what_is_no_such_file_is_told(
    tmp_path: Path, pixels: NDArray[np.uint8], head: bytes, size: bytes | None, message: str
) -> None:
    with pytest.raises(CamsimError, match=message):
        read_scene(save(tmp_path / "bad.hdr", pixels, head=head, size=size))


def test_any_damage_is_an_error_that_names_the_file(tmp_path: Path) -> None:
    content = GOLDEN.read_bytes()
    start = content.index(b"+X 24\n") + 6
    rng = np.random.default_rng(1)
    told = 0
    for _ in range(200):
        broken = bytearray(content[: rng.integers(start, len(content))] if rng.random() < 0.5 else content)
        for place in rng.integers(start, max(len(broken), start + 1), 3):
            if place < len(broken):
                broken[place] = rng.integers(0, 256)
        path = tmp_path / "broken.hdr"
        path.write_bytes(bytes(broken))
        try:
            found = read_scene(path)
        except CamsimError as error:
            told += str(error).startswith(str(path))
        else:
            assert found.shape == (12, 24, 3)
            told += 1
    assert told == 200
    path.write_bytes(content[: start + 20])
    with pytest.raises(CamsimError, match="damaged or cut short"):
        read_scene(path)
