"""Frost against the original code's, on its photographs and on noise in their place; and what is said without them."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.random import Generator, Philox
from numpy.typing import NDArray

from audit.corruptions import CORRUPTIONS, choose_steps, corrupt, frost, left_out
from audit.corruptions.cubic import enlarged
from camsim.errors import CamsimError
from camsim.sensor import noise_key

GOLDEN = json.loads((Path(__file__).parents[2] / "golden" / "frost.json").read_text())
NOISE = [case for case in GOLDEN["cases"] if case["photos"] == "noise"]
REAL = [case for case in GOLDEN["cases"] if case["photos"] == "package"]
installed = pytest.mark.skipif(frost.missing() is not None, reason="the photographs of imagecorruptions are not here")


def _picture(case: dict[str, Any]) -> NDArray[np.uint8]:
    return np.random.default_rng(case["seed"]).integers(0, 256, (*case["shape"], 3), dtype=np.uint8)


def _name(case: dict[str, Any]) -> str:
    return f"{case['shape'][0]}x{case['shape'][1]}-{case['severity']}{case['sample']}"


@pytest.mark.parametrize("case", NOISE, ids=_name)
def test_noise_in_place_of_photographs_gives_what_the_original_code_gave(case: dict[str, Any]) -> None:
    photos = tuple(
        np.random.default_rng(100 + place).integers(0, 256, (*shape, 3), dtype=np.uint8)
        for place, shape in enumerate(GOLDEN["noise_photos"]["shapes"])
    )
    random = Generator(Philox(key=noise_key(7, case["sample"], f"corruption frost {case['severity']}")))
    got = frost.frosted(_picture(case), photos, case["severity"], random).astype(np.uint8)
    assert hashlib.sha256(got.tobytes()).hexdigest() == case["sha256"]


@installed
@pytest.mark.parametrize("case", REAL, ids=_name)
def test_photographs_give_what_the_original_code_gave(case: dict[str, Any]) -> None:
    got = corrupt(_picture(case), "frost", case["severity"], 7, case["sample"])
    assert hashlib.sha256(got.tobytes()).hexdigest() == case["sha256"]


@installed
def test_with_the_photographs_frost_is_one_of_the_fifteen() -> None:
    assert len(choose_steps("all")) == 75
    assert [step.key for step in choose_steps("weather=2")] == ["snow", "frost", "fog", "brightness"]
    assert left_out("all") == ()


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(frost, "PACKAGE", "camsim_has_no_such_package")


@pytest.mark.usefixtures("bare")
def test_without_the_package_frost_is_left_out_of_a_set_with_a_reason() -> None:
    assert len(choose_steps("all")) == 70
    assert [step.key for step in choose_steps("weather=2")] == ["snow", "fog", "brightness"]
    for wanted in ("all", "weather=1,2", ["fog", "all"]):
        (reason,) = left_out(wanted)
        assert "needs `pip install" in reason
    assert left_out(["fog", "noise"]) == ()


@pytest.mark.usefixtures("bare")
def test_without_the_package_frost_by_name_is_refused() -> None:
    for wanted in ("frost", "frost=3", ["all", "frost"]):
        with pytest.raises(CamsimError, match=r"corruption 'frost.*needs `pip install"):
            choose_steps(wanted)
    with pytest.raises(CamsimError, match="needs `pip install"):
        corrupt(np.zeros((40, 40, 3), np.uint8), "frost", 1, 0, "a")


def test_other_photographs_are_refused_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "iced_windows" / "frost"
    folder.mkdir(parents=True)
    (folder.parent / "__init__.py").write_text("raise RuntimeError('its code is not to be run')\n")
    monkeypatch.setattr(frost, "PACKAGE", "iced_windows")
    monkeypatch.syspath_prepend(tmp_path)
    reason = frost.missing()
    assert reason is not None
    assert "frost1.png: No such file" in reason
    (folder / "frost1.png").write_bytes(b"another")
    reason = frost.missing()
    assert reason is not None
    assert "is not the photograph of iced_windows 1.1.2" in reason
    with pytest.raises(CamsimError, match="is not the photograph"):
        choose_steps("frost")


def test_enlarging_keeps_what_is_even_and_can_be_done_in_parts() -> None:
    even = np.full((9, 12, 3), 77, np.uint8)
    assert (enlarged(even, (20, 31), slice(3, 9), slice(0, 31)) == 77).all()
    image = np.random.default_rng(0).integers(0, 256, (9, 12, 3), dtype=np.uint8)
    whole = enlarged(image, (20, 31), slice(0, 20), slice(0, 31))
    assert whole.shape == (20, 31, 3)
    np.testing.assert_array_equal(enlarged(image, (20, 31), slice(4, 11), slice(7, 30)), whole[4:11, 7:30])
    np.testing.assert_array_equal(enlarged(image, (9, 12), slice(0, 9), slice(0, 12)), image)


def test_the_more_severe_the_more_frost() -> None:
    kept, laid = np.array(frost.FROST).T
    assert (np.diff(kept) < 0).all()
    assert (np.diff(laid) >= 0).all()
    assert CORRUPTIONS["frost"].group == "weather"
