"""Forensics from end to end: planted causes are found, and nothing is found where nothing is."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch

import audit
import camsim
from audit.data import Dataset, Sample
from audit.forensics import Explanation, explain
from camsim.errors import CamsimError, NoDataError

from ..conftest import PythonModel
from .conftest import REDDISH, SHARP, Planted, altered, scenes


def run(model: object, device: object, data: Dataset | None = None, **options: object) -> Explanation:
    options = {"sobol_rows": 0, "shown": 0} | options
    return explain(model, data or scenes(), device=device, **options)  # type: ignore[arg-type]


def names(found: Explanation) -> list[str]:
    return [player["name"] for player in found.results["players"]]


def share(found: Explanation, name: str) -> dict[str, float]:
    return next(player["share"] for player in found.results["players"] if player["name"] == name)


def test_one_stage_that_differs_has_all_of_the_drop() -> None:
    found = run(Planted(0.5, 0.0), altered(dict(REDDISH), name="b"))
    assert names(found) == ["white_balance"]
    assert share(found, "white_balance") == {"value": 1.0, "low": 1.0, "high": 1.0}
    assert found.results["drop"]["value"] == pytest.approx(0.5, abs=0.03)
    player = found.results["players"][0]
    assert player["alone"]["value"] == player["healed"]["value"] == found.results["drop"]["value"]


def test_the_strong_cause_among_slight_ones_has_nearly_all() -> None:
    device = altered(dict(REDDISH) | dict(SHARP), name="b")
    slight = device.with_knobs({"sensor.read_noise": 2.0, "isp.black_level.level": [3.0] * 4}, name="b")
    found = run(Planted(0.58, 0.01), slight)
    assert names(found) == ["sensor", "black_level", "white_balance", "sharpen"]
    assert share(found, "white_balance")["value"] >= 0.95
    assert sum(share(found, name)["value"] for name in names(found)) == pytest.approx(1, abs=1e-9)


@pytest.mark.parametrize("labelled", [True, False])
def test_two_causes_planted_seventy_to_thirty(labelled: bool) -> None:
    """Each interval holds the truth, and is narrow enough to mean something. Without labels the answers of the
    reference stand in for them; the model gives none but "right" there."""
    found = run(Planted(0.42, 0.18), altered(dict(REDDISH) | dict(SHARP), name="b"), scenes(labelled=labelled))
    for name, truth in (("white_balance", 0.7), ("sharpen", 0.3)):
        interval = share(found, name)
        assert interval["low"] <= truth <= interval["high"]
        assert interval["high"] - interval["low"] < 0.35
        assert interval["value"] == pytest.approx(truth, abs=0.05)
    values = [player["value"]["value"] for player in found.results["players"]]
    assert sum(values) == pytest.approx(found.results["drop"]["value"], abs=1e-9)
    assert found.results["drop"]["value"] == pytest.approx(0.6, abs=0.03)
    assert found.results["score"] == ("accuracy" if labelled else "agreement")


def test_causes_that_overlap_are_named_as_an_interaction() -> None:
    """Wrong as soon as either is there: alone each costs all, together no more."""

    found = run(Planted(2.0, 2.0), altered(dict(REDDISH) | dict(SHARP), name="b"))
    pair = found.results["interactions"]["pairs"][0]
    assert set(pair["players"]) == {"white_balance", "sharpen"}
    assert pair["value"] == pytest.approx(-1.0, abs=0.02)
    assert share(found, "sharpen")["value"] == pytest.approx(0.5, abs=0.02)


def test_two_devices_may_have_one_name() -> None:
    """A profile that was turned and kept its name is another device all the same."""
    found = run(Planted(0.5, 0.0), altered(dict(REDDISH), name="reference/srgb"), scenes(20))
    assert names(found) == ["white_balance"]
    assert len(found.manifest["profiles"]) == 2


def test_identical_devices_give_zero_everywhere() -> None:
    one = camsim.load("reference/srgb")
    found = run(Planted(0.5, 0.2), one.with_knobs({}, name="the-same"), shown=1)
    assert found.results["players"] == []
    assert found.results["drop"] == {"value": 0.0, "low": 0.0, "high": 0.0}
    assert found.results["interactions"]["pairs"] == []
    assert all(step["rms_difference"] == 0 for step in found.results["stages"][0]["steps"])
    assert found.results["shares_withheld"] == "the devices do not differ"


def test_shares_are_withheld_where_there_may_be_no_drop() -> None:
    found = run(Planted(0.0, 0.0), altered(dict(REDDISH) | dict(SHARP), name="b"))
    assert found.results["drop"]["value"] == 0
    assert "includes zero" in found.results["shares_withheld"]
    assert all(player["share"] is None for player in found.results["players"])
    assert "no_drop" in found.results["caveats"]


def test_more_than_eight_differences_are_sampled_with_an_error() -> None:
    device = altered(dict(REDDISH) | dict(SHARP), name="b").with_knobs(
        {
            "sensor.read_noise": 1.1,
            "sensor.black_level": [2.0] * 4,
            "sensor.full_well": 1.01e6,
            "sensor.exposure": 990_000.0,
            "sensor.system_gain": 0.0655,
            "isp.black_level.level": [3.0] * 4,
        },
        name="b",
    )
    isp = [stage.model_dump() for stage in device.isp] + [{"kind": "clip"}]
    device = camsim.Profile.model_validate(device.model_dump() | {"isp": isp})
    found = run(Planted(0.42, 0.18), device, scenes(40), split_sensor=True, orders=8)
    results = found.results
    assert len(results["players"]) == 9
    assert not results["exact"]
    assert results["coalitions"] < 2**9
    total = sum(player["value"]["value"] for player in results["players"])
    assert total == pytest.approx(results["drop"]["value"], abs=1e-9)
    assert all(player["sampling_error"] is not None for player in results["players"])
    assert share(found, "white_balance")["low"] <= 0.7 <= share(found, "white_balance")["high"]
    assert results["interactions"]["measure"] == "pair_alone"


def test_an_interrupted_run_resumes_to_the_same_files(tmp_path: Path) -> None:
    device = altered(dict(REDDISH) | dict(SHARP), name="b")
    options = {"sobol_rows": 8, "shown": 1, "batch": 4}
    run(Planted(0.4, 0.2), device, scenes(12), out=tmp_path / "whole", **options)

    class Stops(Planted):
        left = 20

        def log_probabilities(self, images):
            self.left -= len(images)
            if self.left < 0:
                raise KeyboardInterrupt
            return super().log_probabilities(images)

    for left in (20, 40, 130):
        stopping = Stops(0.4, 0.2)
        stopping.left = left
        with pytest.raises(KeyboardInterrupt):
            run(stopping, device, scenes(12), out=tmp_path / "parts", resume=left > 20, **options)
    found = run(Planted(0.4, 0.2), device, scenes(12), out=tmp_path / "parts", resume=True, **options)
    for name in ("results.json", "coalitions.parquet", "profiles/only-sharpen.yaml"):
        assert (tmp_path / "parts" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()
    assert json.loads((tmp_path / "parts" / "results.json").read_text()) == json.loads(json.dumps(found.results))
    assert sorted(path.name for path in (tmp_path / "parts").iterdir()) == [
        "coalitions.parquet",
        "manifest.json",
        "profiles",
        "report.html",
        "results.json",
    ]
    with pytest.raises(CamsimError, match="already holds a finished run"):
        run(Planted(0.4, 0.2), device, scenes(12), out=tmp_path / "parts", **options)


def test_the_devices_between_replay_in_an_audit(tmp_path: Path) -> None:
    """The profile of a single exchange is a device like any other, with the drop that forensics states for it."""
    model = Planted(0.42, 0.18)
    found = run(model, altered(dict(REDDISH) | dict(SHARP), name="b"), out=tmp_path / "run")
    for player in found.results["players"]:
        result = audit.run(
            model,
            scenes(),
            profiles=str(tmp_path / "run" / player["alone"]["file"]),
            reference=camsim.load(tmp_path / "run" / "profiles" / "a.yaml"),
            max_drop=0.5,
        )
        assert result.results["profiles"][1]["drop"]["value"] == pytest.approx(player["alone"]["value"], abs=1e-12)


def test_samples_that_fail_are_left_out_and_said_so() -> None:
    class Fails(Planted):
        def log_probabilities(self, images):
            if any(image[..., 2].mean() > 250 for image in images):
                raise CamsimError("planted: gave NaN")
            return super().log_probabilities(images)

    found = run(Fails(0.42, 0.18), altered(dict(REDDISH), name="b"), shown=1)
    left_out = found.results["data"]["left_out"]
    assert 0 < len(left_out) < 10
    assert left_out[0]["reason"].endswith("planted: gave NaN")
    assert found.results["data"]["samples"] == 100 - len(left_out)
    assert "left_out" in found.results["caveats"]


def test_unreadable_samples_are_left_out_without_labels_too() -> None:
    def broken() -> torch.Tensor:
        raise CamsimError("truncated")

    data = scenes(12, labelled=False)
    samples = (*data.samples, Sample("bad", None, broken))
    found = run(Planted(0.3, 0.1), altered(dict(REDDISH), name="b"), Dataset("d", samples, None, "4" * 64, "d"))
    assert found.results["data"]["left_out"] == [{"sample": "bad", "reason": "bad: truncated"}]
    with pytest.raises(NoDataError, match="none of the 1 samples could be measured; the first: bad: truncated"):
        run(Planted(0.3, 0.1), altered(dict(REDDISH), name="b"), Dataset("d", samples[-1:], None, "4" * 64, "d"))


def test_a_model_that_never_works_is_an_error() -> None:
    with pytest.raises(CamsimError, match="gave NaN"):
        run(PythonModel(lambda image: (np.nan, 0.0)), altered(dict(REDDISH), name="b"), scenes(4, labelled=False))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"device": "phone/nokia"}, "unknown profile 'phone/nokia'"),
        ({"device": "seed/drone"}, "choose one"),
        ({"device": "reference/srgb"}, "both devices are reference/srgb"),
        ({"orders": 7}, "orders must be an even number"),
        ({"sobol_rows": 12}, "power of two"),
        ({"shown": -1}, "shown must be at least 0"),
        ({"resume": True}, "give --out"),
        ({"limit": 3}, "open it with that limit"),
    ],
)
def test_wrong_input_in_one_line(options: dict[str, object], message: str) -> None:
    with pytest.raises(CamsimError, match=message) as caught:
        run(Planted(0.4, 0.2), **({"device": "still/nikon-d850", "data": scenes(4)} | options))  # type: ignore[arg-type]
    assert len(str(caught.value).splitlines()) == 1
