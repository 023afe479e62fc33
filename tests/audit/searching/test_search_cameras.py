"""`audit.search_cameras` and `audit.replay` from Python: known weaknesses, resuming, replays, refusals."""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

import audit
from audit.data import Dataset, Sample
from audit.models import TorchModel
from audit.search.fidelity import Bound, Weight
from camsim import catalog
from camsim.errors import CamsimError, NoDataError

from ..conftest import PythonModel, by_brightness, make_dataset
from .conftest import DECLARED, Level, make_device

QUICK: dict[str, Any] = {"budget": 20, "curve": 0, "cross_check": False}


def test_finds_the_knob_that_hurts_and_certifies_it(network: TorchModel) -> None:
    result = audit.search_cameras(network, make_dataset(40), profile=make_device(), budget=30, curve=3)
    found = result.results
    (case, *_) = found["cases"]
    exposure = next(knob for knob in case["knobs"] if knob["name"] == "sensor.exposure")
    assert exposure["to"] > 1.2 * exposure["from"]
    assert exposure["low"] <= exposure["to"] <= exposure["high"]
    certificate = case["certificate"]
    assert certificate["harm"]["value"] == 0.5  # the dark half of the scenes
    assert certificate["harm_of_device"]["value"] == 0
    assert certificate["harm"]["low"] > 0.2
    assert (certificate["samples"], certificate["seeds"]) == (20, [0, 1, 2])
    assert found["strategy"]["gradients"] is True
    assert found["strategy"]["why_not"] is None
    assert found["strategy"]["gradient_cost"] == 3
    assert found["cross_check"]["masked_gradients"] is False
    assert (result.verdict, result.exit_code) == (None, 0)
    points = found["curve"]["points"]
    assert [point["at"] for point in points] == pytest.approx([1 / 3, 2 / 3, 1])
    losses = [point["case"]["loss"] for point in points]
    assert losses == sorted(losses)
    assert points[-1]["case"]["profile"] == case["profile"]
    for run in found["runs"]:
        spent, best = zip(*run["best_so_far"], strict=True)
        assert list(spent) == sorted(spent)
        assert list(best) == sorted(best)
        assert spent[-1] <= 30
    assert set(result.manifest["replay"]) == set(result.profiles)


@pytest.mark.parametrize(
    ("margin", "verdict", "code"), [(0.9, "PASS", 0), (0.05, "FAIL", 1), (0.45, "INCONCLUSIVE", 3)]
)
def test_the_margin_decides_the_exit_code(network: TorchModel, margin: float, verdict: str, code: int) -> None:
    result = audit.search_cameras(network, make_dataset(40), profile=make_device(), max_drop=margin, **QUICK)
    assert (result.verdict, result.exit_code) == (verdict, code)
    assert len(result.results["reasons"]) == 1


def test_few_samples_are_no_verdict(network: TorchModel) -> None:
    result = audit.search_cameras(network, make_dataset(12), profile=make_device(), max_drop=0.9, **QUICK)
    assert result.verdict == "INCONCLUSIVE"
    assert "at least 10" in result.results["reasons"][0]


class Stop:
    """Progress that interrupts at the n-th step."""

    def __init__(self, after: int) -> None:
        self.left = after

    def start(self, what: str, total: int) -> None:
        pass

    def advance(self, steps: int) -> None:
        self.left -= 1
        if self.left == 0:
            raise KeyboardInterrupt


@pytest.mark.parametrize("after", [25, 45, 70])
def test_an_interrupted_search_resumes_to_the_same_result(network: TorchModel, tmp_path: Path, after: int) -> None:
    data = make_dataset(16)
    options: dict[str, Any] = {"profile": make_device(), "budget": 20, "curve": 2, "max_drop": 0.1}
    whole = audit.search_cameras(network, data, out=tmp_path / "whole", **options)
    with pytest.raises(KeyboardInterrupt):
        audit.search_cameras(network, data, out=tmp_path / "cut", progress=Stop(after), **options)
    with pytest.raises(CamsimError, match="unfinished run; add --resume"):
        audit.search_cameras(network, data, out=tmp_path / "cut", **options)
    with pytest.raises(CamsimError, match="another plan"):
        audit.search_cameras(network, data, out=tmp_path / "cut", resume=True, **options, group="exposure")
    again = audit.search_cameras(network, data, out=tmp_path / "cut", resume=True, **options)
    assert again.results == whole.results
    assert (tmp_path / "cut" / "results.json").read_bytes() == (tmp_path / "whole" / "results.json").read_bytes()
    for file in whole.profiles:
        assert (tmp_path / "cut" / file).read_bytes() == (tmp_path / "whole" / file).read_bytes()
    names = {path.name for path in (tmp_path / "cut").iterdir()}
    assert names == {"device.yaml", "manifest.json", "report.html", "results.json", "worst"}


def test_nothing_is_judged_twice_after_an_interruption(tmp_path: Path) -> None:
    counts = []

    class Counting(PythonModel):
        def log_probabilities(self, images):  # type: ignore[no-untyped-def]
            counts[-1] += len(images)
            return super().log_probabilities(images)

    model, data = Counting(by_brightness), make_dataset(16)
    options: dict[str, Any] = {"profile": make_device(), "out": tmp_path / "cut", **QUICK}
    counts.append(0)
    with pytest.raises(KeyboardInterrupt):
        audit.search_cameras(model, data, progress=Stop(34), **options)  # in the search, after reading 16 scenes
    counts.append(0)
    audit.search_cameras(model, data, resume=True, **options)
    counts.append(0)
    audit.search_cameras(model, data, **options | {"out": tmp_path / "whole"})
    before, after, whole = counts
    assert 0 < before < whole
    assert after < whole - before + 20  # but for the reference's pictures and the probe of the output's size


def test_every_case_replays_to_the_last_digit(network: TorchModel, tmp_path: Path) -> None:
    options: dict[str, Any] = {"jpeg": 70, "seed": 3}
    data = make_dataset(16)
    result = audit.search_cameras(
        network, data, profile=make_device(), budget=20, curve=2, count=2, out=tmp_path / "run", **options
    )
    found = result.results
    cases = [*found["cases"], *(run["case"] for run in found["runs"]), *(p["case"] for p in found["curve"]["points"])]
    assert len({case["file"] for case in cases}) >= 3
    for case in {case["file"]: case for case in cases}.values():
        again = audit.replay(
            network, data, case=tmp_path / "run" / case["file"], device=tmp_path / "run" / "device.yaml", **options
        )
        assert json.loads(json.dumps(again.to_json())) == case["certificate"]


def test_without_gradients_it_falls_back_and_says_so() -> None:
    result = audit.search_cameras(PythonModel(by_brightness), make_dataset(16), profile=make_device(), budget=20)
    strategy = result.results["strategy"]
    assert strategy["gradients"] is False
    assert "neither an ONNX model nor a PyTorch module" in strategy["why_not"]
    assert any("searched without gradients" in note for note in strategy["notes"])
    assert result.results["cross_check"] is None
    assert len(result.results["runs"]) == 1


def test_masked_gradients_are_found_out(misleading: TorchModel) -> None:
    """Gradients that pass their checks, and lead away from the harm."""
    result = audit.search_cameras(
        misleading, make_dataset(40), profile=make_device(), strategy="pgd", budget=10, curve=0
    )
    found = result.results
    assert found["strategy"]["gradients"] is True
    assert found["cross_check"]["masked_gradients"] is True
    assert found["cross_check"]["lead"]["low"] > 0
    # What is reported is the worst that any search found.
    assert found["cases"][0]["found_by"] == "cross-check, without gradients"
    assert found["cases"][0]["certificate"]["harm"]["value"] == 0.5
    assert found["runs"][0]["case"]["certificate"]["harm"]["value"] == 0


@pytest.mark.parametrize("loss", ["soft_error", "disagreement"])
def test_without_labels_flips_are_measured(network: TorchModel, loss: Any) -> None:
    result = audit.search_cameras(
        network,
        make_dataset(40, labelled=False),
        profile=make_device(),
        loss=loss,
        max_flips=0.05,
        **QUICK | {"budget": 60},
    )
    certificate = result.results["cases"][0]["certificate"]
    assert result.results["measure"] == certificate["measure"] == "flips"
    assert certificate["harm"]["value"] > 0.3  # the dark ones
    assert certificate["score_of_reference"] == 1
    assert result.verdict == "FAIL"


def test_disagreement_does_not_look_at_labels(network: TorchModel) -> None:
    labelled, unlabelled = (
        audit.search_cameras(
            network, make_dataset(16, labelled=labels), profile=make_device(), loss="disagreement", **QUICK
        ).results["cases"][0]["certificate"]
        for labels in (True, False)
    )
    # The halves differ, since each class is halved by itself; the measure does not.
    assert labelled["measure"] == unlabelled["measure"] == "flips"


def test_a_bound_is_kept_and_the_curve_goes_up_to_it(network: TorchModel) -> None:
    result = audit.search_cameras(
        network,
        make_dataset(16),
        profile=make_device(),
        budget=20,
        constraint=Bound("l2", 0.05),
        curve=2,
        cross_check=False,
    )
    case = result.results["cases"][0]
    assert case["fidelity_measure"] == "l2"
    assert 0 < case["fidelity"] <= 0.05
    curve = result.results["curve"]
    assert curve["axis"] == "l2"
    assert [point["at"] for point in curve["points"]] == [0.025, 0.05]
    for point in curve["points"]:
        assert point["case"]["fidelity"] <= point["at"]
    assert result.results["constraint"] == {"kind": "bound", "measure": "l2", "limit": 0.05}


def test_groups_and_ladder(network: TorchModel) -> None:
    device = make_device(search={"sensor.exposure": {"relative": 0.4}, "isp.white_balance.gains": {"relative": 0.1}})
    result = audit.search_cameras(
        network, make_dataset(12), profile=device, budget=8, curve=0, cross_check=False, each_group=True, ladder=True
    )
    groups = result.results["groups"]
    assert set(groups) == {"all", "white_balance", "exposure"}
    assert groups["all"]["profile"] == result.worst.name
    moved = {knob["name"] for knob in groups["white_balance"]["knobs"]}
    assert moved == {"isp.white_balance.gains"}
    ladder = result.results["ladder"]
    assert len(ladder["rungs"]) == 3 * len(ladder["weights"])
    assert len({rung["case"]["file"] for rung in ladder["rungs"]}) == len(ladder["rungs"])


def test_the_worst_of_several_devices_is_searched(network: TorchModel) -> None:
    dark, bright = make_device(), make_device().with_knobs({"sensor.exposure": 14500.0}, name="bright")
    result = audit.search_cameras(network, make_dataset(16), profiles=[dark, bright], **QUICK)
    assert result.results["device"]["profile"] == "bright"
    assert result.device == bright


def test_the_report_and_the_folder_hold_the_same(network: TorchModel, tmp_path: Path) -> None:
    result = audit.search_cameras(network, make_dataset(16), profile=make_device(), out=tmp_path / "run", **QUICK)
    stored = json.loads((tmp_path / "run" / "results.json").read_text())
    assert stored == json.loads(json.dumps(result.results))
    for file, profile in result.profiles.items():
        assert catalog.load(tmp_path / "run" / file) == profile
    assert catalog.load(tmp_path / "run" / "device.yaml") == make_device()
    page = (tmp_path / "run" / "report.html").read_text()
    for word in ("Worst case found", "How the search went", "bright"):
        assert word in page


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"strategy": "defualt"}, "did you mean 'default'"),
        ({"group": "sharpenin"}, "did you mean 'sharpening'"),
        ({"group": "gamma"}, "no knob of the group 'gamma'"),
        ({"loss": "entropy"}, "unknown loss"),
        ({"budget": 0}, "budget must be at least 1"),
        ({"count": 0}, "count must be at least 1"),
        ({"curve": 1}, "0 \\(none\\) or at least 2"),
        ({"jpeg": 100}, r"1\.\.95"),
        ({"ladder": True, "constraint": Bound("ssim", 0.9)}, "contradict each other"),
        ({"profiles": ["still/*"]}, "give one of them"),
        ({"resume": True}, "give --out"),
        ({"limit": 4}, "limit chooses from a folder"),
        ({"max_flips": 0.1}, "with labels the drop"),
        ({"loss": "disagreement", "max_drop": 0.1}, "cannot be measured"),
        ({"max_drop": 5}, "fraction"),
    ],
)
def test_refuses_before_it_searches(network: TorchModel, options: dict[str, Any], words: str) -> None:
    with pytest.raises(CamsimError, match=words):
        audit.search_cameras(network, make_dataset(8), **{"profile": make_device()} | options)


def test_nothing_to_turn_is_refused(network: TorchModel) -> None:
    for search in ({}, {"sensor.exposure": {"interval": [7000.0, 7000.0]}}):
        exposed = make_device(search={}).with_knobs({"sensor.exposure": 7000.0})
        still = exposed.model_validate(exposed.model_dump() | {"search": search})
        with pytest.raises(CamsimError, match="no knob has a plausible range"):
            audit.search_cameras(network, make_dataset(8), profile=still)


def test_too_few_samples_are_refused(network: TorchModel) -> None:
    with pytest.raises(CamsimError, match="too few to search on one half") as caught:
        audit.search_cameras(network, make_dataset(2), profile=make_device())
    assert caught.value.exit_code == 2


def test_unreadable_samples_are_left_out_and_counted(network: TorchModel) -> None:
    def broken() -> Any:
        raise CamsimError("is damaged")

    good = make_dataset(16)
    data = Dataset("mixed", (*good.samples, Sample("bad", "dark", broken)), good.class_names, "2" * 64, "Made.")
    result = audit.search_cameras(network, data, profile=make_device(), **QUICK)
    assert result.results["data"]["unreadable"] == [{"sample": "bad", "reason": "bad: is damaged"}]
    assert result.results["data"]["samples"] == 16
    nothing = Dataset("bad", (Sample("bad", "dark", broken),), good.class_names, "2" * 64, "Made.")
    with pytest.raises(NoDataError, match="none of the 1 samples"):
        audit.search_cameras(network, nothing, profile=make_device(), **QUICK)


def test_the_halves_are_disjoint_and_the_scores_are_of_the_held_out_half(network: TorchModel) -> None:
    data = make_dataset(20)
    result = audit.search_cameras(network, data, profile=make_device(), **QUICK)
    from audit.split import take

    search, held_out = take(data.samples, "search", 0), take(data.samples, "held-out", 0)
    assert result.results["data"]["search_samples"] == len(search)
    assert result.results["data"]["judged_samples"] == len(held_out)
    shown = set(result.gallery)
    assert shown <= {sample.id for sample in held_out}
    assert not shown & {sample.id for sample in search}
    for shots in result.gallery.values():
        assert set(shots) == {"reference", "device", result.worst.name}
    assert any(not shots[result.worst.name].right and shots["device"].right for shots in result.gallery.values())


def test_weights_make_a_curve_over_lambda(network: TorchModel) -> None:
    result = audit.search_cameras(
        network,
        make_dataset(12),
        profile=make_device(),
        budget=16,
        constraint=Weight("l2", 0.5),
        curve=2,
        cross_check=False,
    )
    assert result.results["curve"]["axis"] == "lambda"
    assert [point["at"] for point in result.results["curve"]["points"]] == [1.0, 0.5]
    fidelities = [point["case"]["fidelity"] for point in result.results["curve"]["points"]]
    assert all(np.isfinite(fidelities))
    assert all(a <= b + 1e-12 for a, b in itertools.pairwise(fidelities))


def test_whatever_search_was_worst_is_reported_first(network: TorchModel) -> None:
    """With three cases to find, a group's search has three times their budget, and may find worse."""
    result = audit.search_cameras(
        network, make_dataset(12), profile=make_device(), budget=12, count=3, curve=2, each_group=True
    )
    found = result.results
    everything = [*found["cases"], *(run["case"] for run in found["runs"]), *found["groups"].values()]
    everything += [point["case"] for point in found["curve"]["points"]]
    assert found["cases"][0]["loss"] == max(case["loss"] for case in everything)
    assert found["curve"]["points"][-1]["case"] == found["cases"][0]
    files = {case["file"]: case["profile"] for case in everything}
    assert set(files) == set(result.profiles)
    for file, name in files.items():
        assert result.profiles[file].name == name


def test_nan_gradients_fall_back_only_where_the_strategy_may() -> None:
    """The square root of 0 has an infinite slope: as a number the model is sound, as a gradient it is NaN."""

    class Rooted(Level):
        def forward(self, images: Tensor) -> Tensor:
            scores: Tensor = (
                super().forward(images) + torch.sqrt((images - images).square().sum(dim=(1, 2, 3)))[:, None]
            )
            return scores

    model = TorchModel(Rooted().eval(), "rooted", DECLARED)
    result = audit.search_cameras(model, make_dataset(12), profile=make_device(), **QUICK)
    strategy = result.results["strategy"]
    assert strategy["gradients"] is False
    assert "NaN" in strategy["why_not"]
    assert any("searched without gradients" in note and "NaN" in note for note in strategy["notes"])
    with pytest.raises(CamsimError, match=r"'pgd' needs gradients, and there are none: .*NaN"):
        audit.search_cameras(model, make_dataset(12), profile=make_device(), strategy="pgd", **QUICK)
