"""Names of corruptions in an audit, and how they are chosen."""

from __future__ import annotations

import pytest

from audit.corruptions import CORRUPTIONS, Step, choose_steps, read_step
from camsim.errors import CamsimError


def test_the_fifteen_of_the_benchmark_are_there() -> None:
    assert len(CORRUPTIONS) == 15
    assert {corruption.group for corruption in CORRUPTIONS.values()} == {"noise", "blur", "weather", "digital"}
    assert all(key == corruption.key for key, corruption in CORRUPTIONS.items())


def test_a_name_is_read_back() -> None:
    step = Step("gaussian_noise", 3)
    assert step.name == "corruption/gaussian_noise@3"
    assert step.title == "Gaussian noise, severity 3"
    assert read_step(step.name) == step


@pytest.mark.parametrize("name", ["corruption/fog", "corruption/fog@6", "corruption/forst@1", "phone/a", "fog@1"])
def test_other_names_are_not_corruptions(name: str) -> None:
    assert read_step(name) is None


def test_all_are_five_of_each_that_is_here() -> None:
    assert len(choose_steps("all")) == 5 * sum(corruption.missing() is None for corruption in CORRUPTIONS.values())
    assert choose_steps("all")[:2] == (Step("gaussian_noise", 1), Step("gaussian_noise", 2))


def test_groups_names_and_severities() -> None:
    assert choose_steps("digital=2") == tuple(
        Step(key, 2) for key in ("contrast", "elastic_transform", "pixelate", "jpeg_compression")
    )
    assert choose_steps(["fog=5, 1", "fog=3", "fog=1"]) == (Step("fog", 1), Step("fog", 3), Step("fog", 5))
    assert choose_steps([]) == ()


@pytest.mark.parametrize(
    ("text", "words"),
    [("forst", "unknown corruption 'forst'"), ("fgo", "did you mean 'fog'"), ("fog=0", "got '0'"), ("fog=", "got ''")],
)
def test_what_is_no_corruption_is_refused(text: str, words: str) -> None:
    with pytest.raises(CamsimError, match=words):
        choose_steps(text)
