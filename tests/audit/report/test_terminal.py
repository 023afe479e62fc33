"""The summary in the terminal: narrow, piped, hostile."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from audit.report import print_summary

Results = dict[str, Any]
PATH = "/home/somebody/projects/a rather long folder name/runs/2026-11-22-street/report.html"


def shown(results: Results, width: int = 80, *, colour: bool = False) -> str:
    out = io.StringIO()
    console = Console(file=out, width=width, force_terminal=colour, color_system="standard" if colour else None)
    print_summary(results, console, PATH)
    return out.getvalue()


def worst_names(results: Results, key: str) -> list[str]:
    severity = {"FAIL": 0, "INCONCLUSIVE": 1, "PASS": 2}
    judged = [entry for entry in results["profiles"] if entry["verdict"]]
    judged.sort(key=lambda entry: (severity[entry["verdict"]], -entry[key]["value"], entry["profile"]))
    return [entry["profile"] for entry in judged]


@pytest.mark.parametrize("width", [60, 80, 120])
@pytest.mark.parametrize("labelled", [True, False])
def test_fits_and_shows_the_worst(make_results: Callable[..., Results], width: int, labelled: bool) -> None:
    results = make_results(labelled=labelled)
    key = "drop" if labelled else "flips"
    text = shown(results, width)
    *lines, last = text.splitlines()
    assert max(map(len, lines)) <= width
    assert last == f"Report: {PATH}"
    assert lines[0].startswith("FAIL  resnet18-street.onnx")
    assert "and 25 more in the report" in lines
    reasons = [line for line in lines if line.startswith("- ")]
    assert reasons[0].startswith(f"- {worst_names(results, key)[0]}: ")
    assert len(reasons) == 4
    header = next(number for number, line in enumerate(lines) if line.startswith("profile "))
    # A folded name goes on in the next line, alone.
    table = lines[header + 1 : lines.index("and 25 more in the report")]
    rows: list[list[str]] = []
    for line in table:
        if len(line.split()) == 1:
            rows[-1][0] += line.strip()
        else:
            rows.append(line.split(maxsplit=1))
    assert [row[0] for row in rows] == worst_names(results, key)[:12]
    by_name = {entry["profile"]: entry for entry in results["profiles"]}
    for name, rest in rows:
        entry = by_name[name]
        value, low, high = (100 * entry[key][part] for part in ("value", "low", "high"))
        assert rest.split() == [
            f"{value:.1f}",
            f"[{low:.1f},",
            f"{high:.1f}]",
            f"{entry['metrics']['jsd']['value']:.3f}",
            entry["verdict"],
        ]


def test_piped_output_has_no_codes_and_a_terminal_has(make_results: Callable[..., Results]) -> None:
    assert "\x1b" not in shown(make_results())
    assert "\x1b[1;31mFAIL" in shown(make_results(), colour=True)


@pytest.mark.parametrize("verdict", ["PASS", "FAIL", "INCONCLUSIVE"])
def test_verdict_comes_first(make_results: Callable[..., Results], verdict: str) -> None:
    assert shown(make_results(verdict=verdict)).split()[0] == verdict


def test_few_profiles_need_no_more(make_results: Callable[..., Results]) -> None:
    results = make_results(worst=False)
    results["profiles"] = results["profiles"][:4]
    text = shown(results)
    assert "more in the report" not in text
    assert "reference/srgb " not in text.split("profile ", 1)[1]


def test_nothing_judged(make_results: Callable[..., Results]) -> None:
    results = make_results(worst=False, verdict="INCONCLUSIVE") | {"reasons": ["every sample was unreadable"]}
    results["profiles"] = results["profiles"][:1]
    text = shown(results)
    assert "- every sample was unreadable" in text
    assert "JSD" not in text


def test_unmeasured_profile(make_results: Callable[..., Results]) -> None:
    results = make_results(worst=False)
    results["profiles"] = results["profiles"][:2]
    results["profiles"][1] |= {"drop": None, "metrics": {}, "verdict": "INCONCLUSIVE"}
    assert "not measured" in shown(results)


def test_markup_and_codes_are_text(make_results: Callable[..., Results]) -> None:
    results = make_results(worst=False)
    name = "[red]x[/red]\x1b[2J:smile:"
    results["profiles"] = results["profiles"][:2]
    results["profiles"][1]["profile"] = name
    results["model"]["name"] = "[bold]m[/"
    results["reasons"] = [f"{name}: broken"]
    text = shown(results, 120)
    printed = "[red]x[/red]\\x1b[2J:smile:"
    assert text.count(printed) == 2
    assert "[bold]m[/:" in text
    assert "\x1b" not in text


def test_caveats_and_reference_are_named(make_results: Callable[..., Results]) -> None:
    text = shown(make_results(labelled=False))
    assert "Note: Without labels, flips measure instability, not error." in text
    assert "Note: No margin was given: the default was used." in text
    assert "Note: 1 sample could not be read." in text
    assert "reference reference/srgb" in text


def test_ascii_stream(make_results: Callable[..., Results], tmp_path: Path) -> None:
    results = make_results()
    results["model"]["name"] = "Füße.onnx"
    with (tmp_path / "out.txt").open("w", encoding="ascii") as out:
        print_summary(results, Console(file=out, width=70), PATH)
    text = (tmp_path / "out.txt").read_text("ascii")
    assert "F\\xfc\\xdfe.onnx" in text
    assert text.endswith(f"Report: {PATH}\n")
