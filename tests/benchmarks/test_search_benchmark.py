"""The search benchmark's own parts: the scenes it draws, its ranges, its books, and what it makes of figures."""

from __future__ import annotations

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
from benchmarks.search.tables import claims, figures
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
    Store(tmp_path).put("cell/tiny/default, no gradient/0/8", cell | {"notes": ["kept"]})
    assert run_contender(bench, Store(tmp_path), Contender("default"), seed=0, budget=8)["notes"] == ["kept"]


def test_grid_search_and_ladder_become_a_page_and_pictures(
    case: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Store(tmp_path / "measured")
    bench = Bench(case)
    describe_case(bench, store)
    for budget in strategies.BUDGETS:
        store.put(
            f"cell/tiny/pattern/0/{budget}",
            {"contender": "pattern", "budget": budget, "held_out": {"score": 0.5}, "searched": {"score": 0.4}},
        )
    store.put(
        "cell/tiny/default/0/50",
        {"contender": "default", "budget": 50, "held_out": {"score": 0.515}, "searched": {"score": 0.4}},
    )
    plane = truth.Plane("tiny", ("sensor.exposure", "isp.sharpen.amount"), 5)
    store.put("cost/tiny", {"case": "tiny", "evaluation_ms": 1.0, "with_gradient_ms": 3.0, "ratio": 3.0})
    assert len(list(truth.run_plane(bench, store, plane, quick=True))) == 3
    monkeypatch.setattr(ladder, "GROUPS", ("all", "sharpening"))
    assert len(list(ladder.run_ladder(bench, store, quick=True))) == 3

    (grid,) = store.of("grid")
    assert grid["evaluations"] == 25
    assert grid["loss"] == pytest.approx(np.max(grid["values"]), abs=1e-5)
    by = {claim.text.split(":")[0]: claim for claim in claims(store)}
    assert by["tiny"].met
    assert by["tiny"].measured == "+1.5 points"
    assert "tiny, 2 knobs" in by
    assert figures(store, "tiny")["pattern", 1000].mean == 0.5

    page = replace_between(f"# Before\n\n{BEGIN}\nold\n<!-- end of what is measured -->\nafter\n", _page(store), BEGIN)
    assert page.startswith("# Before")
    assert "old" not in page
    assert page.endswith("after\n")
    for heading in ("### Claims", "### Tasks", "### Strategies: a tiny task", "### Against a dense grid", "### Ladder"):
        assert heading in page


def _page(store: Store) -> str:
    return markdown({"processor": "a | b"}, store)


@draws
def test_pictures_are_drawn(case: Case, tmp_path: Path) -> None:
    store = Store(tmp_path / "measured")
    describe_case(Bench(case), store)
    for budget, score in ((50, 0.6), (200, 0.5)):
        store.put(
            f"cell/tiny/default/0/{budget}",
            {"contender": "default", "budget": budget, "held_out": {"score": score}, "searched": {"score": score}},
        )
    step = {"lambda": 1.0, "held_out": {"score": 0.7}, "ssim": 0.9}
    store.put("ladder/all", {"group": "all", "steps": [step, step | {"lambda": 0.1}]})
    plot.draw_strategies(store, tmp_path / "strategies.png")
    plot.draw_ladder(store, tmp_path / "ladder.png")
    for name in ("strategies", "ladder"):
        assert (tmp_path / f"{name}.png").read_bytes().startswith(b"\x89PNG")
