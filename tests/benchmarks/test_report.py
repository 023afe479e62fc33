"""Rows, targets and the written page."""

from __future__ import annotations

import json

import pytest

from benchmarks.launch import Timing
from benchmarks.page import BEGIN, END, markdown, replace_between
from benchmarks.plot import speeds
from benchmarks.report import Check, Row, Skip, Table, cells, check_rows, head, number
from benchmarks.stats import Spread
from benchmarks.suites.common import check, rows


def timing(cpu: float, amount: float) -> Timing:
    return Timing(Spread(cpu, 0.9 * cpu, 1.1 * cpu), Spread(9.0, 9.0, 9.0), amount, {})


TIMINGS = {"copy": timing(0.001, 1e6), "ours": timing(0.008, 4e6)}


@pytest.fixture
def table() -> Table:
    found = rows("small", TIMINGS, "copy", "pix")
    checks = check("ours over the copy", TIMINGS, "ours", "copy", 1.5)
    skips = (Skip("theirs", "not here"),)
    return Table("t", "A title", "CPU time", "copy", tuple(found), skips, tuple(checks), "Note.")


def test_ratios_and_rates_are_for_the_same_amount_of_work(table: Table) -> None:
    base, ours = table.rows
    assert (base.ratio, ours.ratio) == (1.0, 2.0)
    assert (base.rate, ours.rate) == ("1000 Mpix/s", "500 Mpix/s")
    assert ours.figure == TIMINGS["ours"].cpu.scaled(1e3)
    assert ours.figure.median == 8.0
    assert cells(ours) == ("small", "ours", "8 ms", "7.2 – 8.8", "500 Mpix/s", "2x")
    assert head(table) == ("Case", "Subject", "CPU time", "Quartiles", "Rate", "of copy")


def test_a_target_is_judged_by_its_own_direction() -> None:
    assert Check("", 4.5, 4.5).met
    assert not Check("", 4.51, 4.5).met
    assert Check("", 25.0, 25.0, at_most=False).met
    assert not Check("", 24.9, 25.0, at_most=False).met


def test_a_target_of_a_subject_that_was_not_measured_is_left_out() -> None:
    assert check("no such", TIMINGS, "theirs", "copy", 1) == []
    assert check("no such", TIMINGS, "copy", "theirs", 1) == []


def test_results_come_back_from_json(table: Table) -> None:
    assert Table.from_json(json.loads(json.dumps(table.json()))) == table
    assert table.json()["checks"][0]["met"] is False


@pytest.mark.parametrize(
    ("value", "shown"),
    [(0, "0"), (1234.4, "1234"), (123.4, "123"), (12.34, "12.3"), (0.1234, "0.123")],
)
def test_numbers_have_three_digits(value: float, shown: str) -> None:
    assert number(value) == shown


def test_the_page_keeps_what_is_outside_the_markers(table: Table) -> None:
    text = markdown({"cores": "2"}, [table])
    page = replace_between(f"# Title\n\n{BEGIN}\nold\n{END}\n\nAfter.\n", text)
    assert page.startswith(f"# Title\n\n{BEGIN}\n\n### Measured on")
    assert page.endswith(f"{END}\n\nAfter.\n")
    assert "old" not in page
    assert replace_between(page, text) == page
    assert "| ours over the copy | ≤ 1.5 x | 2 x | no |" in page
    assert "| small | ours | 8 ms | 7.2 – 8.8 | 500 Mpix/s | 2x |" in page
    assert "Not measured: theirs (not here)." in page
    assert "| cores | 2 |" in page


@pytest.mark.parametrize("page", ["", BEGIN, f"{END}{BEGIN}", f"{BEGIN}{BEGIN}{END}"])
def test_a_page_without_its_markers_is_refused(page: str) -> None:
    with pytest.raises(ValueError, match="once each"):
        replace_between(page, "text")


def test_columns_that_say_nothing_are_left_out() -> None:
    plain = Table("t", "Title", "Time", "", (Row("case", "ours", Spread(1, 1, 1), "ms"),))
    assert "| Case | Subject | Time | Quartiles |" in markdown({}, [plain])


def test_every_target_is_listed_with_its_verdict(table: Table) -> None:
    assert check_rows([table, table]) == 2 * [("ours over the copy", "≤ 1.5 x", "2 x", "no")]


def test_the_plot_shows_the_fastest_first(table: Table) -> None:
    assert list(speeds(table)["small"].items()) == [("copy", 1000.0), ("ours", 500.0)]
