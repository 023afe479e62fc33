"""Runs as the audit writes them: 37 profiles judged from simulated answers, 4 scenes, one worst case."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

Results = dict[str, Any]
Pictures = dict[str, dict[str, NDArray[np.uint8]]]

MARGIN = 0.05
REFERENCE = "reference/srgb"
WORST = "worst/phone/pixel-6"
SCENES = ("street/crossing.jpg", "park/dog.jpg", "night/neon sign.jpg", "harbour/boats.jpg")


def _interval(value: float, spread: float, count: int) -> dict[str, float]:
    half = 1.96 * spread / np.sqrt(count)
    return {"value": float(value), "low": float(value - half), "high": float(value + half)}


def _verdict(interval: dict[str, float], margin: float) -> str:
    if interval["high"] < margin:
        return "PASS"
    return "FAIL" if interval["low"] > margin else "INCONCLUSIVE"


def _names() -> list[tuple[str, str, str, float]]:
    """(name, title, kind, how hard it is on the model)."""
    words = {"bi": "bilinear", "ma": "Malvar 2004", "me": "Menon 2007", "s": "sharpened", "u": "unsharp mask"}
    words |= {"ga": "Gaussian denoising", "me2": "median denoising"}
    hard = {"bi": 0.02, "ma": 0.0, "me": 0.005, "s": 0.0, "u": 0.06, "ga": 0.01, "me2": 0.03}
    seeds = [
        (f"seed/{device}/{a}-{b}-{c[:2]}", f"Seed {device}: {words[a]}, {words[b]}, {words[c]}", device, a, b, c, base)
        for device, base in (("drone", 0.02), ("microscope", -0.02))
        for a, b, c in itertools.product(("bi", "ma", "me"), ("s", "u"), ("ga", "me2"))
    ]  # fmt: skip
    devices = [
        ("phone/pixel-6", "Google Pixel 6, main camera", "phone", 0.01),
        ("phone/galaxy-s9", "Samsung Galaxy S9, rear camera", "phone", 0.02),
        ("phone/iphone-12", "Apple iPhone 12 Pro, wide camera", "phone", 0.0),
        ("automotive/ar0231-rccb", "onsemi AR0231 behind a windscreen (RCCB)", "automotive", 0.16),
        ("automotive/imx490", "Sony IMX490, 120 dB HDR", "automotive", 0.05),
        ("machine-vision/imx264-mono", "Sony IMX264, monochrome", "machine-vision", 0.12),
        ("machine-vision/imx250", "Sony IMX250, industrial 5 MP", "machine-vision", -0.01),
        ("still/nikon-d5000", "Nikon D5000", "still", -0.01),
        ("still/sony-a7r", "Sony A7R", "still", -0.015),
        ("drone/mavic-3", "DJI Mavic 3, Hasselblad L2D", "drone", 0.0),
        ("microscope/imx178", "Brightfield microscope, IMX178", "microscope", 0.02),
        ("rpi-hq-imx477", "Raspberry Pi HQ camera (Sony IMX477)", "hobby", 0.03),
    ]
    return [(n, t, k, base + hard[a] + hard[b] + hard[c]) for n, t, k, a, b, c, base in seeds] + devices


def _row(
    name: str, title: str, kind: str, harm: float, rng: np.random.Generator, count: int, labelled: bool
) -> Results:
    lost = rng.random(count) < max(harm, 0) + 0.012
    won = ~lost & (rng.random(count) < max(-harm, 0) + 0.012)
    changed = lost | won | (rng.random(count) < 0.01 + max(harm, 0) / 2)
    difference = lost.astype(float) - won
    drop = _interval(difference.mean(), difference.std() + 0.02, count)
    flips = _interval(changed.mean(), changed.std() + 0.02, count)
    verdict = _verdict(drop if labelled else flips, MARGIN if labelled else 0.1)
    tests = {"p_margin": float(rng.random()), "p_holm": float(rng.random())}
    divergence = 0.01 + 0.3 * float(changed.mean())
    return {
        "profile": name,
        "title": title,
        "kind": kind,
        "role": "profile",
        "samples": count,
        "verdict": verdict,
        "reasons": [] if verdict == "PASS" else [f"{verdict.lower()}: compare the interval with the margin"],
        "errors": [],
        "metrics": ({"accuracy": _interval(0.78 - drop["value"], 0.41, count)} if labelled else {})
        | {"confidence": _interval(0.8 - divergence, 0.2, count), "jsd": _interval(divergence, divergence, count)},
        "drop": drop | tests | {"p_zero": float(rng.random())} if labelled else None,
        "drops": {"confidence": _interval(divergence, 0.2, count)},
        "flips": flips | tests,
        "further": {},
        "worst_groups": [],
    }


def task(labelled: bool) -> Results:
    """A classifier's task, as in results.json."""
    accuracy = [] if not labelled else [metric("accuracy", "Accuracy")]
    jsd = metric("jsd", "Jensen-Shannon divergence", unit="bits", digits=3, better="lower", against_reference=True)
    return {
        "key": "classification",
        "title": "Classification",
        "score": "accuracy",
        "metrics": [*accuracy, metric("confidence", "Mean confidence", short="Confidence"), jsd | {"short": "JSD"}],
        "further": [],
    }


def metric(key: str, title: str, **update: Any) -> Results:
    """A metric, as in results.json."""
    return {
        "key": key,
        "title": title,
        "short": "",
        "unit": "%",
        "digits": 1,
        "better": "higher",
        "against_reference": False,
    } | update


def strategy(**update: Any) -> Results:
    """How a search went, as in results.json."""
    return {
        "name": "default",
        "budget": 60,
        "evaluations": 60.0,
        "gradients": True,
        "wanted_gradients": True,
        "why_not": None,
        "gradient_cost": 6.0,
        "notes": [],
    } | update


def certificate(harm: float, of_device: float, count: int, labelled: bool = True) -> Results:
    """The certificate of a case, as in results.json."""
    base = 0.78 if labelled else 1.0
    return {
        "measure": "drop" if labelled else "flips",
        "samples": count,
        "seeds": [0, 1, 2],
        "jpeg": None,
        "harm": _interval(harm, 0.5, count),
        "harm_of_device": _interval(of_device, 0.2, count),
        "excess": _interval(harm - of_device, 0.5, count),
        "score": base - harm,
        "score_of_device": base - of_device,
        "score_of_reference": base,
        "loss": 0.1 + harm,
        "loss_of_device": 0.1 + of_device,
    }


@pytest.fixture(scope="session")
def make_results() -> Callable[..., Results]:
    """``make_results(labelled=True, verdict=None, worst=True, count=400)``: results.json of a run."""

    def make(*, labelled: bool = True, verdict: str | None = None, worst: bool = True, count: int = 400) -> Results:
        rng = np.random.default_rng(5)
        rows = [_row(*name, rng, count, labelled) for name in _names()]
        cases = []
        if worst:
            row = _row(WORST, "Google Pixel 6, main camera", "phone", 0.3, rng, count // 2, labelled)
            rows.append(row | {"role": "worst_case"})
            cases.append(_worst_case(labelled, count))
        reference = {
            "profile": REFERENCE,
            "title": "The images as they are",
            "kind": "reference",
            "role": "reference",
            "samples": count,
            "verdict": None,
            "reasons": [],
            "errors": [],
            "metrics": ({"accuracy": _interval(0.78, 0.41, count)} if labelled else {})
            | {"confidence": _interval(0.8, 0.2, count), "jsd": None},
            "drop": None,
            "drops": {},
            "flips": None,
            "further": {},
            "worst_groups": [],
        }
        found = {row["verdict"] for row in rows}
        overall = verdict or next(word for word in ("FAIL", "INCONCLUSIVE", "PASS") if word in found)
        metric = "accuracy drop" if labelled else "flip rate"
        key = "drop" if labelled else "flips"
        return {
            "schema": 2,
            "camsim": "0.1.0",
            "verdict": overall,
            "task": task(labelled),
            "reasons": [
                f"{row['profile']}: {metric} {100 * row[key]['value']:.1f} exceeds the margin"
                for row in rows
                if row["verdict"] == "FAIL"
            ],
            "gate": {
                "max_drop": MARGIN if labelled else None,
                "max_flips": None if labelled else 0.1,
                "confidence": 0.95,
                "min_samples": 10,
                "given": False,
                "unit": "%",
            },
            "model": {
                "name": "resnet18-street.onnx",
                "sha256": hashlib.sha256(b"model").hexdigest(),
                "classes": 10,
                "input": {
                    "input": "image",
                    "shape": [1, 3, 224, 224],
                    "layout": "NCHW",
                    "assumed": ["colour order RGB", "ImageNet mean and standard deviation"],
                },
            },
            "data": {
                "name": "street-scenes",
                "description": "Photographs of streets, one folder per class.",
                "sha256": hashlib.sha256(b"data").hexdigest(),
                "split": "all",
                "samples": count,
                "labelled": labelled,
                "notes": [],
                "unreadable": [{"sample": "street/broken.jpg", "reason": "truncated after 812 bytes"}],
            },
            "reference": REFERENCE,
            "seed": 0,
            "planning": None,
            "groups": None,
            "most_changed": [],
            "yardstick": None,
            "profiles": [reference, *rows],
            "worst_cases": cases,
        }

    return make


def _worst_case(labelled: bool, count: int) -> Results:
    return {
        "base": "phone/pixel-6",
        "profile": WORST,
        "file": "worst/phone-pixel-6.yaml",
        "evaluations": 60,
        "objective": 0.412,
        "objective_at_base": 0.107,
        "search_samples": count // 2,
        "judged_samples": count // 2,
        "search": {"measure": "errors" if labelled else "flips", "rate": 0.655, "rate_at_base": 0.245},
        "strategy": strategy(),
        "best_so_far": [[1, 0.107], [7, 0.36], [42, 0.412], [60, 0.412]],
        "fidelity_measure": "ssim",
        "fidelity": 0.9137,
        "chosen": {"isp.demosaic": ["malvar2004", "bilinear"]},
        "certificate": certificate(0.301, 0.024, count // 2, labelled),
        "knobs": [
            {"name": "isp.white_balance.gains", "unit": "1", "from": [2.1, 1.0, 1.6], "to": [2.415, 1.0, 1.38],
             "low": [1.785, 1.0, 1.36], "high": [2.415, 1.0, 1.84]},
            {"name": "isp.denoise.sigma", "unit": "px", "from": [0.5], "to": [0.747], "low": [0.25], "high": [0.75]},
            {"name": "sensor.read_noise", "unit": "e-", "from": [3.0], "to": [3.6], "low": [2.4], "high": [3.6]},
            {"name": "sensor.system_gain", "unit": "DN/e-", "from": [0.47], "to": [0.452],
             "low": [0.423], "high": [0.517]},
        ],
    }  # fmt: skip


@pytest.fixture(scope="session")
def manifest() -> Results:
    """manifest.json of the same run."""
    names = [REFERENCE, WORST, *(name for name, *_ in _names())]
    return {
        "command": "camsim audit resnet18-street.onnx --data street-scenes --search 60 --seed 0",
        "created": "2026-11-22T02:04:00+00:00",
        "duration_s": 184.25,
        "versions": {"camsim": "0.1.0", "torch": "2.13.0", "onnxruntime": "1.24.1", "numpy": "2.4.6"},
        "model_sha256": hashlib.sha256(b"model").hexdigest(),
        "data_sha256": hashlib.sha256(b"data").hexdigest(),
        "seed": 0,
        "profiles": {name: hashlib.sha256(name.encode()).hexdigest() for name in names},
        "split": "all",
        "search": 60,
        "machine": "Linux x86_64, 2 cores",
        "notes": ["Inference ran on the CPU."],
    }


@pytest.fixture(scope="session")
def pictures() -> Pictures:
    """Four synthetic scenes, darker and noisier from profile to profile."""
    rng = np.random.default_rng(1)
    y, x = np.mgrid[0:48, 0:64] / 64
    names = [REFERENCE, WORST, *(name for name, *_ in _names())]
    found: Pictures = {}
    for number, scene in enumerate(SCENES):
        base = np.stack([x, y, (np.hypot(x - 0.5, y - 0.4) < 0.1 + 0.05 * number)], axis=-1)
        found[scene] = {
            name: (255 * np.clip(base * (1 - place / 80) + rng.normal(0, 0.02, base.shape), 0, 1)).astype(np.uint8)
            for place, name in enumerate(names)
        }  # fmt: skip
    return found
