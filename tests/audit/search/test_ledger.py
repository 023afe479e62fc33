from __future__ import annotations

from pathlib import Path

import pytest

from audit.search.ledger import Ledger, Measured, Refused, Slope
from camsim.errors import CamsimError

ENTRIES = {"a": Measured(1 / 3, 0.25, None), "b": Measured(0.1, 1.0, 0.9), "c": Refused("black above white")}


def filled(path: Path) -> Ledger:
    ledger = Ledger.open(path, "key")
    for at, entry in ENTRIES.items():
        ledger.add("scope", at, entry)
    ledger.add("scope", "a", Slope((0.1, -1 / 7)))
    ledger.add("scope", "b", Slope(None))
    return ledger


def test_it_survives(tmp_path: Path) -> None:
    path = tmp_path / "search.ledger"
    filled(path)
    again = Ledger.open(path, "key")
    for at, entry in ENTRIES.items():
        assert again.find("scope", at) == entry
        assert again.find("other", at) is None
    assert again.find_slope("scope", "a") == Slope((0.1, -1 / 7))
    assert again.find_slope("scope", "b") == Slope(None)
    assert again.find_slope("scope", "c") is None


def test_a_line_that_was_cut_off_is_left_out_and_the_rest_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "search.ledger"
    filled(path)
    path.write_text(path.read_text()[:-9])
    again = Ledger.open(path, "key")
    assert again.find_slope("scope", "b") is None
    assert again.find("scope", "c") == ENTRIES["c"]
    again.add("scope", "d", Measured(0.5, 0.5, None))
    assert Ledger.open(path, "key").find("scope", "d") == Measured(0.5, 0.5, None)


@pytest.mark.parametrize(
    "text", ["{", "[]\n", '{"key": "key"}\n{"scope": 1}\n', '{"key": "key"}\n{"scope":"s","at":"a","kind":"odd"}\n', ""]
)
def test_a_damaged_one_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "search.ledger"
    path.write_text(text)
    with pytest.raises(CamsimError, match="is damaged"):
        Ledger.open(path, "key")


def test_one_of_another_search_is_refused(tmp_path: Path) -> None:
    filled(tmp_path / "search.ledger")
    with pytest.raises(CamsimError, match="holds another search"):
        Ledger.open(tmp_path / "search.ledger", "other")
