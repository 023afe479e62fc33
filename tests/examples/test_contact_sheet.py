"""The contact sheet: pictures of the right size and place, figures that mean what they say."""

from __future__ import annotations

import importlib
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from PIL import Image

import camsim
from camsim.imageio import read_image

EXAMPLES = Path(__file__).parents[2] / "examples"
FIRST, PHONE, BOARD = "reference/srgb", "phone/pixel-4a-imx363", "board/rpi-v1-ov5647"


@pytest.fixture
def example(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(EXAMPLES))
    return importlib.import_module("contact_sheet")


@pytest.fixture
def scene(tmp_path: Path) -> Path:
    rng = np.random.default_rng(0)
    blocks = np.kron(rng.uniform(0.02, 0.6, (6, 8, 3)), np.ones((12, 12, 1)))
    blocks[:12, :12] = 30.0  # a lamp
    np.save(tmp_path / "room.npy", (10 * blocks).astype(np.float32))
    return tmp_path / "room.npy"


def test_cameras_differ_as_their_profiles_say(
    example: ModuleType, scene: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "sheet.png"
    example.main([str(scene), "--profiles", FIRST, PHONE, BOARD, "--ev", "-3.3", "--out", str(out)])
    printed = capsys.readouterr()
    assert "exposed by -3.30 EV" in printed.err
    lines = [[part.strip() for part in line.split("|")[1:-1]] for line in printed.out.splitlines()[2:]]
    rows = {(name.strip("`"), light): [float(number) for number in numbers] for name, light, *numbers in lines}
    assert len(rows) == 6
    for light in ("bright", "4 stops less"):
        reference, phone, board = (rows[name, light] for name in (FIRST, PHONE, BOARD))
        assert reference[0] == 0
        assert reference[3] == 1
        assert phone[0] > 1
        assert board[2] > phone[2] > 3 * reference[2]  # noise
        assert phone[3] < 0.95 < board[3]  # acutance: one smooths, one sharpens
        assert all(row[1] > 1.5 for row in (reference, phone, board))  # the lamp is 2 % of the view
    assert rows[PHONE, "4 stops less"][2] > 2 * rows[PHONE, "bright"][2]
    width, height = 96, 72
    sheet = read_image(out)
    gap, head, caption = example.GAP, example.HEAD, example.CAPTION
    assert sheet.shape == (head + 3 * (height + caption + gap) + gap, 3 * (width + gap) + gap, 3)
    lamp = sheet[head + caption : head + caption + 8, gap : gap + 8]
    assert (lamp == 255).all()


def test_dim_light_keeps_the_brightness(example: ModuleType) -> None:
    import torch

    dim = example.in_dim_light(camsim.load(BOARD), 4)
    sensor = camsim.load(BOARD).resolved_sensor()
    assert dim.sensor.exposure * 16 == pytest.approx(sensor.exposure)
    grey = torch.full((1, 3, 48, 48), 0.2)
    bright, dark = (example.shoot(camsim.compile(profile), grey, None) for profile in (camsim.load(BOARD), dim))
    assert abs(float(bright.mean()) - float(dark.mean())) < 1


def test_the_picture_in_the_docs_is_small_enough() -> None:
    path = EXAMPLES.parent / "docs" / "images" / "contact-sheet.webp"
    with Image.open(path) as image:
        assert image.width == 5 * 412 + 12
    assert path.stat().st_size < 400_000


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--profiles", "phone/pixel"], "did you mean"),
        (
            ["--profiles", FIRST, "--detail", "90", "0", "16", "16"],
            r"--detail 90 0 16 16: must be at least 8x8 and lie",
        ),
        (["--profiles", FIRST, "--view", "0", "0", "4", "4"], "must be at least 8x8"),
    ],
    ids=["profile", "detail", "view"],
)
def test_wrong_inputs_say_what_is_wrong(
    example: ModuleType, scene: Path, tmp_path: Path, arguments: list[str], message: str
) -> None:
    with pytest.raises(SystemExit, match=message):
        example.main([str(scene), *arguments, "--out", str(tmp_path / "sheet.png")])
    with pytest.raises(SystemExit, match=r"the sheet is \.png, \.jpg or \.webp"):
        example.main([str(scene), "--profiles", FIRST, "--out", "sheet.gif"])
