"""Which stage corresponds to which."""

from __future__ import annotations

from audit.forensics.align import Slot, align, ordered
from camsim.isp import (
    Bilinear,
    BlackLevel,
    Clip,
    ColorMatrix,
    GaussianDenoise,
    MedianDenoise,
    Menon2007,
    SrgbGamma,
    UnsharpMask,
)
from camsim.spec import StageSpec

BLACK, DEMOSAIC, GAMMA, CLIP = BlackLevel(), Bilinear(), SrgbGamma(), Clip()
SOFT, SHARP = GaussianDenoise(sigma=0.5), UnsharpMask(radius=1.0, amount=1.0)


def chain(*stages: StageSpec) -> tuple[StageSpec, ...]:
    return stages


def names(slots: tuple[Slot, ...]) -> list[str]:
    return [slot.name for slot in slots]


def test_equal_chains_are_matched_in_place() -> None:
    stages = chain(BLACK, DEMOSAIC, SHARP, CLIP, GAMMA)
    assert all(slot.first == slot.second == place for place, slot in enumerate(align(stages, stages)))


def test_another_method_of_the_same_kind_is_the_same_stage() -> None:
    slots = align(chain(BLACK, DEMOSAIC, MedianDenoise(size=3), GAMMA), chain(BLACK, Menon2007(), SOFT, GAMMA))
    assert [(slot.first, slot.second) for slot in slots] == [(0, 0), (1, 1), (2, 2), (3, 3)]


def test_stages_of_one_device_alone_stand_between_the_matched_ones() -> None:
    slots = align(chain(BLACK, DEMOSAIC, SOFT, GAMMA), chain(BLACK, DEMOSAIC, SHARP, GAMMA, CLIP))
    assert names(slots) == ["black_level", "demosaic", "denoise", "sharpen", "gamma", "clip"]
    assert [(slot.first, slot.second) for slot in slots] == [(0, 0), (1, 1), (2, None), (None, 2), (3, 3), (None, 4)]


def test_the_later_of_several_equal_stages_is_matched() -> None:
    matrix = ColorMatrix(matrix=((1, 0, 0), (0, 1, 0), (0, 0, 1)))
    slots = align(chain(BLACK, DEMOSAIC, CLIP, GAMMA), chain(BLACK, DEMOSAIC, CLIP, matrix, CLIP, GAMMA, CLIP))
    assert [(slot.name, slot.first, slot.second) for slot in slots if slot.name.startswith("clip")] == [
        ("clip", None, 2),
        ("clip_2", 2, 4),
        ("clip_3", None, 6),
    ]


def test_an_equal_stage_is_matched_rather_than_one_of_its_kind() -> None:
    first = chain(BLACK, DEMOSAIC, SOFT, GAMMA)
    second = chain(BLACK, DEMOSAIC, SOFT, MedianDenoise(size=3), GAMMA)
    assert [slot.second for slot in align(first, second) if slot.first == 2] == [2]


def test_a_moved_stage_is_found_on_both_sides_of_the_gamma() -> None:
    first, second = chain(BLACK, DEMOSAIC, SHARP, SOFT, GAMMA), chain(BLACK, DEMOSAIC, GAMMA, SHARP, SOFT)
    slots = align(first, second)
    assert [(slot.name, slot.moved) for slot in slots if slot.moved] == [("sharpen", True), ("denoise", True)]
    assert names(tuple(ordered(slots, as_second=False))) == ["black_level", "demosaic", "sharpen", "denoise", "gamma"]
    assert names(tuple(ordered(slots, as_second=True))) == ["black_level", "demosaic", "gamma", "sharpen", "denoise"]


def test_two_stages_that_change_places() -> None:
    slots = align(chain(BLACK, DEMOSAIC, SHARP, SOFT, GAMMA), chain(BLACK, DEMOSAIC, SOFT, SHARP, GAMMA))
    assert sum(slot.moved for slot in slots) == 1
    assert names(tuple(ordered(slots, as_second=True)))[2:4] == ["denoise", "sharpen"]
