from __future__ import annotations

import io
import struct
import sys
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import skimage.data
import tifffile
from numpy.typing import NDArray
from PIL import Image, ImageCms

from camsim.errors import CamsimError
from camsim.imageio import read_image, read_scene, write_image, write_mosaic

RGB = np.random.default_rng(0).integers(0, 256, (24, 40, 3), dtype=np.uint8)


def srgb_oetf(linear: NDArray[np.floating[Any]]) -> NDArray[np.floating[Any]]:
    return np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)


def icc_profile(space: bytes) -> bytes:
    """An ICC v2 display profile with gamma 1.0: sRGB's primaries (adapted to D50), or grey."""

    def xyz(*values: float) -> bytes:
        return b"XYZ \0\0\0\0" + b"".join(struct.pack(">i", round(v * 65536)) for v in values)

    curve = b"curv\0\0\0\0" + struct.pack(">I", 0)
    text = b"desc\0\0\0\0" + struct.pack(">I", 7) + b"linear\0" + bytes(8 + 3 + 67)
    tags = {b"desc": text, b"cprt": b"text\0\0\0\0none\0", b"wtpt": xyz(0.9642, 1, 0.8249)}
    if space == b"RGB ":
        tags |= {b"rXYZ": xyz(0.4361, 0.2225, 0.0139), b"gXYZ": xyz(0.3851, 0.7169, 0.0971)}
        tags |= {b"bXYZ": xyz(0.1431, 0.0606, 0.7141), b"rTRC": curve, b"gTRC": curve, b"bTRC": curve}
    else:
        tags |= {b"kTRC": curve}
    table, body = struct.pack(">I", len(tags)), b""
    start = 128 + 4 + 12 * len(tags)
    for name, data in tags.items():
        table += name + struct.pack(">II", start + len(body), len(data))
        body += data + bytes(-len(data) % 4)
    header = struct.pack(">I4xI4s4s4s12x4s", start + len(body), 0x02400000, b"mntr", space, b"XYZ ", b"acsp")
    header = header.ljust(68, b"\0") + xyz(0.9642, 1, 0.8249)[8:]
    return header.ljust(128, b"\0") + table + body


def save(path: Path, image: NDArray[np.uint8] | Image.Image, **options: Any) -> Path:
    (image if isinstance(image, Image.Image) else Image.fromarray(image)).save(path, **options)
    return path


def png_header(width: int, height: int) -> bytes:
    ihdr = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    idat = b"IDAT" + zlib.compress(b"\0" * 100)
    chunks = [struct.pack(">I", len(c) - 4) + c + struct.pack(">I", zlib.crc32(c)) for c in (ihdr, idat, b"IEND")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


@pytest.mark.parametrize("suffix", ["png", "tiff", "bmp", "webp"])
def test_lossless_images_come_back_as_they_were(tmp_path: Path, suffix: str) -> None:
    path = save(tmp_path / f"a.{suffix}", RGB, **({"lossless": True} if suffix == "webp" else {}))
    np.testing.assert_array_equal(read_image(path), RGB)
    assert read_image(path).dtype == np.uint8


def test_jpeg_is_read_as_pillow_reads_it(tmp_path: Path) -> None:
    path = save(tmp_path / "a.jpg", RGB, quality=95)
    with Image.open(path) as image:
        np.testing.assert_array_equal(read_image(str(path)), np.asarray(image))


def test_the_content_counts_not_the_suffix(tmp_path: Path) -> None:
    np.testing.assert_array_equal(read_image(save(tmp_path / "a.jpg", RGB, format="PNG")), RGB)


def test_grey_is_replicated_and_palettes_are_expanded(tmp_path: Path) -> None:
    grey = RGB[..., 0]
    np.testing.assert_array_equal(read_image(save(tmp_path / "a.png", grey)), np.stack([grey] * 3, -1))
    bits = Image.fromarray(grey).convert("1")
    np.testing.assert_array_equal(read_image(save(tmp_path / "b.png", bits)), np.asarray(bits.convert("RGB")))
    palette = Image.fromarray(RGB).quantize(16)
    np.testing.assert_array_equal(read_image(save(tmp_path / "c.png", palette)), np.asarray(palette.convert("RGB")))


def test_opaque_alpha_is_dropped_and_transparency_refused(tmp_path: Path) -> None:
    alpha = np.full((24, 40, 1), 255, dtype=np.uint8)
    np.testing.assert_array_equal(read_image(save(tmp_path / "a.png", np.dstack([RGB, alpha]))), RGB)
    grey = read_image(save(tmp_path / "la.png", np.dstack([RGB[..., :1], alpha])))
    np.testing.assert_array_equal(grey, np.stack([RGB[..., 0]] * 3, -1))
    alpha[3, 4] = 254
    transparent = {
        "rgba.png": (np.dstack([RGB, alpha]), {}),
        "la.png": (np.dstack([RGB[..., :1], alpha]), {}),
        "colour-key.png": (RGB, {"transparency": tuple(RGB[0, 0].tolist())}),
        "palette.png": (Image.fromarray(RGB).quantize(16), {"transparency": 3}),
        "rgba.webp": (np.dstack([RGB, alpha]), {"lossless": True}),
        "rgba.tiff": (np.dstack([RGB, alpha]), {}),
    }
    for name, (image, options) in transparent.items():
        with pytest.raises(CamsimError, match=f"{name}: has transparent pixels"):
            read_image(save(tmp_path / name, image, **options))


@pytest.mark.parametrize("suffix", ["png", "tiff", "webp"])
@pytest.mark.parametrize(("orientation", "turn"), [(6, -1), (3, 2), (8, 1)])
def test_exif_orientation_is_applied_once(tmp_path: Path, suffix: str, orientation: int, turn: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    options = {"lossless": True} if suffix == "webp" else {}
    path = save(tmp_path / f"a.{suffix}", RGB, exif=exif, **options)
    np.testing.assert_array_equal(read_image(path), np.rot90(RGB, turn))


def test_a_profile_that_is_not_srgb_is_converted(tmp_path: Path) -> None:
    expected = srgb_oetf(RGB / 255) * 255
    path = save(tmp_path / "a.png", RGB, icc_profile=icc_profile(b"RGB "))
    assert np.abs(read_image(path) - expected).max() < 2
    path = save(tmp_path / "grey.png", RGB[..., 1], icc_profile=icc_profile(b"GRAY"))
    assert np.abs(read_image(path) - expected[..., 1:2]).max() < 2
    path = save(tmp_path / "grey-rgb.png", RGB[..., 1], icc_profile=icc_profile(b"RGB "))
    assert np.abs(read_image(path) - expected[..., 1:2]).max() < 2


def test_a_photograph_in_adobe_rgb_is_converted() -> None:
    """scikit-image's rocket.jpg carries Adobe's own profile; formulas: Adobe RGB (1998) Color Image Encoding, 2005."""
    path = Path(skimage.data.__file__).parent / "rocket.jpg"
    to_xyz = np.array([[0.57667, 0.18556, 0.18823], [0.29734, 0.62736, 0.07529], [0.02703, 0.07069, 0.99134]])
    to_srgb = np.array([[3.2406, -1.5372, -0.4986], [-0.9689, 1.8758, 0.0415], [0.0557, -0.2040, 1.0570]])
    with Image.open(path) as image:
        adobe = np.asarray(image)
    linear = (adobe / 255) ** (563 / 256) @ (to_srgb @ to_xyz).T
    difference = np.abs(read_image(path) - srgb_oetf(np.clip(linear, 0, 1)) * 255)
    assert np.quantile(difference, 0.999) < 1.5
    assert np.abs(read_image(path).astype(int) - adobe).mean() > 3  # it is a change that can be seen


def test_an_srgb_profile_changes_nothing(tmp_path: Path) -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    np.testing.assert_array_equal(read_image(save(tmp_path / "a.png", RGB, icc_profile=profile)), RGB)
    chelsea = Path(skimage.data.__file__).parent / "chelsea.png"  # with Hewlett-Packard's sRGB IEC61966-2.1
    with Image.open(chelsea) as image:
        assert image.info["icc_profile"]
        np.testing.assert_array_equal(read_image(chelsea), np.asarray(image))


@pytest.mark.parametrize("profile", [b"rubbish", icc_profile(b"GRAY")])
def test_a_profile_that_cannot_be_used_is_refused(tmp_path: Path, profile: bytes) -> None:
    with pytest.raises(CamsimError, match="ICC profile cannot be used"):
        read_image(save(tmp_path / "a.png", RGB, icc_profile=profile))


def test_files_that_are_not_images_are_refused(tmp_path: Path) -> None:
    (tmp_path / "text.jpg").write_text("hello, this is text")
    (tmp_path / "empty.png").write_bytes(b"")
    save(tmp_path / "gif.png", Image.fromarray(RGB), format="GIF")
    for name, why in {"text.jpg": "b'hello, t'", "empty.png": "it is empty", "gif.png": "b'GIF8"}.items():
        with pytest.raises(CamsimError, match=f"{name}: not an image: .*{why}.*PNG, JPEG, TIFF, WebP or BMP"):
            read_image(tmp_path / name)


@pytest.mark.parametrize("suffix", ["jpg", "png", "tiff", "webp", "bmp"])
@pytest.mark.parametrize("kept", [0.3, 0.7])
def test_truncated_images_are_refused(tmp_path: Path, suffix: str, kept: float) -> None:
    path = save(tmp_path / f"a.{suffix}", np.tile(RGB, (4, 4, 1)))
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * kept)])
    with pytest.raises(CamsimError, match=rf"a\.{suffix}: (damaged or cut short|not an image)"):
        read_image(path)


def test_damaged_png_data_is_refused(tmp_path: Path) -> None:
    path = save(tmp_path / "a.png", RGB)
    data = bytearray(path.read_bytes())
    data[200:220] = bytes(20)
    path.write_bytes(data)
    with pytest.raises(CamsimError, match="damaged or cut short"):
        read_image(path)


def test_colour_that_is_not_8_bit_rgb_is_refused(tmp_path: Path) -> None:
    save(tmp_path / "cmyk.jpg", Image.fromarray(RGB).convert("CMYK"))
    save(tmp_path / "cmyk.tiff", Image.fromarray(RGB).convert("CMYK"))
    save(tmp_path / "lab.tiff", Image.fromarray(RGB).convert("LAB"))
    save(tmp_path / "grey16.png", Image.fromarray(RGB[..., 0].astype(np.uint16) * 257))
    save(tmp_path / "float.tiff", Image.fromarray(RGB[..., 0].astype(np.float32)))
    tifffile.imwrite(tmp_path / "rgb16.tiff", RGB.astype(np.uint16) * 257, photometric="rgb")
    (tmp_path / "rgb16.png").write_bytes(rgb16_png())
    for name, why in {
        "cmyk.jpg": "CMYK",
        "cmyk.tiff": "CMYK",
        "lab.tiff": "colour mode 'LAB': not a display-encoded 8-bit image",
        "grey16.png": "16 bits a channel: not a display-encoded 8-bit image",
        "float.tiff": "32 bits a channel: not a display-encoded 8-bit image",
        "rgb16.tiff": "16 bits a channel: not a display-encoded 8-bit image",
        "rgb16.png": "16 bits a channel: not a display-encoded 8-bit image",
    }.items():
        with pytest.raises(CamsimError, match=f"{name}: {why}"):
            read_image(tmp_path / name)


def rgb16_png() -> bytes:
    """Pillow reads such files, reduced to 8 bits, and cannot write them."""
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in RGB)
    data = png_header(40, 24)
    ihdr = b"IHDR" + struct.pack(">IIBBBBB", 40, 24, 16, 2, 0, 0, 0)
    idat = b"IDAT" + zlib.compress(rows)
    chunks = [struct.pack(">I", len(c) - 4) + c + struct.pack(">I", zlib.crc32(c)) for c in (ihdr, idat, b"IEND")]
    return data[:8] + b"".join(chunks)


def test_animated_images_and_pages_are_refused(tmp_path: Path) -> None:
    frames = [Image.fromarray(RGB), Image.fromarray(RGB[::-1].copy())]
    for name in ("a.png", "a.webp", "a.tiff"):
        save(tmp_path / name, frames[0], save_all=True, append_images=frames[1:])
        with pytest.raises(CamsimError, match=f"{name}: animated or of several pages"):
            read_image(tmp_path / name)


def test_the_main_picture_of_an_mpo_is_read(tmp_path: Path) -> None:
    second = Image.fromarray(RGB[::-1].copy())
    path = save(tmp_path / "a.jpg", RGB, format="MPO", save_all=True, append_images=[second], quality=95)
    first = io.BytesIO()
    Image.fromarray(RGB).save(first, format="JPEG", quality=95)
    with Image.open(first) as image:
        np.testing.assert_array_equal(read_image(path), np.asarray(image))


@pytest.mark.parametrize(("width", "height"), [(60000, 60000), (10500, 10000)])
def test_images_over_100_mpix_are_refused_by_their_header(tmp_path: Path, width: int, height: int) -> None:
    (tmp_path / "bomb.png").write_bytes(png_header(width, height))
    with pytest.raises(CamsimError, match=r"bomb\.png: .*more than 100 MPix"):
        read_image(tmp_path / "bomb.png")


def test_images_under_8_pixels_are_refused(tmp_path: Path) -> None:
    assert read_image(save(tmp_path / "a.png", RGB[:8, :8])).shape == (8, 8, 3)
    with pytest.raises(CamsimError, match="40x7 is smaller than 8x8"):
        read_image(save(tmp_path / "a.png", RGB[:7]))


@pytest.mark.parametrize("read", [read_image, read_scene])
def test_paths_that_are_no_files_are_refused_with_near_names(tmp_path: Path, read: Any) -> None:
    save(tmp_path / "photo.png", RGB)
    with pytest.raises(CamsimError, match=r"phto\.png: does not exist; did you mean 'photo\.png'"):
        read(tmp_path / "phto.png")
    with pytest.raises(CamsimError, match="does not exist, nor does the folder"):
        read(tmp_path / "no" / "photo.png")
    with pytest.raises(CamsimError, match="is a folder or a device, not a file"):
        read(tmp_path)


SCENE = np.random.default_rng(1).random((9, 11, 3)).astype(np.float32) * 4


@pytest.mark.parametrize("dtype", ["<f4", ">f4", "<f8", "<f2"])
def test_npy_scenes_are_read_as_float32(tmp_path: Path, dtype: str) -> None:
    np.save(tmp_path / "a.npy", np.asfortranarray(SCENE.astype(dtype)))
    scene = read_scene(tmp_path / "a.npy")
    assert scene.dtype == np.float32
    assert scene.flags.c_contiguous
    np.testing.assert_array_equal(scene, SCENE.astype(dtype).astype(np.float32))


def test_npy_scenes_of_another_kind_are_refused(tmp_path: Path) -> None:
    spoiled = SCENE.copy()
    spoiled[0, 0, 0] = np.nan
    huge = SCENE.astype(np.float64)
    huge[0, 0, 0] = 1e300
    for array, why in (
        (SCENE.astype(np.uint8), "holds floats in linear light, got uint8"),
        (SCENE.transpose(2, 0, 1), r"has shape \(H, W, 3\), got \(3, 9, 11\)"),
        (SCENE[..., 0], "has shape"),
        (SCENE[:7], "11x7 is smaller than 8x8"),
        (SCENE - 1, "light is not negative"),
        (spoiled, "NaN or infinite"),
        (huge, "NaN or infinite"),
        (np.array([[["a", None, 3]]], dtype=object), "not an array of floats"),
    ):
        np.save(tmp_path / "a.npy", array, allow_pickle=True)
        with pytest.raises(CamsimError, match=rf"a\.npy: .*{why}"):
            read_scene(tmp_path / "a.npy")


def test_npy_files_that_lie_are_refused(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", SCENE)
    whole = (tmp_path / "a.npy").read_bytes()
    for data, why in (
        (whole[:-1], "damaged, cut short"),
        (whole[:40], "damaged, cut short"),
        (whole.replace(b"(9, 11, 3)", b"(10**9,3,3)"[:10]), "damaged, cut short"),
        (whole.replace(b"(9, 11, 3), ", b"(99999,11,3)"), "damaged, cut short"),
        (b"PK\x03\x04" + whole, r"not a \.npy array"),
        (b"", r"not a \.npy array: it is empty"),
    ):
        (tmp_path / "a.npy").write_bytes(data)
        with pytest.raises(CamsimError, match=why):
            read_scene(tmp_path / "a.npy")


def test_a_scene_over_100_mpix_is_refused_unread(tmp_path: Path) -> None:
    sparse = np.lib.format.open_memmap(tmp_path / "a.npy", mode="w+", dtype=np.float16, shape=(10001, 10000, 3))
    del sparse
    with pytest.raises(CamsimError, match="10000x10001 is more than 100 MPix"):
        read_scene(tmp_path / "a.npy")


def test_another_suffix_is_no_scene(tmp_path: Path) -> None:
    (tmp_path / "a.jpeg").write_bytes(b"")
    with pytest.raises(CamsimError, match=r"a scene is \.exr, \.hdr or \.npy, got \.jpeg"):
        read_scene(tmp_path / "a.jpeg")


def write_exr(path: Path, channels: dict[str, Any], **header: Any) -> Path:
    OpenEXR = pytest.importorskip("OpenEXR")
    full = {"compression": OpenEXR.ZIP_COMPRESSION, "type": OpenEXR.scanlineimage, **header}
    with OpenEXR.File(full, {name: np.ascontiguousarray(data) for name, data in channels.items()}) as file:
        file.write(str(path))
    return path


SRGB = (0.64, 0.33, 0.30, 0.60, 0.15, 0.06, 0.3127, 0.3290)
SRGB_AT_D50 = (0.64845, 0.33088, 0.32119, 0.59789, 0.15590, 0.06606, 0.34571, 0.35854)
REC2020 = (0.708, 0.292, 0.170, 0.797, 0.131, 0.046, 0.3127, 0.3290)


def test_exr_scenes_are_read(tmp_path: Path) -> None:
    path = write_exr(tmp_path / "rgb.exr", {"RGB": SCENE})
    np.testing.assert_array_equal(read_scene(path), SCENE)
    half = {name: SCENE[..., i].astype(np.float16) for i, name in enumerate("RGB")}
    path = write_exr(tmp_path / "half.exr", half | {"Z": SCENE[..., 0], "A": np.ones((9, 11), np.float32)})
    np.testing.assert_array_equal(read_scene(path), SCENE.astype(np.float16).astype(np.float32))
    path = write_exr(tmp_path / "grey.exr", {"Y": SCENE[..., 0]})
    np.testing.assert_array_equal(read_scene(path), np.stack([SCENE[..., 0]] * 3, -1))
    for white in (SRGB, SRGB_AT_D50):
        path = write_exr(tmp_path / "primaries.exr", {"RGB": SCENE}, chromaticities=white)
        np.testing.assert_array_equal(read_scene(path), SCENE)


def test_exr_undershoot_of_the_codec_is_cut_and_more_is_refused(tmp_path: Path) -> None:
    dark = SCENE.copy()
    dark[0, 0] = -0.004
    path = write_exr(tmp_path / "a.exr", {"RGB": dark})
    assert read_scene(path)[0, 0].tolist() == [0, 0, 0]
    dark[0, 0] = -0.02
    with pytest.raises(CamsimError, match=r"light is not negative, got -0\.02"):
        read_scene(write_exr(tmp_path / "a.exr", {"RGB": dark}))


def test_exr_files_of_another_kind_are_refused(tmp_path: Path) -> None:
    spoiled = SCENE.copy()
    spoiled[0, 0, 0] = np.inf
    for channels, header, why in (
        ({f"diffuse.{c}": SCENE[..., 0] for c in "RGB"}, {}, r"needs the channels R, G, B or Y, has 'diffuse\.B'"),
        ({c: SCENE[..., 0].astype(np.uint32) for c in "RGB"}, {}, "integers, not light"),
        ({"RGB": SCENE}, {"chromaticities": REC2020}, "primaries are not those of sRGB"),
        ({"RGBA": np.dstack([SCENE, np.full((9, 11), 0.5, np.float32)])}, {}, "transparent"),
        ({"RGB": spoiled}, {}, "NaN or infinite"),
        ({"RGB": SCENE[:7]}, {}, "11x7 is smaller than 8x8"),
    ):
        with pytest.raises(CamsimError, match=rf"a\.exr: .*{why}"):
            read_scene(write_exr(tmp_path / "a.exr", channels, **header))


def test_damaged_exr_files_are_refused(tmp_path: Path) -> None:
    path = write_exr(tmp_path / "a.exr", {"RGB": SCENE})
    data = path.read_bytes()
    for damaged in (b"", b"text", data[:100], data[: len(data) // 2], data[:-20]):
        path.write_bytes(damaged)
        with pytest.raises(CamsimError, match=r"a\.exr: (not an OpenEXR file, or damaged|damaged or cut short)"):
            read_scene(path)


def test_without_openexr_the_error_names_the_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.exr").write_bytes(b"")
    monkeypatch.setitem(sys.modules, "OpenEXR", None)
    with pytest.raises(CamsimError, match="pip install OpenEXR"):
        read_scene(tmp_path / "a.exr")


def test_images_are_written_rounded_to_nearest(tmp_path: Path) -> None:
    rgb = np.random.default_rng(2).random((9, 11, 3)).astype(np.float32)
    rgb[0, 0] = [0, 1, 1 + 1e-7]
    write_image(tmp_path / "a.png", rgb)
    write_image(str(tmp_path / "a.tiff"), rgb)
    write_image(tmp_path / "a.npy", rgb)
    with Image.open(tmp_path / "a.png") as image:
        assert image.mode == "RGB"
        assert np.abs(np.asarray(image) - rgb * 255.0).max() <= 0.5 + 1e-4
    tiff = tifffile.imread(tmp_path / "a.tiff")
    assert tiff.dtype == np.uint16
    assert np.abs(tiff - rgb.astype(np.float64) * 65535).max() <= 0.5 + 1e-2
    back = np.load(tmp_path / "a.npy")
    assert back.dtype == np.float32
    np.testing.assert_array_equal(back, rgb)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.npy", "a.png", "a.tiff"]


def test_mosaics_are_written_as_they_are(tmp_path: Path) -> None:
    dn = np.random.default_rng(3).integers(0, 65536, (9, 11)).astype(np.float32)
    write_mosaic(tmp_path / "a.tif", dn)
    tiff = tifffile.imread(tmp_path / "a.tif")
    assert tiff.dtype == np.uint16
    np.testing.assert_array_equal(tiff, dn)
    write_mosaic(tmp_path / "a.npy", dn - 0.25)
    np.testing.assert_array_equal(np.load(tmp_path / "a.npy"), dn - 0.25)


def test_what_a_format_cannot_hold_is_refused_and_nothing_is_left(tmp_path: Path) -> None:
    good = np.full((4, 5, 3), 0.5, dtype=np.float32)
    nan = good.copy()
    nan[0] = np.nan
    for path, rgb, why in (
        ("a.jpg", good, r"cannot write \.jpg; allowed: \.png, \.tiff, \.tif, \.npy"),
        ("a", good, "cannot write a file without suffix"),
        ("a.png", good[..., :2], r"needs an image of shape \(H, W, 3\)"),
        ("a.png", good[:0], "is empty"),
        ("a.png", good * 3, r"values reach \[1.5, 1.5\] and \.png holds \[0, 1\]"),
        ("a.tiff", good - 1, r"values reach \[-0.5, -0.5\]"),
        ("a.npy", nan, "NaN or infinite"),
        ("no/a.png", good, "folder .*no does not exist"),
    ):
        with pytest.raises(CamsimError, match=why):
            write_image(tmp_path / path, rgb)
    for path, dn, why in (
        ("a.png", good[..., 0], r"cannot write \.png; allowed: \.tiff, \.tif, \.npy"),
        ("a.tiff", good[..., 0], r"whole DN in 0\.\.65535, got values in \[0.5, 0.5\] with fractions"),
        ("a.tiff", good[..., 0] - 1.5, "whole DN"),
        ("a.tiff", good[..., 0] * 131072 * 2, "whole DN"),
        ("a.tiff", good, r"needs a mosaic of shape \(H, W\)"),
        ("a.npy", nan[..., 0], "NaN or infinite"),
    ):
        with pytest.raises(CamsimError, match=why):
            write_mosaic(tmp_path / path, dn)
    write_image(tmp_path / "a.npy", good * 3)  # floats hold it
    assert [p.name for p in tmp_path.iterdir()] == ["a.npy"]


def test_the_same_image_gives_the_same_bytes(tmp_path: Path) -> None:
    rgb = np.full((9, 9, 3), 0.25)
    for suffix in (".png", ".tiff", ".npy"):
        files = [tmp_path / f"{name}{suffix}" for name in "ab"]
        for file in files:
            write_image(file, rgb)
        assert files[0].read_bytes() == files[1].read_bytes()


@pytest.mark.shared
def test_real_exr_panoramas_are_read() -> None:
    pytest.importorskip("OpenEXR")
    folder = Path(__file__).parents[3] / "shared/data/hdri"
    if not folder.exists():
        pytest.skip("no shared data folder")
    for path in folder.glob("*.exr"):
        scene = read_scene(path)
        assert scene.shape == (512, 1024, 3)
        assert scene.min() >= 0
        assert scene.max() > 100
