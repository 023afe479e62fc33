"""YAML in and out."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from camsim import yamlio
from camsim.catalog import profiles_folder
from camsim.errors import ProfileError
from camsim.yamlio import MAX_BYTES, dump, format_path, parse

scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(10**18) + 1, 10**18 - 1)
    | st.floats(allow_nan=False)
    | st.text()
    | st.from_regex(r"\A[-+]?[0-9._]{1,6}(e[-+]?[0-9]{1,3})?\Z")
    | st.sampled_from(
        ["yes", "no", "on", "null", "~", "true", "08", "1e5", "0x1f", "1:30", "2001-01-01", ".inf", "<<", "="]
    )
)
keys = st.text() | st.sampled_from(["1e-5", "08", "null", "true", "-", "a b", "a: b"]) | st.integers(0, 99)
documents = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=4), max_leaves=12
)


def values(text: str) -> Any:
    return parse(text, "f.yaml")[0]


def same(one: Any, other: Any) -> bool:
    """Equal, and of the same types: 1, 1.0 and true are three things in YAML."""
    if type(one) is not type(other):
        return False
    if isinstance(one, dict):
        return list(one) == list(other) and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list):
        return len(one) == len(other) and all(map(same, one, other))
    return bool(one == other)


@settings(deadline=None, derandomize=True, max_examples=300)
@given(data=documents.filter(lambda data: data is not None))
def test_what_is_written_is_read_back(data: Any) -> None:
    assert same(values(dump(data)), data)


@settings(deadline=None, derandomize=True, max_examples=100)
@given(data=documents.filter(lambda data: isinstance(data, dict | list) and data))
def test_every_value_has_its_line(data: Any) -> None:
    text = dump(data)
    read, lines = parse(text, "f.yaml")
    places: list[tuple[str | int, ...]] = []

    def walk(value: Any, path: tuple[str | int, ...]) -> None:
        places.append(path)
        items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
        for key, item in items:
            walk(item, (*path, key))

    walk(read, ())
    assert set(lines) == set(places)
    assert all(1 <= line <= text.count("\n") for line in lines.values())


def test_lines_are_those_of_the_file() -> None:
    text = "# a comment\na: 1\nb:\n  - x: 2\n\n    y: [3,\n        4]\n  - {z: 5}\n"
    _, lines = parse(text, "f.yaml")
    assert lines == {
        (): 2,
        ("a",): 2,
        ("b",): 3,
        ("b", 0): 4,
        ("b", 0, "x"): 4,
        ("b", 0, "y"): 6,
        ("b", 0, "y", 0): 6,
        ("b", 0, "y", 1): 7,
        ("b", 1): 8,
        ("b", 1, "z"): 8,
    }


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e-5", 1e-5),
        ("1E5", 1e5),
        ("+.5", 0.5),
        ("3.", 3.0),
        ("-17", -17),
        ("089", 89),
        ("010", 10),
        ("-.inf", -math.inf),
        ("yes", "yes"),
        ("off", "off"),
        ("1_000", "1_000"),
        ("0x10", "0x10"),
        ("1:30", "1:30"),
        ("2001-01-01", "2001-01-01"),
        ("~", None),
        ("null", None),
        ("true", True),
        ("True", "True"),
        ("'1'", "1"),
    ],
)
def test_scalars_follow_yaml_1_2(text: str, value: Any) -> None:
    read = values(f"a: {text}")["a"]
    assert read == value
    assert isinstance(read, bool) == isinstance(value, bool)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "f.yaml: is empty"),
        ("# nothing\n", "f.yaml: is empty"),
        ("a: 1\nb:\n\tc: 2\n", "f.yaml:3: a tab is used to indent; YAML allows only spaces"),
        ("a: &x 1\nb: *x\n", "f.yaml:2: YAML aliases are not read; write the value out"),
        ("a: !!python/object:os.system x", "f.yaml:1: YAML tags such as"),
        ("a: 1\nb: !!int x", "f.yaml:2: YAML tags such as"),
        ("a: [1,\n 2", "f.yaml:2:"),
        ("a: 1\n---\nb: 2\n", "f.yaml:2: but found another document"),
        ("? [a, b]\n: 1", "f.yaml:1: keys must be plain words"),
        ("1.5: a", "f.yaml:1: keys must be plain words"),
        ("a: \x07", "f.yaml: is not YAML: unacceptable character"),
        ("a: 'x", "f.yaml:1:"),
    ],
)
def test_what_is_not_plain_yaml_is_refused_where_it_stands(text: str, message: str) -> None:
    with pytest.raises(ProfileError) as error:
        parse(text, "f.yaml")
    assert str(error.value).startswith(message)


def test_all_duplicate_keys_come_at_once() -> None:
    with pytest.raises(ProfileError) as error:
        parse("a: 1\nb: {c: 1, d: 2, c: 3}\na: 2\ne:\n  - {f: 1, f: 1}\n", "f.yaml")
    assert str(error.value).splitlines() == [
        "f.yaml:2: b.c: is given twice; keep one",
        "f.yaml:3: a: is given twice; keep one",
        "f.yaml:5: e[0].f: is given twice; keep one",
    ]


@pytest.mark.parametrize("opening", ["[", "{a: ", "- "])
def test_deep_nesting_is_refused(opening: str) -> None:
    """While it is parsed: PyYAML alone would take minutes for the whole of it."""
    with pytest.raises(ProfileError, match="is nested deeper than 40 levels"):
        parse(opening * 50_000, "f.yaml")


def test_a_file_that_is_too_long_is_refused() -> None:
    with pytest.raises(ProfileError, match=f"at most {MAX_BYTES} are read"):
        parse("#" * (MAX_BYTES + 1), "f.yaml")


def test_paths_read_as_in_python() -> None:
    assert format_path(("isp", 3, "radius")) == "isp[3].radius"
    assert format_path((0, 1)) == "[0][1]"
    assert format_path(()) == ""


def test_lists_of_numbers_stay_on_one_line() -> None:
    text = dump({"matrix": [[1.0, 0.5], [0.0, 1.0]], "isp": [{"kind": "clip", "low": 0.0}]})
    assert text == "matrix: [[1.0, 0.5], [0.0, 1.0]]\nisp:\n- kind: clip\n  low: 0.0\n"


def slow_reading(text: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    """What PyYAML without libyaml reads, or says."""
    with monkeypatch.context() as patch:
        patch.setattr(yamlio, "_reads_alike", lambda text: False)
        return reading(text)


def reading(text: str) -> Any:
    try:
        return parse(text, "f.yaml")
    except ProfileError as error:
        return str(error)


@pytest.mark.parametrize("path", sorted(profiles_folder().rglob("*.yaml"))[::4], ids=lambda path: path.stem)
def test_libyaml_reads_the_same_data_lines_and_errors(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = path.read_text(encoding="utf-8")
    expected = slow_reading(text, monkeypatch)
    assert reading(text) == expected
    assert expected[1][("isp",)] > 1
    spoiled = text.replace("black_level: ", "black_level: : ", 1).replace("- {kind: clip", "- {kind? clip", 1)
    assert reading(spoiled) == slow_reading(spoiled, monkeypatch)


@pytest.mark.parametrize(
    "text", ["a: [0, 0?, 1]", "a: [!2, 1]", "a\t: 1", "a: |# b\n  c", "a: 1\n\ufeff# b", "a: [1,, 2]"]
)
def test_what_libyaml_reads_otherwise_is_left_to_pyyaml(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert reading(text) == slow_reading(text, monkeypatch)


plain = st.recursive(
    scalars | st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=200),
    lambda inner: st.lists(inner, max_size=9) | st.dictionaries(st.from_regex(r"\A[a-z_.]{1,9}\Z"), inner, max_size=4),
)


@given(st.dictionaries(st.sampled_from("abc"), plain, min_size=1) | documents)
@settings(deadline=None)
def test_libyaml_writes_the_same(document: Any) -> None:
    slow = yaml.dump(document, Dumper=yamlio._Dumper, sort_keys=False, allow_unicode=True, width=110)
    assert dump(document) == slow
