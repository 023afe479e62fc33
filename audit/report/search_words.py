"""The sentences of a search's report."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from audit.report.caveats import assumed_preprocessing, unlabelled, unreadable
from audit.report.limits import GENERAL
from audit.report.note import Caveat
from audit.report.rows import FLIPS, Metric, read_interval, score_drop
from audit.report.words import article, plural

LOSSES = {
    "soft_error": "soft error",
    "cross_entropy": "cross-entropy",
    "disagreement": "divergence from the reference's answer",
}
BOUNDS = {
    "ssim": "SSIM to the device's own picture at least {:g}",
    "psnr": "PSNR to the device's own picture at least {:g} dB",
    "l2": "root mean square difference to the device's own picture at most {:g}",
    "delta_e": "mean colour difference to the device's own picture at most {:g} ΔE",
}
FIDELITY = {
    "ssim": "SSIM to the device",
    "psnr": "PSNR to the device, dB",
    "l2": "RMS difference to the device",
    "delta_e": "Colour difference to the device, ΔE",
}
WEIGHTS = {
    "ssim": "1 − SSIM",
    "l2": "the root mean square difference",
    "delta_e": "the mean colour difference",
}
MEANING = {
    "PASS": "The worst case found stays within the margin with its whole interval, on scenes that no search saw.",
    "FAIL": "A plausible setting of this device is worse than the margin allows, by more than chance explains.",
    "INCONCLUSIVE": "On the scenes held out it cannot be told whether the worst case found exceeds the margin.",
    None: "No margin was given, so that there is no verdict.",
}
SEARCH_LIMITS = (
    Caveat(
        "Worst found, never worst possible.",
        "The search has a limited budget and stays within the ranges and choices that the profile states. It shows "
        "that a failure exists; it cannot show that none does.",
    ),
    Caveat(
        "Plausible is what the profile says.",
        "The ranges come from the profile's search section, or are assumed for each kind of knob. Narrow them to your "
        "own device before you draw conclusions from a corner of them.",
    ),
    *GENERAL,
)


def metric_of(results: Mapping[str, Any]) -> Metric:
    """What the held-out figures are: the drop of the score, or flips without labels."""
    return score_drop(results["task"]["score"]) if results["measure"] == "drop" else FLIPS


def is_classification(results: Mapping[str, Any]) -> bool:
    """Whether scores are hits, and the loss is the soft error of a class."""
    return bool(results["task"]["key"] == "classification")


def loss_text(results: Mapping[str, Any]) -> str:
    """What was raised, within a sentence."""
    return LOSSES[results["loss"]] if is_classification(results) else "loss"


def constraint_text(constraint: Mapping[str, Any] | None) -> str:
    """What the search may not go beyond, in words."""
    if constraint is None:
        return "none but the plausible ranges"
    if constraint["kind"] == "bound":
        return BOUNDS[constraint["measure"]].format(constraint["limit"])
    return f"{WEIGHTS[constraint['measure']]} counts against the loss with weight {constraint['weight']:g}"


def summary(results: Mapping[str, Any]) -> str:
    """What was searched and what came out, in plain words."""
    metric, data = metric_of(results), results["data"]
    worst, strategy = results["cases"][0], results["strategy"]
    harm, before = (read_interval(worst["certificate"][key]) for key in ("harm", "harm_of_device"))
    if harm is None or before is None:
        raise ValueError("a certificate holds finite intervals")
    turned = f"{plural(results['space']['axes'], 'number')} of {results['device']['profile']}"
    if results["space"]["combinations"] > 1:
        turned += f" and {results['space']['combinations']} combinations of its stages"
    found = (
        f"{metric.with_unit(harm.value)} of the answers differ from those on {results['reference']}"
        if metric is FLIPS
        else f"{article(metric.spoken)} of {metric.with_unit(harm.value)} against {results['reference']}"
    )
    return (
        f"A search of {strategy['evaluations']:g} evaluations turned {turned}, on "
        f"{plural(data['search_samples'], 'scene')}. The worst setting found, measured again on "
        f"{data['judged_samples']} others with {len(worst['certificate']['seeds'])} noise seeds each: {found} "
        f"(95% interval {metric.text(harm.low)} to {metric.text(harm.high)}). "
        f"The device as it is: {metric.with_unit(before.value)}."
    )


def gradient_text(strategy: Mapping[str, Any]) -> str:
    """Whether gradients led the search, and why not."""
    if strategy["gradients"]:
        return f"straight-through gradients of the model, each charged as {strategy['gradient_cost']:g} evaluations"
    return f"none: {strategy['why_not']}"


def caveats(results: Mapping[str, Any]) -> list[Caveat]:
    """What applies to this run, the gravest first."""
    found = [
        _masked(results),
        assumed_preprocessing(results["model"]["input"]),
        _without_gradient(results["strategy"]),
        unlabelled({"labelled": results["measure"] == "drop"}),
        _already_bad(results),
        _weak_objective(results["loss"]),
        unreadable(results["data"]),
        _few(results),
    ]
    return [caveat for caveat in found if caveat is not None]


def _masked(results: Mapping[str, Any]) -> Caveat | None:
    check = results["cross_check"]
    if check is None or not check["masked_gradients"]:
        return None
    return Caveat(
        "Masked gradients: the search without gradients found worse",
        f"With the same budget it leads by {check['lead']['value']:.3f} ({check['lead']['low']:.3f} to "
        f"{check['lead']['high']:.3f}) in the {loss_text(results)}, on scenes held out. The model's gradients "
        "vanish or point astray here, and figures that rest on them alone make it look sturdier than it is.",
    )


def _without_gradient(strategy: Mapping[str, Any]) -> Caveat | None:
    if strategy["gradients"] or not strategy["wanted_gradients"]:
        return None
    return Caveat(
        "Searched without gradients",
        f"{_sentence(strategy['why_not'])} Finite differences through the model itself took their place; they need "
        "more evaluations to find as bad a case.",
    )


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:].removesuffix(".") + "."


def _already_bad(results: Mapping[str, Any]) -> Caveat | None:
    certificate = results["cases"][0]["certificate"]
    if results["measure"] == "flips" or certificate["score_of_reference"] > 0.5:
        return None
    score = f"{certificate['score_of_reference']:.1%}"
    hits = is_classification(results)
    found = (
        f"It is right on {score} of the scenes there" if hits else f"Its {results['task']['score']} is {score} there"
    )
    check = "the order of the classes" if hits else "how its output is read"
    return Caveat(
        "The model fails on the reference itself",
        f"{found}, so that there is little to lose. Check the preprocessing and {check} first.",
    )


def _weak_objective(loss: str) -> Caveat | None:
    if loss != "cross_entropy":
        return None
    return Caveat(
        "Cross-entropy was raised",
        "A few scenes that are hard anyway take nearly all of it, and the accuracy hardly moves. The soft error "
        "(the default) finds far worse cases.",
    )


def _few(results: Mapping[str, Any], least: int = 100) -> Caveat | None:
    count = results["data"]["judged_samples"]
    if count >= least:
        return None
    harm = results["cases"][0]["certificate"]["harm"]
    metric = metric_of(results)
    return Caveat(
        f"Only {plural(count, 'scene')} held out",
        f"The interval of the worst case is ±{metric.with_unit((harm['high'] - harm['low']) / 2)}. Four times as many "
        "scenes would halve it.",
    )
