"""The sentences of a forensics report: what was found, what to keep in mind, how to read it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from audit.report.note import Caveat
from audit.report.rows import DROP, Metric
from audit.report.words import plural

SHARE = Metric("share", "Share of the drop", "%", 100, 0)
INTERACTIONS_SHOWN = 6

LIMITS = (
    Caveat(
        "A share is a fair division, not a law.",
        "The Shapley value averages what a difference adds over all orders in which the differences could be made. "
        "Where differences interact, another division could be argued for; the two swaps and the interactions show how "
        "much hangs on it.",
    ),
    Caveat(
        "A negative contribution is a gain.",
        "That difference makes the device better than it would be without. Then the others add up to more than the "
        "whole drop, and their shares to more than 100 %.",
    ),
    Caveat(
        "The devices between are emulated, and none was built.",
        "Each is a valid profile: the reference with some parts of the device. They lie beside this report and can be "
        "audited like any other.",
    ),
    Caveat(
        "These scenes and this model.",
        "Intervals cover the chance of drawing other scenes of the same kind. Another model may fail for another "
        "reason.",
    ),
)


def points(entry: Mapping[str, float]) -> str:
    """``12.3 points (8.1 to 16.5)`` of an interval of results.json, without its sign."""
    value, low, high = entry["value"], entry["low"], entry["high"]
    if value < 0:
        value, low, high = -value, -high, -low
    return _minus(f"{DROP.with_unit(value)} ({DROP.text(low)} to {DROP.text(high)})")


def score_word(results: Mapping[str, Any]) -> str:
    """What is counted, in a word."""
    score: str = results["score"]
    return score if results["data"]["labelled"] else "agreement with the reference"


def headline(results: Mapping[str, Any]) -> str:
    """The finding in one sentence."""
    players = _ranked(results)
    if not players:
        return "The two devices are the same camera under two names. There is no drop, and nothing to divide up."
    drop = results["drop"]
    word = score_word(results)
    if results["shares_withheld"] is not None:
        return (
            f"No drop that could be divided up: {word} changes by {_signed(-drop['value'])} points, and the interval "
            "of the drop includes zero."
        )
    top = players[0]
    what = "drop" if drop["value"] > 0 else "gain"
    share = top["share"]
    more = f"; other differences {'win' if what == 'drop' else 'lose'} part of it back" if share["value"] > 1 else ""
    part = f"{SHARE.with_unit(share['value'])} ({SHARE.text(share['low'])} to {SHARE.text(share['high'])}%)"
    return _minus(f"{part} of the {what} in {word} comes from {top['label']}{more}.")


def summary(results: Mapping[str, Any]) -> list[str]:
    """The finding in a few more sentences."""
    drop, players = results["drop"], _ranked(results)
    a, b = results["reference"], results["device"]
    scenes = plural(results["data"]["samples"], "labelled scene" if results["data"]["labelled"] else "unlabelled scene")
    verb = "falls" if drop["value"] > 0 else "rises" if drop["value"] < 0 else "stays"
    change = f" by {points(drop)}" if drop["value"] else ""
    sentences = [
        f"On {scenes}, {score_word(results)} {verb}{change} from {a['profile']} (A) to {b['profile']} (B): "
        f"{100 * a['score']:.1f}% to {100 * b['score']:.1f}%."
    ]
    if results["shares_withheld"] is None:
        sign = 1 if drop["value"] > 0 else -1
        others = [p for p in players[1:] if sign * p["value"]["low" if sign > 0 else "high"] > 0]
        against = [p for p in players if sign * p["value"]["high" if sign > 0 else "low"] < 0]
        if others:
            sentences.append("Also clearly part of it: " + _listed(others) + ".")
        if against:
            sentences.append("Clearly against it: " + _listed(against) + ".")
        if "sensor" in players[0]["parts"]:
            sentences.append("To tell the parts of the sensor apart, run this again with --split-sensor.")
    elif players:
        sentences.append("Contributions are shown in points, without percentages of a drop that may not be there.")
    return sentences


def caveats(results: Mapping[str, Any]) -> list[Caveat]:
    """What limits the numbers of this run, the gravest first."""
    data = results["data"]
    texts = {
        "few_samples": Caveat(
            f"Only {plural(data['samples'], 'scene')}",
            "Intervals from resampling so few are too narrow. Use a few hundred before acting on this.",
        ),
        "left_out": Caveat(
            f"{plural(len(data['left_out']), 'sample')} left out",
            "They could not be read, or the model failed on them through one of the devices; all devices are compared "
            "on the others.",
            tuple(item["reason"] for item in data["left_out"][:8]),
        ),
        "no_drop": Caveat(
            "No percentages",
            f"{_first_upper(results['shares_withheld'] or '')}.",
        ),
        "sampled_orders": Caveat(
            "The values are sampled",
            f"{len(results['players'])} differences make {2 ** len(results['players'])} devices between; "
            f"{results['coalitions']} of them, along {results['orders']} orders, were evaluated. The intervals include "
            "what that leaves open.",
        ),
    }
    found = [texts[key] for key in results["caveats"]]
    assumed = results["model"]["input"].get("assumed")
    if assumed:
        text = (
            "The model file does not state all of its input convention. If one is wrong, so is every number. Assumed:"
        )
        found.insert(0, Caveat("The model's preprocessing is partly assumed", text, tuple(map(str, assumed))))
    if not data["labelled"]:
        text = "Without labels, what drops is the agreement with the model's own answers on the reference."
        found.append(Caveat("Instability, not error", text))
    return found


def interactions(results: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The largest interactions, each with how to read it."""
    labels = {player["name"]: player["label"] for player in results["players"]}
    rows = []
    for pair in results["interactions"]["pairs"][:INTERACTIONS_SHOWN]:
        if pair["low"] <= 0 <= pair["high"]:
            reading = "not told apart from zero"
        elif pair["value"] > 0:
            reading = "worse together than one by one"
        else:
            reading = "overlap: together less than one by one"
        rows.append({"labels": [labels[name] for name in pair["players"]], "value": pair, "reading": reading})
    return rows


def _ranked(results: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Players by how much they push in the direction of the drop."""
    sign = -1 if results["drop"]["value"] < 0 else 1
    return sorted(results["players"], key=lambda player: -sign * player["value"]["value"])


def _listed(players: list[Mapping[str, Any]]) -> str:
    return "; ".join(_minus(f"{p['label']}, {SHARE.with_unit(p['share']['value'])}") for p in players[:4])


def _signed(value: float) -> str:
    return _minus(f"{100 * value:+z.1f}") if round(1000 * value) else "0.0"


def _minus(text: str) -> str:
    return text.replace("-", "−")


def _first_upper(text: str) -> str:
    return text[:1].upper() + text[1:]
