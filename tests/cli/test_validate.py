"""`camsim validate`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from camsim.validation import Quantity, Validation, judge

from .conftest import Invoke


def test_a_table_and_a_verdict(invoke: Invoke) -> None:
    done = invoke("validate", "automotive/imx490")
    assert done.exit_code == 0
    assert "system gain K" in done.output
    assert "temporal dark noise: hidden by the ADC" in done.output
    assert "PASS  automotive/imx490: 10 within; not measurable: temporal dark noise" in done.output


def test_several_as_json_and_files(invoke: Invoke, tmp_path: Path) -> None:
    """Variants of one device are measured once, and reported each."""
    done = invoke("validate", "seed/drone", "phone/pixel-4a-imx363", "--json", "--out", "found")
    assert done.exit_code == 0
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(rows) == 14
    assert rows[0]["quantities"] == rows[1]["quantities"] != rows[-1]["quantities"]
    assert rows[-1]["profile"] == "phone/pixel-4a-imx363"
    assert rows[-1]["passed"] is True
    written = json.loads((tmp_path / "found" / "phone__pixel-4a-imx363.json").read_text())
    assert written == rows[-1]


def test_a_sensor_that_cannot_be_measured_is_named_and_left_out(invoke: Invoke) -> None:
    done = invoke("validate", "automotive/imx490-hdr", "phone/pixel-4a-imx363")
    assert done.exit_code == 0
    assert "----  automotive/imx490-hdr: sensor.hdr merges several readings" in done.output
    assert "PASS  phone/pixel-4a-imx363" in done.output
    rows = invoke("validate", "automotive/imx490-hdr", "phone/pixel-4a-imx363", "--json").stdout.splitlines()
    assert json.loads(rows[0])["passed"] is None
    assert "several readings" in json.loads(rows[0])["refused"]
    assert invoke("validate", "automotive/imx490-hdr").exit_code == 2


def test_outside_is_exit_code_1(invoke: Invoke, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(judge, "GAIN", 1e-9)
    done = invoke("validate", "phone/pixel-4a-imx363", "board/rpi-hq-imx477")
    assert done.exit_code == 1
    assert "FAIL  phone/pixel-4a-imx363: 9 within; outside: system gain K, exposure" in done.output


def test_what_is_not_measurable_is_no_failure() -> None:
    hidden = Quantity("noise", "e-", 1.0, None, None, "%", 2.0, "hidden")
    assert Validation("one", 0, 256, (hidden,), ()).passed
    assert hidden.status == "not measurable"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [(["phone/none"], "unknown profile"), (["reference/srgb", "--out", "file/below"], "cannot be made")],
)
def test_wrong_inputs(invoke: Invoke, tmp_path: Path, arguments: list[str], message: str) -> None:
    (tmp_path / "file").write_text("")
    done = invoke("validate", *arguments)
    assert done.exit_code == 2
    assert message in done.output
