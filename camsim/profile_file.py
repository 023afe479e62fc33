"""Profiles in YAML: reading with every error at its line, expanding variants, writing."""

from __future__ import annotations

import itertools
import math
import pathlib
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError

from camsim.errors import Problem, ProfileError, did_you_mean
from camsim.isp.order import order_problems
from camsim.profile import Profile
from camsim.spec import StageSpec
from camsim.stage_classes import stage_classes as stage_classes
from camsim.yamlio import Path, dump, format_path, parse

VARIANT_NAME = r"^[a-z0-9]+$"

Variants = dict[str, Annotated[dict[Annotated[str, Field(pattern=VARIANT_NAME)], dict[str, Any]], Field(min_length=1)]]
"""Stage -> short name -> that stage's fields without its kind."""


MAX_VARIANTS = 1000


class ProfileFile(Profile):
    """What a profile file holds: a profile, or with ``variants`` a family of them."""

    camsim: Literal[1]
    variants: Annotated[Variants, Field(min_length=1)] | None = None


def read_profiles(text: str, where: str, folder: pathlib.Path | None = None) -> list[Profile]:
    """Read a profile file: one profile, or with ``variants`` the product of them (``name/bi-s-ga`` ...).

    Args:
        text: the YAML.
        where: the file's name, for messages.
        folder: where files that a stage names are looked for; None: such a stage is refused.

    Raises:
        ProfileError: everything that is wrong, each with its line.
    """
    data, lines = parse(text, where)
    if not isinstance(data, dict):
        raise ProfileError([Problem(where, "", "a profile is a map that begins with 'camsim: 1'")])
    file = _validate(ProfileFile, data, where, lines, folder)
    variants: Mapping[str, Mapping[str, Mapping[str, Any]]] | None = data.get("variants")
    if variants is None:
        return [Profile.model_validate(file.model_dump(exclude={"variants"}))]
    stages = file.stage_names()
    problems = _variant_problems(variants, stages, where, lines)
    if problems:
        raise ProfileError(problems)
    return _expand(data, variants, stages, where, lines, folder)


def _variant_problems(
    variants: Mapping[str, Mapping[str, Mapping[str, Any]]],
    stages: Sequence[str],
    where: str,
    lines: Mapping[Path, int],
) -> list[Problem]:
    found: list[tuple[Path, str]] = []
    for stage, options in variants.items():
        if stage not in stages:
            text = f"is not a stage of this profile ({', '.join(stages)}){did_you_mean(stage, stages)}"
            found.append(((stage,), text))
        found += [
            ((stage, short, "kind"), "is not a key here: a variant is of its stage's kind")
            for short, fields in options.items()
            if "kind" in fields
        ]
    count = math.prod(len(options) for options in variants.values())
    if count > MAX_VARIANTS:
        found.append(((), f"make {count} profiles together; at most {MAX_VARIANTS} are read"))
    places = [(("variants", *path), text) for path, text in found]
    return [Problem(_spot(where, lines, place), format_path(place), text) for place, text in places]


def _expand(
    data: Mapping[str, Any],
    variants: Mapping[str, Mapping[str, Mapping[str, Any]]],
    stages: Sequence[str],
    where: str,
    lines: Mapping[Path, int],
    folder: pathlib.Path | None,
) -> list[Profile]:
    profiles = []
    problems: dict[str, Problem] = {}
    for choice in itertools.product(*(options.items() for options in variants.values())):
        isp = list(data["isp"])
        moved = dict(lines)  # where each field of the chosen options stands in the file
        for stage, (short, fields) in zip(variants, choice, strict=True):
            index = stages.index(stage)
            isp[index] = {"kind": isp[index]["kind"], **fields}
            moved = {path: line for path, line in moved.items() if path[:2] != ("isp", index)}
            moved |= {
                ("isp", index, *path[3:]): line
                for path, line in lines.items()
                if path[:3] == ("variants", stage, short)
            }
        names = "-".join(short for short, _ in choice)
        one = {key: value for key, value in data.items() if key != "variants"} | {
            "isp": isp,
            "name": f"{data['name']}/{names}",
            "title": f"{data['title']}, {names}",
        }
        try:
            profiles.append(_validate(Profile, one, where, moved, folder))
        except ProfileError as error:
            problems |= {str(problem): problem for problem in error.problems}
    if problems:
        raise ProfileError(list(problems.values()))
    return profiles


def _validate(
    model: type[Profile],
    data: Mapping[str, Any],
    where: str,
    lines: Mapping[Path, int],
    folder: pathlib.Path | None,
) -> Profile:
    try:
        return model.model_validate(data, context={"folder": folder})
    except ValidationError as error:
        details = [detail for detail in error.errors() if not _not_meant(detail)]
        problems = [problem for detail in details for problem in _problems(detail, data, where, lines)]
    # Order is checked on what could be recognised, so that one misspelt stage does not hide the rest.
    isp = data.get("isp")
    if isinstance(isp, list):
        known = {problem.message for problem in problems}
        for index, text in order_problems([_stage_class(entry) for entry in isp]):
            if text not in known:
                problems.append(_problem(("isp", index), text, data, where, lines))
    raise ProfileError(sorted(problems, key=lambda problem: _line(problem.where)))


def _line(spot: str) -> int:
    tail = spot.rpartition(":")[2]
    return int(tail) if tail.isdigit() else 0


def _spot(where: str, lines: Mapping[Path, int], path: Sequence[str | int]) -> str:
    """The file and the line of the nearest enclosing value that has one."""
    for end in range(len(path), -1, -1):
        line = lines.get(tuple(path[:end]))
        if line is not None:
            return f"{where}:{line}"
    return where


def _problems(detail: Any, data: Mapping[str, Any], where: str, lines: Mapping[Path, int]) -> list[Problem]:
    """One of pydantic's errors as problems: several where a validator found several."""
    loc: tuple[str | int, ...] = detail["loc"]
    if detail["type"] == "several":
        return [
            problem
            for path, text in detail["ctx"]["problems"]
            for problem in [_problem((*loc, *path), text, data, where, lines)]
        ]
    return [_problem(loc, _message(detail), data, where, lines, missing=detail["type"] == "missing")]


def _not_meant(detail: Any) -> bool:
    """Whether the error is about the other alternative of "a number or one for each CFA site"."""
    if detail["type"] not in ("float_type", "tuple_type"):
        return False
    alternative, is_list = str(detail["loc"][-1]), isinstance(detail["input"], list)
    return (alternative == "float" and is_list) or (alternative.startswith("tuple[") and not is_list)


def _problem(
    loc: Sequence[str | int],
    text: str,
    data: Mapping[str, Any],
    where: str,
    lines: Mapping[Path, int],
    *,
    missing: bool = False,
) -> Problem:
    """Drop what pydantic puts between the real keys, but show a stage's kind: isp[3].sharpen.radius.

    ``missing``: the last part of ``loc`` is a key that should be there.
    """
    place: list[str | int] = []
    shown: list[str | int] = []
    here: Any = data
    tags: list[Any] = []  # of the map we are in, while they may still come
    for number, part in enumerate(loc, start=1):
        if part in tags:
            tags.remove(part)
            continue
        if isinstance(here, list) and isinstance(part, int):
            here = here[part] if part < len(here) else None
        elif isinstance(here, Mapping) and part in here:
            here = here[part]
        elif missing and number == len(loc):
            here = None
        else:
            continue
        place.append(part)
        shown.append(part)
        tags = [here[key] for key in ("kind", "method", "encoding") if key in here] if isinstance(here, Mapping) else []
        if tags and len(place) == 2 and place[0] == "isp" and isinstance(here.get("kind"), str):
            shown.append(here["kind"])
    return Problem(_spot(where, lines, place), format_path(shown), text)


def _message(detail: Any) -> str:
    """Pydantic's text in our words: what is allowed, what was given, the likely fix."""
    given, context = detail["input"], detail.get("ctx", {})
    match detail["type"]:
        case "missing":
            return "is missing"
        case "extra_forbidden":
            return "is not a key here"
        case "union_tag_invalid":
            tag, expected = context["tag"], context["expected_tags"].replace("'", "")
            key = context["discriminator"].strip("'")
            return f"{key} must be one of {expected}, got {tag!r}{did_you_mean(tag, expected.split(', '))}"
        case "union_tag_not_found":
            return f"needs the key {context['discriminator']}"
        case "literal_error":
            hint = (
                did_you_mean(given, [word.strip(" '") for word in context["expected"].split(",")])
                if isinstance(given, str)
                else ""
            )
            return f"must be {context['expected']}, got {given!r}{hint}"
        case "string_pattern_mismatch":
            short = context["pattern"] == VARIANT_NAME
            words = (
                "lower-case letters and digits"
                if short
                else "words of letters, digits, '.', '_', '-' joined by '/', perhaps followed by '@axis=number'"
            )
            return f"must be {words}, got {given!r}"
        case "value_error":
            return str(context["error"])
        case _:
            text = detail["msg"][0].lower() + detail["msg"][1:]
            shown = repr(given)
            return f"{text}, got {shown if len(shown) <= 80 else shown[:77] + '...'}"


def _stage_class(entry: Any) -> type[StageSpec] | None:
    if not isinstance(entry, Mapping):
        return None
    for stage in stage_classes():
        keys = [key for key in ("kind", "method", "encoding") if key in stage.model_fields]
        if all(entry.get(key) == tag for key, tag in zip(keys, stage.tags(), strict=True)):
            return stage
    same_kind = [stage for stage in stage_classes() if stage.tags()[0] == entry.get("kind")]
    return same_kind[0] if same_kind else None


def to_yaml(profile: Profile) -> str:
    """The profile as YAML; `read_profiles` gives the same profile back."""
    # A profile that offers a search nothing besides its knobs does not say so.
    unused = {name for name in ("choices", "orders") if not getattr(profile, name)}
    return dump(_without_none(profile.model_dump(exclude=unused)))


def _without_none(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _without_none(item) for key, item in value.items() if item is not None}
    if isinstance(value, list | tuple):
        return [_without_none(item) for item in value]
    return value
