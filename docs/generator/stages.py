"""docs/reference/stages.md: the optics, the sensor and every ISP stage."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from types import FunctionType
from typing import Any, get_args

import camsim.isp
from camsim.optics import EFFECTS, Optics
from camsim.profile import Provenance
from camsim.profile_file import ProfileFile, stage_classes
from camsim.sensor import EFFECTS as SENSOR_EFFECTS
from camsim.sensor import Container, InverseIspResponse, MatrixResponse, Sensor
from camsim.spec import Range, Spec, StageSpec
from generator.fields import field_table
from generator.markdown import docstring, first_paragraph, page

_DOMAINS = {
    "dn": "digital numbers (DN)",
    "mosaic": "a linear mosaic",
    "linear": "linear RGB",
    "encoded": "display-encoded RGB",
}
_FORMS = {
    "affine": "linear in the image, plus an offset",
    "pointwise": "one pixel at a time",
    "local": "not linear, over a neighbourhood",
    "global": "not linear, over the whole frame",
}

FILE_WORDS = {
    "provenance": "map of a field's path to an entry, below",
    "optics": "map, see [Optics](#optics)",
    "sensor": "map, see [Sensor](#sensor)",
    "isp": "list of [stages](#isp-stages), in order",
    "search": "map of a knob's path to an entry, below",
    "variants": "map of stage to short name to that stage's keys",
}

INTRODUCTION = """\
Every key of a profile. [Write a profile](../write-a-profile.md) shows them in use.

A key with a unit or bounds is a *knob*: a number that the search may turn, and a parameter of the emulator. *Bounds*
are what physics or the method allows; a value outside is refused. The *plausible range* is how far the search strays
from the profile's value where the profile has no `search` section; it is an assumption. *default: none* means that the
key may be left out; the remarks, or the lines above the table, say what is then done."""


def stages_page() -> str:
    """The whole page."""
    parts = [
        INTRODUCTION,
        "## The file",
        field_table(ProfileFile, FILE_WORDS),
        "### `provenance`: one entry",
        first_paragraph(Provenance.__doc__),
        field_table(Provenance),
        "### `search`: one entry",
        first_paragraph(Range.__doc__),
        field_table(Range),
        "## Optics",
        docstring(Optics.__doc__),
        field_table(Optics, {name: f"map, see [{name}](#{name})" for name in EFFECTS}),
        *_effects(Optics, EFFECTS),
        "## Sensor",
        first_paragraph(Sensor.__doc__),
        field_table(Sensor, {name: f"map, see [{name}](#{name})" for name in SENSOR_EFFECTS}),
        *_effects(Sensor, SENSOR_EFFECTS),
        "### `container`",
        first_paragraph(Container.__doc__),
        field_table(Container),
        "### `response: {kind: matrix}`",
        first_paragraph(MatrixResponse.__doc__),
        field_table(MatrixResponse),
        "### `response: {kind: inverse_isp}`",
        docstring(InverseIspResponse.__doc__),
        field_table(InverseIspResponse),
        "## ISP stages",
    ]
    for kind, group in groupby(stage_classes(), key=lambda cls: cls.tags()[0]):
        members = list(group)
        if len(members) > 1:
            parts.append(f"### {kind}")
        for cls in members:
            parts += _stage(cls, "####" if len(members) > 1 else "###")
    return page("Profile keys: optics, sensor and ISP stages", *parts)


def _effects(part: type[Spec], names: Sequence[str]) -> list[str]:
    """The effects of the optics or the sensor, each under its key."""
    parts = []
    for name in names:
        members = [member for member in _members(part.model_fields[name].annotation) if member is not type(None)]
        parts.append(f"### {name}")
        for cls in members:
            heading = [f"#### {name} / {cls.model_fields['kind'].default}"] if len(members) > 1 else []
            parts += [*heading, docstring(cls.__doc__), field_table(cls)]
    return parts


def _members(annotation: Any) -> list[Any]:
    """The classes of a union, within what Annotated adds."""
    parts = [part for part in get_args(annotation) if isinstance(part, type) or get_args(part)]
    return [annotation] if isinstance(annotation, type) else [leaf for part in parts for leaf in _members(part)]


def _stage(cls: type[StageSpec], level: str) -> list[str]:
    takes = " or ".join(words for domain, words in _DOMAINS.items() if domain in cls.takes)
    gives = "the same" if cls.gives is None else _DOMAINS[cls.gives]
    return [
        f"{level} {' / '.join(cls.tags())}",
        first_paragraph(_formula(cls).__doc__),
        docstring(cls.__doc__),
        f"Takes {takes}, gives {gives}. Works as: {_FORMS[cls.form]}.",
        field_table(cls),
    ]


def _formula(cls: type[StageSpec]) -> FunctionType:
    """The one function of the stage's file that `camsim.isp` offers."""
    offered = [getattr(camsim.isp, name) for name in camsim.isp.__all__]
    [formula] = [item for item in offered if isinstance(item, FunctionType) and item.__module__ == cls.__module__]
    return formula
