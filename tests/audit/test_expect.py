"""--expect: what is written, what is compared, and what a mismatch says."""

from __future__ import annotations

import pytest

from audit.expect import Expected, check_expected, parse_expected
from camsim.errors import CamsimError


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("accuracy=0.83", {"accuracy": Expected(0.83, 0.01)}),
        ("accuracy = 83 %", {"accuracy": Expected(0.83, 0.01)}),
        ("map=0.41±0.02", {"map": Expected(0.41, 0.02)}),
        ("map=41%+-2%", {"map": Expected(0.41, 0.02)}),
        ("mae=3.5+/-.5,cer=1e-2", {"mae": Expected(3.5, 0.5), "cer": Expected(0.01, 0.01)}),
        ("gain=-1.5±0", {"gain": Expected(-1.5, 0.0)}),
    ],
)
def test_forms(text: str, expected: dict[str, Expected]) -> None:
    found = parse_expected([text])
    assert found.keys() == expected.keys()
    for name, value in expected.items():
        assert (found[name].value, found[name].tolerance) == pytest.approx((value.value, value.tolerance))


@pytest.mark.parametrize("text", ["accuracy", "accuracy=", "=0.8", "accuracy=high", "accuracy=0.8±", "", "a=0.8 b=0.9"])
def test_other_forms_are_refused(text: str) -> None:
    with pytest.raises(CamsimError, match=r"--expect: must be METRIC=VALUE, as in accuracy=0\.83"):
        parse_expected([text])


def test_a_metric_is_given_once_and_with_a_tolerance_that_can_be_met() -> None:
    with pytest.raises(CamsimError, match="map is given twice"):
        parse_expected(["map=0.4", "map=0.5"])
    with pytest.raises(CamsimError, match="tolerance of map must not be negative"):
        parse_expected(["map=0.4±-0.1"])


def test_what_is_within_the_tolerance_passes() -> None:
    check_expected({"accuracy": 0.83, "map": Expected(0.5, 0.2)}, {"accuracy": 0.8201, "map": 0.7, "other": None})
    # 0.83 - 0.82 is a little more than 0.01 in binary.
    check_expected({"accuracy": 0.83}, {"accuracy": 0.82})


def test_a_mismatch_says_what_was_measured_and_what_is_likely() -> None:
    with pytest.raises(CamsimError) as error:
        check_expected({"accuracy": 0.83, "map": Expected(0.4, 0.05)}, {"accuracy": 0.31, "map": 0.41})
    text = str(error.value)
    assert text.startswith("expected accuracy = 0.83 ± 0.01 on the reference, measured 0.31\n")
    assert "preprocessing (channel order" in text
    assert "order of the classes" in text
    assert "map" not in text.splitlines()[0]
    assert error.value.exit_code == 2


@pytest.mark.parametrize("measured", [None, float("nan")])
def test_what_could_not_be_measured_is_no_pass(measured: float | None) -> None:
    with pytest.raises(CamsimError, match="it could not be measured: are there labels"):
        check_expected({"accuracy": 0.83}, {"accuracy": measured})


def test_an_unknown_metric_is_no_pass() -> None:
    with pytest.raises(CamsimError, match="expected acuracy: there is no such metric; did you mean 'accuracy'"):
        check_expected({"acuracy": 0.83}, {"accuracy": 0.83})
    with pytest.raises(CamsimError, match="measured are none"):
        check_expected({"accuracy": 0.83}, {})
