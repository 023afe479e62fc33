"""The forensics report: its sentences, and that nothing from outside gets through unescaped."""

from __future__ import annotations

import copy
import re
from io import StringIO
from typing import Any

import numpy as np
import pytest
from rich.console import Console

from audit.forensics.swaps import Shot, Swaps
from audit.forensics.walk import Step, Walk
from audit.report.forensics import render_forensics
from audit.report.forensics_terminal import print_forensics
from audit.report.forensics_words import caveats, headline, interactions, summary

HOSTILE = "<script>alert(1)</script>\x1b[31m"


def interval(value: float, spread: float = 0.02) -> dict[str, float]:
    return {"value": value, "low": value - spread, "high": value + spread}


def player(name: str, value: float, share: float | None, mask: int) -> dict[str, Any]:
    return {
        "name": name,
        "label": f"{name}: a → b",
        "parts": [f"isp.{name}"],
        "merged_because": [],
        "differences": [{"field": f"isp.{name}.x", "first": 0.5, "second": None}],
        "value": interval(value),
        "share": None if share is None else interval(share, 0.1),
        "sampling_error": None,
        "soft_error": interval(value / 2),
        "alone": {"coalition": mask, "file": f"profiles/only-{name}.yaml", **interval(value)},
        "healed": {"coalition": 7 ^ mask, "file": f"profiles/without-{name}.yaml", **interval(value)},
    }


@pytest.fixture
def results() -> dict[str, Any]:
    knobs = [{"name": f"isp.k{n}.x", "player": None, "first": interval(0.1), "total": interval(0.2)} for n in range(20)]
    device = {"title": "A camera", "isp": ["black_level"]}
    return {
        "schema": 1,
        "camsim": "0.1.0",
        "command": "forensics",
        "model": {"name": "m.onnx", "sha256": "0" * 64, "input": {"assumed": []}},
        "data": {
            "name": "photos",
            "description": "Photographs.",
            "sha256": "1" * 64,
            "samples": 200,
            "labelled": True,
            "left_out": [],
        },
        "seed": 0,
        "confidence": 0.95,
        "score": "accuracy",
        "reference": {"profile": "ref", "file": "profiles/a.yaml", "score": 0.9, **device},
        "device": {"profile": "dev", "file": "profiles/b.yaml", "score": 0.8, **device},
        "drop": interval(0.1),
        "soft_error_rise": interval(0.05),
        "shares_withheld": None,
        "exact": True,
        "coalitions": 8,
        "orders": 0,
        "players": [
            player("denoise", -0.06, -0.6, 1),
            player("demosaic", 0.13, 1.3, 2),
            player("sharpen", 0.03, 0.3, 4),
        ],
        "interactions": {
            "measure": "shapley_interaction_index",
            "pairs": [
                {"players": ["denoise", "demosaic"], **interval(-0.05)},
                {"players": ["denoise", "sharpen"], **interval(0.04)},
                {"players": ["demosaic", "sharpen"], **interval(0.01)},
            ],
        },
        "sensitivity": {
            "gradient": {"reason": "no operator Foo", "samples": 0, "knobs": []},
            "sobol": {
                "reason": None,
                "settings": 704,
                "rows": 32,
                "samples": 32,
                "mean": 0.2,
                "deviation": 0.05,
                "knobs": knobs,
            },
        },
        "stages": [],
        "caveats": [],
    }


def pictures() -> tuple[list[Walk], list[Swaps]]:
    grey = np.full((24, 24, 3), 128, dtype=np.uint8)
    steps = (
        Step("sensor", grey, grey, grey, 0.0, np.zeros((24, 24), dtype=np.float32)),
        Step("denoise", grey, None, grey, 1.0, None),
    )
    shots = tuple(Shot(mask, grey, "cat 90 %", float(mask != 7), 0.1) for mask in (0, 1, 2, 4, 7))
    return [Walk("x.png", steps, 4)], [Swaps("x.png", shots)]


def test_the_finding_in_words(results: dict[str, Any]) -> None:
    assert headline(results) == (
        "130% (120 to 140%) of the drop in accuracy comes from demosaic: a → b; other differences win part of it back."
    )
    text = " ".join(summary(results))
    assert "accuracy falls by 10.0 points (8.0 to 12.0) from ref (A) to dev (B): 90.0% to 80.0%" in text
    assert "Also clearly part of it: sharpen: a → b, 30%." in text
    assert "Clearly against it: denoise: a → b, −60%." in text
    assert [row["reading"] for row in interactions(results)] == [
        "overlap: together less than one by one",
        "worse together than one by one",
        "not told apart from zero",
    ]


def test_a_gain_is_called_one(results: dict[str, Any]) -> None:
    results["drop"] = interval(-0.1)
    for entry in results["players"]:
        entry["value"] = interval(-entry["value"]["value"])
    assert "130% (120 to 140%) of the gain in accuracy comes from" in headline(results)
    assert "accuracy rises by 10.0 points (8.0 to 12.0)" in summary(results)[0]


def test_without_shares_or_players_it_says_why(results: dict[str, Any]) -> None:
    withheld = results | {
        "shares_withheld": "the interval of the drop includes zero",
        "drop": interval(0.01),
        "caveats": ["no_drop"],
        "players": [entry | {"share": None} for entry in results["players"]],
    }
    assert headline(withheld).startswith("No drop that could be divided up: accuracy changes by −1.0 points")
    assert caveats(withheld)[0].text == "The interval of the drop includes zero."
    nothing = results | {"players": [], "drop": interval(0, 0), "shares_withheld": "the devices do not differ"}
    nothing["interactions"] = {"measure": "shapley_interaction_index", "pairs": []}
    assert "the same camera under two names" in headline(nothing)
    for variant in (withheld, nothing):
        text = render_forensics(variant, manifest(), [], [])
        assert "contributions-plot" not in text or variant is withheld


def manifest() -> dict[str, Any]:
    return {
        "command": "camsim forensics m.onnx --to dev",
        "created": "2026-11-22T02:04:00+00:00",
        "duration_s": 1.0,
        "versions": {"camsim": "0.1.0"},
        "model_sha256": "0" * 64,
        "data_sha256": "1" * 64,
        "seed": 0,
        "profiles": {"ref": "0" * 64},
        "machine": "Linux",
        "notes": [],
    }


def test_the_page_holds_every_section_and_loads_nothing(results: dict[str, Any]) -> None:
    text = render_forensics(results, manifest(), *pictures())
    for section in ("contributions", "interactions", "differences", "stages", "knobs", "limits", "reproduce"):
        assert text.count(f'id="{section}"') == 1
    ids = re.findall(r'\bid="([^"]+)"', text.split("<script>")[0])
    assert len(ids) == len(set(ids))
    assert "cat 90 %, wrong" in text
    assert "Rise by gradient: none, no operator Foo." in text
    assert "The plot holds the 16 largest of 20." in text
    assert not re.search(r'(src|href)="(?!data:)', text.split("<script>")[0])


def test_strings_from_outside_are_escaped(results: dict[str, Any]) -> None:
    hostile = copy.deepcopy(results)
    hostile["model"]["name"] = hostile["device"]["profile"] = hostile["device"]["title"] = HOSTILE
    hostile["data"] |= {"description": HOSTILE, "left_out": [{"sample": "s", "reason": HOSTILE}]}
    hostile["caveats"] = ["left_out"]
    for entry in hostile["players"]:
        entry |= {"label": HOSTILE, "merged_because": [HOSTILE]}
        entry["differences"][0] |= {"first": HOSTILE, "second": [HOSTILE]}
    walks, swaps = pictures()
    walks = [Walk(HOSTILE, walks[0].steps, 4)]
    swaps = [Swaps(HOSTILE, tuple(Shot(s.mask, s.picture, HOSTILE, s.score, s.loss) for s in swaps[0].shots))]
    text = render_forensics(hostile, manifest(), walks, swaps)
    assert "<script>alert" not in text
    assert "\x1b" not in text
    assert "&lt;script&gt;alert" in text
    out = StringIO()
    print_forensics(hostile, Console(file=out, width=80), "report.html")
    assert "\x1b" not in out.getvalue()


@pytest.mark.parametrize("width", [60, 100])
def test_the_terminal_shows_the_finding_and_every_difference(results: dict[str, Any], width: int) -> None:
    out = StringIO()
    print_forensics(results, Console(file=out, width=width), "runs/x/report.html")
    lines = out.getvalue().splitlines()
    assert max(map(len, lines)) <= width
    text = " ".join(out.getvalue().split())
    assert "130% (120 to 140%) of the drop" in text
    assert "13.0 [11.0, 15.0]" in text
    assert "-60 [-70, -50]" in text
    assert lines[-1] == "Report: runs/x/report.html"
