"""Axes as a whole: names, ladders, what stays, what replays, what is refused."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest
import torch

import camsim
from audit.axes import AXES, Point, axis_profiles, parse_axis, read_name
from audit.axes.name import number
from camsim import Profile
from camsim.errors import CamsimError

DEVICE = camsim.load("phone/pixel-4a-imx363")
SCENE = torch.rand(1, 3, 26, 34, generator=torch.Generator().manual_seed(1)) * 1.1
OF_THIS_DEVICE = [key for key in AXES if key != "temperature"]


def shot(profile: Profile, fused: bool | None = None) -> torch.Tensor:
    with torch.no_grad():
        return camsim.compile(profile, fused=fused)(SCENE, seed=3, ids=["some"])


@pytest.mark.parametrize("key", OF_THIS_DEVICE)
def test_a_ladder_is_a_profile_for_each_step(key: str) -> None:
    axis = AXES[key]
    steps = axis.ladder(DEVICE)
    made = axis_profiles(DEVICE, key)
    assert 5 <= len(steps) <= 7
    assert [read_name(profile.name) for profile in made] == [Point(DEVICE.name, key, step) for step in steps]
    pictures = [shot(profile) for profile in made]
    assert all((one - other).abs().max() > 0.002 for one, other in pairwise(pictures))


@pytest.mark.parametrize("key", OF_THIS_DEVICE)
def test_where_the_device_itself_stands_it_shows_the_same_picture(key: str) -> None:
    own = AXES[key].own(DEVICE)
    assert own is not None
    (same,) = axis_profiles(DEVICE, key, [own])
    assert torch.equal(shot(same), shot(DEVICE))


@pytest.mark.parametrize("key", OF_THIS_DEVICE)
def test_a_step_is_written_as_yaml_and_replays(key: str, tmp_path: Path) -> None:
    step = axis_profiles(DEVICE, key)[1]
    camsim.catalog.save(step, tmp_path / "step.yaml")
    read = camsim.load(tmp_path / "step.yaml")
    assert read == step
    assert torch.equal(shot(read), shot(step))


@pytest.mark.parametrize("key", OF_THIS_DEVICE)
def test_a_step_is_seen_alike_by_the_fused_and_the_plain_path(key: str) -> None:
    step = axis_profiles(DEVICE, key)[0]
    torch.testing.assert_close(shot(step, fused=True), shot(step, fused=False), rtol=0, atol=2e-5)


@pytest.mark.parametrize("key", OF_THIS_DEVICE)
def test_every_number_that_is_new_has_a_source(key: str) -> None:
    step = axis_profiles(DEVICE, key)[1]
    before, after = (
        {"sensor." + name: value for name, value in profile.resolved_sensor().model_dump().items()}
        | {
            f"isp.{name}.{field}": value
            for name, stage in zip(profile.stage_names(), profile.resolved_isp(), strict=True)
            for field, value in stage.model_dump().items()
        }
        for profile in (DEVICE, step)
    )
    new = {path for path, value in after.items() if value != before[path]}
    assert new
    for path in new:
        assert step.provenance[path] != DEVICE.provenance.get(path)
        assert DEVICE.name in step.provenance[path].source


def test_steps_of_two_axes_go_together() -> None:
    """ISO 220 at 2 EV more is the same light, amplified by 4."""
    (brighter,) = axis_profiles(DEVICE, "exposure", [2])
    (both,) = axis_profiles(brighter, "iso", [220])
    assert both.name == f"{DEVICE.name}@exposure=2@iso=220"
    assert float(both.knobs()["sensor.exposure"].value) == float(DEVICE.knobs()["sensor.exposure"].value)
    assert read_name(both.name) == Point(brighter.name, "iso", 220)


def test_a_long_title_still_says_what_was_done() -> None:
    wordy = DEVICE.model_copy(update={"title": "x" * 200})
    (step,) = axis_profiles(wordy, "exposure", [-2])
    assert len(step.title) == 200
    assert step.title.endswith("x, exposure -2 EV")


@pytest.mark.parametrize(
    ("name", "point"),
    [
        ("a/b@iso=400", Point("a/b", "iso", 400)),
        ("a@exposure=-0.5", Point("a", "exposure", -0.5)),
        ("a@exposure=1@iso=200", Point("a@exposure=1", "iso", 200)),
        ("a/b", None),
        ("corruption/fog@3", None),
        ("a@iso=", None),
    ],
)
def test_names_are_read(name: str, point: Point | None) -> None:
    assert read_name(name) == point
    assert point is None or str(point) == name


@pytest.mark.parametrize(
    ("value", "text"), [(400.0, "400"), (-0.5, "-0.5"), (-0.0, "0"), (1e7, "10000000"), (1 / 3, "0.3333333333333333")]
)
def test_a_value_keeps_all_its_digits(value: float, text: str) -> None:
    assert number(value) == text
    assert float(text) == value


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("exposure", ("exposure", None)),
        ("iso=100,400,1600", ("iso", (100.0, 400.0, 1600.0))),
        ("exposure=-1.5, 2", ("exposure", (-1.5, 2.0))),
    ],
)
def test_an_axis_on_the_command_line(text: str, expected: tuple[str, tuple[float, ...] | None]) -> None:
    assert parse_axis(text) == expected


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("exposur", "did you mean 'exposure'"),
        ("iso=", "values are numbers joined by commas"),
        ("iso=100;400", "got '100;400'"),
        ("=3", "unknown axis ''"),
    ],
)
def test_what_is_no_axis_is_refused(text: str, words: str) -> None:
    with pytest.raises(CamsimError, match=words):
        parse_axis(text)


@pytest.mark.parametrize(
    ("axis", "values", "words"),
    [
        ("zoom", None, "unknown axis 'zoom'"),
        ("iso", [], "at least one value"),
        ("iso", [400, 400.0], "400 is given twice"),
        ("exposure", [float("nan")], "must be finite"),
        ("exposure", [40], r"@exposure=40: .*sensor.*exposure|@exposure=40: exposure: must lie in"),
        ("temperature", None, "the profile states no dark current"),
    ],
)
def test_what_a_device_cannot_do_is_refused(axis: str, values: list[float] | None, words: str) -> None:
    with pytest.raises(CamsimError, match=words):
        axis_profiles(DEVICE, axis, values)


def test_a_device_whose_name_leaves_no_room_is_refused() -> None:
    with pytest.raises(CamsimError, match="name"):
        axis_profiles(DEVICE.model_copy(update={"name": "x" * 119}), "exposure", [1])


@pytest.mark.parametrize("name", ["a@iso", "a@iso=", "a@ISO=4", "a@iso=1e3", "@iso=4", "a@iso=4/b", "a@iso=4@", "a=4"])
def test_a_name_of_another_form_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="name"):
        Profile.model_validate(DEVICE.model_dump() | {"name": name})
