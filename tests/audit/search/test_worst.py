"""Worst cases: several, by group and by sample."""

from __future__ import annotations

import numpy as np
import pytest

import camsim
from audit.search import Bound, search_each, search_groups, search_worst
from camsim.errors import CamsimError
from camsim.profile_file import read_profiles, to_yaml

from .conftest import CHOICES, MakeProblem, device


def test_a_case_is_a_profile_that_gives_its_figures_again(make_problem: MakeProblem) -> None:
    problem = make_problem(device(**CHOICES), samples=5)
    (case,) = search_worst(problem)
    [again] = read_profiles(to_yaml(case.profile), "worst.yaml")
    assert again == case.profile
    replay = make_problem(device(**CHOICES), samples=5)
    other = make_problem(again.model_copy(update={"name": "replay"}), samples=5, reference=device())
    other.task = replay.task
    other.oracle.task = replay.task
    done = other.evaluate(other.space.start())
    assert done.loss == case.evaluation.loss
    assert done.score == case.evaluation.score
    assert case.measure == "ssim"
    assert case.fidelity == pytest.approx(other.oracle.fidelity(other.space.start(), "ssim"))


def test_several_cases_keep_apart(make_problem: MakeProblem) -> None:
    problem = make_problem(samples=6, budget=120)
    cases = search_worst(problem, count=3, apart=0.4)
    assert len(cases) == 3
    assert [case.value for case in cases] == sorted((case.value for case in cases), reverse=True)
    for index, case in enumerate(cases):
        assert case.value > case.start.value
        for other in cases[:index]:
            assert problem.space.distance(case.setting, other.setting) >= 0.4
    assert {case.profile.name for case in cases} == {f"worst/phone/pixel-4a-imx363{end}" for end in ("", "/2", "/3")}
    assert problem.spent <= 120


def test_fewer_cases_where_nothing_is_left(make_problem: MakeProblem) -> None:
    problem = make_problem(device(search={"sensor.exposure": {"relative": 0.4}}), samples=3, budget=60)
    cases = search_worst(problem, count=4, apart=0.6)
    assert 1 <= len(cases) <= 2
    assert problem.notes == [f"{len(cases)} distinct worst cases of phone/pixel-4a-imx363 were found, 4 were asked for"]


def test_groups(make_problem: MakeProblem) -> None:
    problem = make_problem(samples=5, budget=25)
    cases = search_groups(problem)
    assert list(cases) == ["all", "black_level", "white_balance", "color_matrix", "sharpening", "blur", "exposure"]
    base = problem.base.knobs()
    for group, case in cases.items():
        assert case.value >= case.start.value
        assert case.spent <= 25
        assert case.profile.name.endswith("imx363" if group == "all" else group)
    turned = {
        name for name, knob in cases["white_balance"].profile.knobs().items() if (knob.value != base[name].value).any()
    }
    assert turned == {"isp.white_balance.gains"}
    assert problem.spent == 0
    with pytest.raises(CamsimError, match="no knob of the group 'additive_layer'"):
        search_groups(problem, ["additive_layer"])


def test_each_sample(make_problem: MakeProblem) -> None:
    problem = make_problem(samples=3, budget=30)
    together = search_worst(make_problem(samples=3, budget=30))[0]
    cases = search_each(problem)
    assert list(cases) == ["000", "001", "002"]
    assert np.mean([case.value for case in cases.values()]) > together.value - 0.02
    assert cases["001"].profile.name == "worst/phone/pixel-4a-imx363/sample-2"


@pytest.mark.parametrize(
    ("options", "arguments", "words"),
    [
        ({}, {"strategy": "defualt"}, "unknown strategy 'defualt'; did you mean 'default'"),
        ({}, {"count": 0}, "count must be at least 1"),
        ({}, {"count": 2, "apart": 1.5}, r"apart in \(0, 1\]"),
        (
            {"constraint": Bound("ssim", 0.999), "reference": camsim.load("reference/srgb")},
            {},
            r"as it is, it has a ssim of .* to reference/srgb, which breaks the bound of at least 0.999",
        ),
    ],
)
def test_refusals(
    make_problem: MakeProblem, options: dict[str, object], arguments: dict[str, object], words: str
) -> None:
    with pytest.raises(CamsimError, match=words):
        search_worst(make_problem(**options), **arguments)  # type: ignore[arg-type]
