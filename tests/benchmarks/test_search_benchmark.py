"""The search benchmark's own parts: the scenes it draws, its ranges, its books, and what it makes of figures."""

from __future__ import annotations

from dataclasses import replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import numpy as np
import pytest
import torch

import camsim
from audit.task import PixelTask
from benchmarks.page import replace_between
from benchmarks.search import ladder, plot, strategies, truth
from benchmarks.search.bench import Bench
from benchmarks.search.case import Case, narrowed, samples, searching, widened
from benchmarks.search.networks import UNet, folded
from benchmarks.search.page import BEGIN, markdown
from benchmarks.search.store import Store
from benchmarks.search.strategies import Contender, describe_case, run_contender
from benchmarks.search.tables import claims, figures, ladders, planes
from benchmarks.search.text_lines import HEIGHT, WIDTH, lines
from benchmarks.search.vehicles import SIDE, scenes
from camsim.spec import Range

DEVICE = "board/rpi-hq-imx477"

try:
    version("matplotlib")  # an import could find the stand-in that colour-science puts in its place
except PackageNotFoundError:
    has_matplotlib = False
else:
    has_matplotlib = True
draws = pytest.mark.skipif(not has_matplotlib, reason="draws with matplotlib, which the bench dependencies have")


def redness(images: torch.Tensor) -> torch.Tensor:
    """One logit a pixel: red over the mean of the others, so that the white balance decides."""
    return 20 * (images[:, :1] - images[:, 1:].mean(dim=1, keepdim=True))


@pytest.fixture(scope="module")
def case() -> Case:
    profile = searching(narrowed(camsim.load(DEVICE), 0.5), ["sensor.exposure", "isp.sharpen.amount"], "2-knobs")
    drawn = [(f"{part}/{i}", scene) for part in ("search", "held") for i, scene in enumerate(scenes(2, seed=1))]
    masks = {name: mask for name, (_, mask) in drawn}
    pictures = samples({name: picture for name, (picture, _) in drawn})
    task, hidden = PixelTask(redness, masks), PixelTask(redness, masks, differentiable=False)
    return Case("tiny", "a tiny task", "IoU", profile, task, hidden, "torch", pictures[:2], pictures[2:], "0")


def test_scenes_are_the_same_for_a_seed_and_differ_within_one() -> None:
    some, more = scenes(2, seed=3), scenes(3, seed=3)
    for (picture, mask), (again, mask_again) in zip(some, more, strict=False):
        np.testing.assert_array_equal(picture, again)
        np.testing.assert_array_equal(mask, mask_again)
        assert picture.shape == (SIDE, SIDE, 3)
        assert set(np.unique(mask)) == {0, 1}
    assert not np.array_equal(more[0][0], more[1][0])


@draws
def test_text_lines_hold_ink() -> None:
    drawn = lines(12, seed=0)
    assert all(line.shape == (HEIGHT, WIDTH, 3) for line in drawn)
    # The paper's grain has a standard deviation of 4.
    assert min(float(line.astype(float).mean(axis=2).std()) for line in drawn) > 4.5


def test_narrowed_ranges_are_shares_of_the_device_s_own() -> None:
    device = camsim.load(DEVICE)
    half = narrowed(device, 0.5)
    knobs, wide = device.knobs(), device.ranges()
    for name, (low, high) in half.ranges().items():
        value = knobs[name].value
        np.testing.assert_allclose(value - low, 0.5 * (value - wide[name][0]), atol=1e-12)
        np.testing.assert_allclose(high - value, 0.5 * (wide[name][1] - value), atol=1e-12)
    assert set(searching(half, ["sensor.exposure"], "x").ranges()) == {"sensor.exposure"}
    with pytest.raises(ValueError, match="does not search"):
        searching(half, ["isp.gamma.gamma"], "x")
    with pytest.raises(ValueError, match="no search section"):
        narrowed(camsim.load("seed/drone/bi-s-ga"), 0.5)
    assert widened(device, {"sensor.exposure": Range(relative=0.9)}).ranges().keys() == {"sensor.exposure"}


def test_folding_changes_nothing_but_rounding() -> None:
    torch.manual_seed(0)
    network, images = UNet(), torch.rand(2, 3, 16, 16)
    for _ in range(3):
        network(torch.rand(4, 3, 16, 16))  # statistics that are not those of no batch at all
    network.eval()
    expected = network(images)
    assert expected.shape == (2, 1, 16, 16)
    got = folded(network)(images)
    assert not any(isinstance(module, torch.nn.BatchNorm2d) for module in network.modules())
    torch.testing.assert_close(got, expected.detach(), rtol=1e-4, atol=1e-5)


def test_a_search_is_judged_on_held_out_samples_and_not_repeated(case: Case, tmp_path: Path) -> None:
    store = Store(tmp_path)
    bench = Bench(case)
    about = describe_case(bench, store)
    assert (about["knobs"], about["search_samples"], about["held_out_samples"]) == (2, 2, 2)
    cell = run_contender(bench, store, Contender("default"), seed=0, budget=8)
    assert cell["contender"] == "default, no gradient"
    assert cell["spent"] <= 8
    assert cell["held_out"]["loss"] > about["start"]["loss"]
    # A rerun takes what the folder holds.
    Store(tmp_path).put(f"cell/tiny/{case.digest}/default, no gradient/0/8", cell | {"notes": ["kept"]})
    assert run_contender(bench, Store(tmp_path), Contender("default"), seed=0, budget=8)["notes"] == ["kept"]


def test_what_was_measured_of_another_network_is_left_aside(case: Case, tmp_path: Path) -> None:
    store = Store(tmp_path)
    first, second = Bench(case), Bench(replace(case, sha256="1"))
    about = describe_case(first, store)
    run_contender(first, store, Contender("random"), seed=0, budget=2)
    store.put(f"grid/{case.digest}/tiny-2", {"plane": "tiny, 2 knobs"})
    assert set(figures(store, about)) == {("random", 2)}
    assert len(planes(store)) == 1

    trained_anew = describe_case(second, store)
    assert trained_anew["model"] == "1"
    assert figures(store, trained_anew) == {}
    assert planes(store) == []
    run_contender(second, store, Contender("random"), seed=1, budget=2)
    assert len(figures(store, trained_anew)["random", 2].scores) == 1
    assert "`1`" in _page(store)
    # Back to the first one: its figures are still there, alone.
    assert describe_case(first, Store(tmp_path)) == about
    assert len(figures(Store(tmp_path), about)["random", 2].scores) == 1


def test_other_ranges_or_samples_are_another_case(case: Case) -> None:
    others = [
        replace(case, profile=narrowed(case.profile, 0.5)),
        replace(case, search=case.search[:1]),
        replace(case, sha256="1"),
    ]
    assert len({other.digest for other in [case, *others]}) == 4
    assert replace(case, title="another title").digest == case.digest


def test_grid_search_and_ladder_become_a_page_and_pictures(
    case: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Store(tmp_path / "measured")
    bench = Bench(case)
    about = describe_case(bench, store)
    for budget in strategies.BUDGETS:
        store.put(
            f"cell/tiny/{case.digest}/pattern/0/{budget}",
            {"contender": "pattern", "budget": budget, "held_out": {"score": 0.5}, "searched": {"score": 0.4}},
        )
    store.put(
        f"cell/tiny/{case.digest}/default/0/50",
        {"contender": "default", "budget": 50, "held_out": {"score": 0.515}, "searched": {"score": 0.4}},
    )
    plane = truth.Plane("tiny", ("sensor.exposure", "isp.sharpen.amount"), 5)
    store.put(f"cost/tiny/{case.digest}", {"case": "tiny", "evaluation_ms": 1.0, "with_gradient_ms": 3.0, "ratio": 3.0})
    assert len(list(truth.run_plane(bench, store, plane, quick=True))) == 3
    monkeypatch.setattr(ladder, "GROUPS", ("all", "sharpening"))
    assert len(list(ladder.run_ladder(bench, store, 0, quick=True))) == 3
    assert len(list(ladder.run_ladder(Bench(replace(case, sha256="1"), seed=1), store, 1, quick=True))) == 3

    ((grid, searches),) = planes(store)
    assert len(searches) == 2
    assert grid["evaluations"] == 25
    assert grid["loss"] == pytest.approx(np.max(grid["values"]), abs=1e-5)
    by = {claim.text.split(":")[0]: claim for claim in claims(store)}
    assert by["ladder"].measured.split(", ")[0].endswith("of 8")  # two networks, groups and prices
    steps = ladders(store)["all"]
    assert [step.price for step in steps] == sorted(ladder.LAMBDAS[3:5], reverse=True)
    assert all(len(step.scores) == 2 for step in steps)
    start = store.find("ladder-start/0")
    assert start is not None
    assert steps[0].rises[0].by == pytest.approx(steps[0].scores[0] - start["score"])
    assert by["tiny"].met
    assert by["tiny"].measured == "+1.5 points"
    assert "tiny, 2 knobs" in by
    assert figures(store, about)["pattern", 1000].mean == 0.5

    page = replace_between(f"# Before\n\n{BEGIN}\nold\n<!-- end of what is measured -->\nafter\n", _page(store), BEGIN)
    assert page.startswith("# Before")
    assert "old" not in page
    assert page.endswith("after\n")
    for heading in ("### Claims", "### Tasks", "### Strategies: a tiny task", "### Against a dense grid", "### Ladder"):
        assert heading in page


def test_a_ladder_that_rises_is_told(tmp_path: Path) -> None:
    store = Store(tmp_path)
    # 100 held-out samples at 50 %: a standard error of 5 points.
    start = {"digest": "d", "model": "m", "score": 0.9, "held_out_samples": 100, "search_samples": 9}
    store.put("ladder-start/0", start)
    prices = (10.0, 1.0, 0.1)

    def put(digest: str, *rises: float) -> None:
        step = {"held_out": {"score": 0.5}, "ssim": 0.9, "rise_error": 0.02}
        steps = [step | {"lambda": price, "rise": rise} for price, rise in zip(prices, rises, strict=True)]
        store.put(f"ladder/{digest}/all", {"group": "all", "steps": steps})

    put("stale", -0.4, 0.9, 0.9)
    put("d", -0.4, 0.04, -0.04)
    (claim,) = claims(store)
    assert claim.met
    assert claim.measured == "0 of 3, the largest by 4.0 points"
    assert "| beyond paired SE | 1 of 3, by 4.0 at most |" in _page(store)
    put("d", -0.4, 0.06, -0.04)
    (claim,) = claims(store)
    assert not claim.met
    assert "| rises beyond SE | 1 of 3, by 6.0 at most |" in _page(store)


def _page(store: Store) -> str:
    return markdown({"processor": "a | b"}, store)


@draws
def test_pictures_are_drawn(case: Case, tmp_path: Path) -> None:
    store = Store(tmp_path / "measured")
    describe_case(Bench(case), store)
    for budget, score in ((50, 0.6), (200, 0.5)):
        store.put(
            f"cell/tiny/{case.digest}/default/0/{budget}",
            {"contender": "default", "budget": budget, "held_out": {"score": score}, "searched": {"score": score}},
        )
    step = {"lambda": 1.0, "held_out": {"score": 0.7}, "ssim": 0.9, "rise": -0.1, "rise_error": 0.02}
    for seed in (0, 1):
        store.put(f"ladder-start/{seed}", {"digest": f"d{seed}", "score": 0.8, "held_out_samples": 50})
        store.put(f"ladder/d{seed}/all", {"group": "all", "steps": [step, step | {"lambda": 0.1}]})
    plot.draw_strategies(store, tmp_path / "strategies.png")
    plot.draw_ladder(store, tmp_path / "ladder.png")
    for name in ("strategies", "ladder"):
        assert (tmp_path / f"{name}.png").read_bytes().startswith(b"\x89PNG")
