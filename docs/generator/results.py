"""docs/reference/results.md: what a run leaves behind, from real small runs."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import onnx
import torch
import yaml
from onnx import TensorProto, helper

import audit
from audit.outcome import COMMON, Outcome
from audit.tasks.classification import Classification
from audit.tasks.mark import Mark
from camsim.errors import CamsimError
from generator.markdown import page, table
from generator.source import attribute_docs

MEANINGS = Path(__file__).parent / "result_keys.yaml"
OPEN_MAPS = (
    "model.input.opset",
    "profiles[].metrics",
    "profiles[].drops",
    "profiles[].further",
    "yardstick.corruptions",
    "yardstick.devices[].severities",
    "versions",
    "profiles",
    "worst_cases[].chosen",
)
"""Maps whose keys are not fixed."""
INTERVAL = {"value", "low", "high"}

INTRODUCTION = """\
A run leaves one folder, `runs/TIME-MODEL` or what `--out` says:

- `report.html`: for people; one file, nothing is loaded from elsewhere.
- `results.json`: the same as data. No times in it: the same audit gives the same file.
- `samples.parquet`: one row for each sample and profile; every figure can be computed from it again.
- `manifest.json`: what the run was made of.
- `worst/*.yaml`: the worst settings that a search found, as profiles.

An unfinished run also holds `key.json` and `parts/`; `--resume` goes on from there.

Numbers are in the unit of their metric; where that is `%` they are fractions: 0.05 is 5 % or 5 points. An *interval* is
a map of `value`, `low` and `high`, two-sided at the gate's confidence; a limit that is not known is null. What else
such a map holds is listed below it. `[]` stands for each item of a list."""


def results_page() -> str:
    """The whole page."""
    runs = [_run(labelled) for labelled in (True, False)]
    meanings = yaml.safe_load(MEANINGS.read_text(encoding="utf-8"))
    parts = [
        INTRODUCTION,
        "## results.json, schema 2",
        _keys([run.results for run in runs], meanings["results"]),
        "## manifest.json",
        _keys([run.manifest for run in runs], meanings["manifest"]),
        "## samples.parquet",
        "The columns of every task, then those of classification, where classes are indices into the model's output. "
        "Other tasks have columns of their own: what their metrics are computed from.",
        table(["column", "meaning"], _columns(meanings["samples"])),
    ]
    return page("Results", *parts)


def _run(labelled: bool) -> audit.Result:
    """Flat scenes of two classes, one black (the model fails on it) and one that cannot be read; a search of two."""
    samples = [_sample(i, partial(_flat, 0.2 + 0.01 * i), labelled) for i in range(44)]
    samples += [_sample(44, partial(_flat, 0.0), labelled), _sample(45, _unreadable, labelled)]
    names = ("blue", "green", "red")
    classes, truth = (names, "class") if labelled else (None, None)
    data = audit.Dataset("flat scenes", tuple(samples), classes, "0" * 64, "Flat scenes.", truth)
    with tempfile.TemporaryDirectory() as folder:
        model = audit.load_model(_mean_colour_model(Path(folder)))
        return audit.run(
            model, data, profiles="still/nikon-d5000", search=2, axes={"exposure": [-1]}, corruptions="contrast=5"
        )


def _sample(number: int, loader: Any, labelled: bool) -> audit.Sample:
    return audit.Sample(f"{number:02}", ("red", "blue")[number % 2] if labelled else None, loader)


def _flat(level: float) -> torch.Tensor:
    colour = torch.tensor([level, 0.9 * level, 0.6 * level])
    return colour[:, None, None].expand(3, 32, 32).contiguous()


def _unreadable() -> torch.Tensor:
    raise CamsimError("cut short")


def _mean_colour_model(folder: Path) -> Path:
    """Logits are the logarithms of the mean colour: infinite, and so refused, where the picture is black."""
    graph = helper.make_graph(
        [
            helper.make_node("GlobalAveragePool", ["image"], ["mean"]),
            helper.make_node("Flatten", ["mean"], ["flat"]),
            helper.make_node("Log", ["flat"], ["logits"]),
        ],
        "mean-colour",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, [1, 3, 16, 16])],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, [1, 3])],
    )
    path = folder / "model.onnx"
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)
    return path


def _keys(documents: list[Mapping[str, Any]], meanings: Mapping[str, str]) -> str:
    types: dict[str, dict[str, None]] = {}
    for document in documents:
        for path, kind in _walk(document, ""):
            types.setdefault(path, {})[kind] = None
    unlike = set(types) ^ set(meanings)
    if unlike:
        raise ValueError(f"{MEANINGS.name} and the runs differ in: {', '.join(sorted(unlike))}")
    rows = [(f"`{path}`", " or ".join(sorted(types[path], key="null".__eq__)), meanings[path]) for path in types]
    return table(["key", "value", "meaning"], rows)


def _walk(value: Any, path: str) -> Iterator[tuple[str, str]]:
    match value:
        case dict():
            is_interval = set(value) >= INTERVAL
            if path:
                yield path, "interval" if is_interval else "map"
            for key, item in value.items():
                if path not in OPEN_MAPS and not (is_interval and key in INTERVAL):
                    yield from _walk(item, f"{path}.{key}" if path else key)
        case list() | tuple():
            yield path, "list"
            for item in value:
                if isinstance(item, dict):
                    for key, inner in item.items():
                        yield from _walk(inner, f"{path}[].{key}")
        case bool():
            yield path, "true or false"
        case str():
            yield path, "text"
        case None:
            yield path, "null"
        case _:
            yield path, "number"


def _columns(extra: Mapping[str, str]) -> list[tuple[str, str]]:
    docs = attribute_docs(Mark) | attribute_docs(Outcome) | dict(extra)
    return [(f"`{name}`", docs[name]) for name in (*COMMON.names, *Classification.columns)]
