"""Reading RAW."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import colour
import numpy as np
import pytest
import rawpy
import tifffile
import torch
from numpy.typing import NDArray
from PIL import Image

from camsim.camera_rgb import camera_rgb
from camsim.cfa import cell, mosaic, phases
from camsim.errors import CamsimError
from camsim.rawio import camera_to_srgb, orient, read_raw, read_scene

MOSAIC = np.random.default_rng(0).integers(0, 65536, (6, 9)).astype(np.uint16)


def write(path: Path, array: NDArray[Any]) -> Path:
    match path.suffix.lower():
        case ".npy":
            np.save(path, array)
        case ".png":
            Image.fromarray(array).save(path)
        case _:
            tifffile.imwrite(path, array)
    return path


def npy(array: NDArray[Any], **options: Any) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array, **options)
    return buffer.getvalue()


def npz(array: NDArray[Any]) -> bytes:
    buffer = io.BytesIO()
    np.savez(buffer, array)
    return buffer.getvalue()


def header(shape: str) -> bytes:
    text = f"{{'descr': '<u2', 'fortran_order': False, 'shape': {shape}, }}".ljust(117) + "\n"
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text.encode()


@pytest.mark.parametrize("name", ["a.tif", "a.tiff", "a.TIFF", "a.png", "a.npy"])
def test_mosaics_are_read_as_they_are(tmp_path: Path, name: str) -> None:
    raw = read_raw(write(tmp_path / name, MOSAIC))
    assert raw.mosaic.dtype == np.float32
    np.testing.assert_array_equal(raw.mosaic, MOSAIC)
    assert (raw.cfa, raw.black, raw.white, raw.white_balance, raw.camera_to_srgb, raw.flip) == (None,) * 5 + (0,)


@pytest.mark.parametrize("kind", ["npy f4", "npy f8", "npy >u2", "npy i4", "tif f4", "tif u1", "png u1"])
def test_numbers_of_every_kind(tmp_path: Path, kind: str) -> None:
    suffix, dtype = kind.split()
    array = (MOSAIC // 256).astype(dtype)
    raw = read_raw(write(tmp_path / f"a.{suffix}", array))
    np.testing.assert_array_equal(raw.mosaic, array.astype(np.float32))
    assert raw.mosaic.flags.writeable  # torch warns of mapped files otherwise


def test_compressed_tiff(tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "a.tif", MOSAIC, compression="zlib")
    np.testing.assert_array_equal(read_raw(tmp_path / "a.tif").mosaic, MOSAIC)


@pytest.mark.parametrize(
    ("name", "array"),
    [
        ("rgb.png", np.zeros((4, 4, 3), np.uint8)),
        ("rgb.tif", np.zeros((4, 4, 3), np.uint8)),
        ("pages.tif", np.zeros((2, 4, 4), np.uint16)),
        ("complex.tif", np.zeros((4, 4), np.complex64)),
        ("complex.npy", np.zeros((4, 4), complex)),
        ("cube.npy", np.zeros((3, 4, 5))),
        ("scalar.npy", np.array(3.0)),
        ("bool.npy", np.zeros((4, 4), bool)),
        ("text.npy", np.array([["a", "b"], ["c", "d"]])),
        ("dates.npy", np.zeros((4, 4), "M8[s]")),
        ("row.npy", np.zeros((1, 9))),
        ("empty.npy", np.zeros((0, 9))),
    ],
    ids=lambda part: part if isinstance(part, str) else "",
)
def test_what_is_no_mosaic_is_refused(tmp_path: Path, name: str, array: NDArray[Any]) -> None:
    path = write(tmp_path / name, array)
    with pytest.raises(CamsimError, match=r"a mosaic is one value a pixel, \(H, W\), got shape .* goes to `camsim"):
        read_raw(path)


@pytest.mark.parametrize("mode", ["1", "LA", "P", "RGBA"])
def test_png_modes_that_hold_no_dn_are_refused(tmp_path: Path, mode: str) -> None:
    Image.new("RGBA", (4, 4), "red").convert(mode).save(tmp_path / "a.png")
    with pytest.raises(CamsimError, match=f"PNG mode {mode}"):
        read_raw(tmp_path / "a.png")


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.npy", b""),
        ("a.npy", b"hello"),
        ("a.npy", npy(MOSAIC)[:-10]),
        ("a.npy", npy(MOSAIC)[:40]),
        ("a.npy", npy(np.array([{}]), allow_pickle=True)),
        ("a.npy", npz(MOSAIC)),
        ("a.npy", b"PK\x03\x04 no archive"),
        ("a.npy", header("(999999, 999999)")),
        ("a.npy", header("(-5, 4)")),
        ("a.npy", header("((4, 4)")),
        ("a.png", b""),
        ("a.png", b"hello"),
        ("a.tif", b""),
        ("a.tif", b"hello"),
    ],
    ids=[
        *("empty npy", "text as npy", "short npy", "short npy header", "pickle", "npz", "broken zip"),
        *("npy longer than its file", "negative npy", "npy header cut off", "empty png", "text as png"),
        *("empty tiff", "text as tiff"),
    ],
)
def test_damaged_files_are_refused(tmp_path: Path, name: str, data: bytes) -> None:
    (tmp_path / name).write_bytes(data)
    with pytest.raises(CamsimError, match=rf"{name}: cannot be read as a mosaic: "):
        read_raw(tmp_path / name)


@pytest.mark.parametrize("name", ["a.npy", "a.png", "z.tif"])
def test_files_with_wrong_bytes_are_refused_or_read(tmp_path: Path, name: str) -> None:
    """Whatever the bytes, the answer is a mosaic or an error that names the file."""
    if name == "z.tif":
        tifffile.imwrite(tmp_path / name, MOSAIC, compression="zlib")
    else:
        write(tmp_path / name, MOSAIC)
    good = (tmp_path / name).read_bytes()
    rng = np.random.default_rng(1)
    messages = []
    for _ in range(60):
        bad = bytearray(good)
        for place in rng.integers(0, min(len(good), 260), 3):
            bad[place] = rng.integers(0, 256)
        (tmp_path / name).write_bytes(bad)
        try:
            mosaic = read_raw(tmp_path / name).mosaic
        except CamsimError as error:
            messages.append(str(error))
        else:
            assert mosaic.ndim == 2
    assert len(messages) > 5
    assert all(name in message for message in messages)


@pytest.mark.parametrize("name", ["a.npy", "a.png", "a.tif"])
def test_frames_too_large_are_refused_before_they_are_decoded(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(tmp_path / name, MOSAIC)
    monkeypatch.setattr("camsim.rawio.MAX_PIXELS", 53)
    for decoder in ("tifffile.TiffPageSeries.asarray", "numpy.asarray"):
        monkeypatch.setattr(decoder, lambda *_: pytest.fail("decoded"))
    with pytest.raises(CamsimError, match="has more than 53 pixels"):
        read_raw(path)


@pytest.mark.parametrize("name", ["a.npy", "a.dng", "folder.npy"])
def test_missing_files(tmp_path: Path, name: str) -> None:
    (tmp_path / "folder.npy").mkdir()
    with pytest.raises(CamsimError, match="no such file"):
        read_raw(tmp_path / name)


def test_other_suffixes_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(b"x")
    with pytest.raises(CamsimError, match=r"a RAW file ends in one of \.arw, .*\.npy"):
        read_raw(tmp_path / "a.jpg")


@pytest.mark.parametrize("data", [b"", b"hello", b"II*\x00" + bytes(100)], ids=["empty", "text", "zeros"])
def test_camera_files_that_are_none_are_refused(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "a.dng").write_bytes(data)
    with pytest.raises(CamsimError, match=r"a\.dng: LibRaw cannot read it"):
        read_raw(tmp_path / "a.dng")


def test_a_plain_mosaic_is_no_scene(tmp_path: Path) -> None:
    with pytest.raises(CamsimError, match="a plain mosaic has no colour; develop it with a profile"):
        read_scene(write(tmp_path / "a.npy", MOSAIC))


@pytest.mark.parametrize(("flip", "quarters"), [(0, 0), (3, 2), (5, 1), (6, -1)])
def test_orientation_equals_numpy(flip: int, quarters: int) -> None:
    image = np.arange(24.0).reshape(2, 3, 4)
    ours = orient(torch.from_numpy(image), flip).numpy()
    np.testing.assert_array_equal(ours, np.rot90(image, quarters, axes=(-2, -1)))


def test_code_6_puts_the_left_column_on_top() -> None:
    """A camera held upright with its right side down writes 6: what was left becomes the top."""
    image = torch.tensor([[1.0, 2.0], [3.0, 4.0]])
    assert orient(image, 6).tolist() == [[3.0, 1.0], [4.0, 2.0]]


def test_other_orientations_are_refused() -> None:
    with pytest.raises(CamsimError, match="unknown orientation code 4; allowed: 0, 3, 5, 6"):
        orient(torch.zeros(2, 2), 4)


NIKON_D5000 = np.array([[0.7309, -0.1403, -0.0519], [-0.8474, 1.6008, 0.2622], [-0.2434, 0.2826, 0.8064]])
"""Adobe's XYZ (D65) to camera RGB."""


def test_white_stays_white() -> None:
    np.testing.assert_allclose(camera_to_srgb(NIKON_D5000) @ np.ones(3), np.ones(3), rtol=0, atol=1e-12)


def test_the_colour_matrix_equals_one_from_colour_science() -> None:
    """Patches seen by the camera, balanced on white and converted, are the patches in linear sRGB."""
    linear = np.random.default_rng(0).random((20, 3))
    srgb = colour.RGB_COLOURSPACES["sRGB"]
    to_camera = NIKON_D5000 @ srgb.matrix_RGB_to_XYZ
    balanced = (linear @ to_camera.T) / (to_camera @ np.ones(3))
    ours = balanced @ camera_to_srgb(NIKON_D5000).T
    np.testing.assert_allclose(ours, linear, rtol=0, atol=1e-3)  # the standard's matrix has 4 digits in colour-science


@pytest.fixture(scope="module")
def nikon(shared: Path) -> Path:
    """A DNG of a camera whose format is known."""
    return shared / "data/raw/nikon_d5000.dng"


@pytest.mark.shared
def test_the_format_of_a_camera_file(nikon: Path) -> None:
    raw = read_raw(nikon)
    assert raw.cfa == "GBRG"
    assert raw.black == (0, 0, 0, 0)
    assert raw.white == 3840
    assert raw.flip == 0
    assert raw.mosaic.shape == (2868, 4310)
    assert raw.mosaic.dtype == np.float32
    assert raw.mosaic.min() >= 0
    assert 3840 <= raw.mosaic.max() <= 4095
    assert raw.white_balance == pytest.approx((1.7343737, 1, 1.3945310))  # as rawpy gives it


@pytest.mark.shared
def test_the_colour_matrix_of_a_camera_file_is_that_of_libraw(nikon: Path) -> None:
    with rawpy.imread(str(nikon)) as raw:
        expected = raw.color_matrix[:, :3]
    np.testing.assert_allclose(read_raw(nikon).camera_to_srgb, expected, rtol=0, atol=1e-6)


@pytest.mark.shared
def test_the_phase_of_a_camera_file_is_the_one_with_like_greens(nikon: Path) -> None:
    """The two greens of a cell see nearly the same light; red and blue do not."""
    mosaic = read_raw(nikon).mosaic[:, : 4310 // 2 * 2]
    main = np.abs(mosaic[::2, ::2] - mosaic[1::2, 1::2]).mean()
    other = np.abs(mosaic[::2, 1::2] - mosaic[1::2, ::2]).mean()
    assert main < 0.5 * other  # GBRG has green on the main diagonal


def written_dng(path: Path, mosaic: NDArray[np.uint16], cfa: str | None) -> Path:
    """A DNG of black 1024, white 16383; without a ``cfa`` one of a monochrome sensor."""
    tags: list[Any] = [
        (50706, "B", 4, bytes([1, 4, 0, 0]), False),  # DNGVersion
        (50708, "s", 0, "camsim", False),  # UniqueCameraModel
        (50714, "H", 1, 1024, False),  # BlackLevel
        (50717, "I", 1, 16383, False),  # WhiteLevel
    ]
    if cfa is not None:
        rows = cell(cfa)
        colors = bytes("RGB...C".index(site) for site in "".join(rows))
        tags += [(33421, "H", 2, (len(rows),) * 2, False), (33422, "B", len(rows) ** 2, colors, False)]
    tifffile.imwrite(path, mosaic, photometric="cfa" if cfa else "minisblack", extratags=tags, metadata=None)
    if cfa is None:
        with tifffile.TiffFile(path, mode="r+") as file:
            file.pages[0].tags[262].overwrite(34892)  # LinearRaw, which tifffile writes for three samples only
    return path


SENSOR = np.random.default_rng(1).integers(1024, 16384, (66, 72)).astype(np.uint16)


@pytest.mark.parametrize("cfa", ["GRBG", *sorted(phases("x-trans")), "quad-RGGB", "quad-GBRG", "quad-RGGB+1+3", "BCCR"])
def test_the_array_of_a_dng_is_read_at_its_phase(tmp_path: Path, cfa: str) -> None:
    """X-Trans as LibRaw has it; of quads and clear pixels LibRaw knows nothing, so the file's own tag counts."""
    raw = read_raw(written_dng(tmp_path / "a.dng", SENSOR, cfa))
    assert raw.cfa == cfa
    np.testing.assert_array_equal(raw.mosaic, SENSOR)
    assert (raw.black, raw.white) == ((1024,) * 4, 16383)


def test_a_monochrome_dng_is_read(tmp_path: Path) -> None:
    raw = read_raw(written_dng(tmp_path / "a.dng", SENSOR, None))
    assert raw.cfa == "mono"
    np.testing.assert_array_equal(raw.mosaic, SENSOR)
    assert (raw.black, raw.white, raw.white_balance, raw.camera_to_srgb) == ((1024,) * 4, 16383, None, None)


def test_an_unknown_array_is_refused_by_what_it_is(tmp_path: Path) -> None:
    path = written_dng(tmp_path / "a.dng", SENSOR, "GRBG")
    with tifffile.TiffFile(path, mode="r+") as file:
        file.pages[0].tags[33422].overwrite(bytes([0, 1, 0, 2]))
    with pytest.raises(CamsimError, match=r"a.dng: its colour filter array \(RG/RB\) is not one that is read; those"):
        read_raw(path)


@pytest.mark.parametrize("cfa", ["GBRG", "x-trans+2+1", "quad-BGGR"])
def test_camera_rgb_of_every_array_that_sees_three_colours(cfa: str) -> None:
    even = torch.tensor([0.3, 0.6, 0.2])[None, :, None, None].expand(1, 3, 13, 17)
    assert (camera_rgb(mosaic(even, cfa), cfa, (2.0, 1.0, 1.5)) - even).abs().max() < 1e-5


@pytest.mark.parametrize("cfa", ["mono", "RCCB", "RGB-IR"])
def test_no_scene_from_other_colours(cfa: str) -> None:
    with pytest.raises(ValueError, match=f"a mosaic of {cfa} does not see red, green and blue alone"):
        camera_rgb(torch.zeros(1, 1, 8, 8), cfa)
