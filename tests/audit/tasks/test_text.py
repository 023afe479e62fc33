"""Text figures against torchmetrics, and their conventions."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from torchmetrics.functional.text import char_error_rate, edit_distance

from audit.data.truth import Text
from audit.decoders import CtcDecoder
from audit.predictions import Reading
from audit.tasks.text import TextTask
from camsim.errors import CamsimError

from .simple import Simple, dataset, drawn, value

TRUTHS = ["stop", "exit 12", "Zürich", "a", "no entry", "", "speed 50"]
READINGS = ["stop", "exlt 12", "Zurich", "abcde", "", "", "SPEED 5O"]


def build(characters: Any = ("x",), classes: Any = None, labelled: bool = True) -> TextTask:
    data = dataset([Text(text) for text in TRUTHS], "text") if labelled else dataset([None], None)
    width = 2 if characters is None and classes is None else len(characters or classes) + 1
    return TextTask(Simple(lambda p: 9 * np.eye(width)[:1], classes), CtcDecoder(characters=characters), data)


def rows() -> list[Any]:
    task, found = build(), []
    for sample, text in zip(task.data.samples, READINGS, strict=True):
        reading = Reading(text, 0.9)
        mark = task.mark(reading, reading, task.truth(sample, (16, 16)))
        found.append({"score": mark.score, **mark.own})
    return found


def test_figures_are_those_of_torchmetrics() -> None:
    task, (weights, places) = build(), drawn(len(TRUTHS))
    found = rows()
    for weight, some in zip(weights, places, strict=True):
        expected = char_error_rate([READINGS[place] for place in some], [TRUTHS[place] for place in some])
        assert value(task, "cer", found, weight[None])[0] == pytest.approx(float(expected), rel=1e-6)
    for row, reading, truth in zip(found, READINGS, TRUTHS, strict=True):
        assert row["distance"] == int(edit_distance([reading], [truth], reduction="sum"))
        longer = max(len(reading), len(truth))
        assert row["similarity"] == pytest.approx(1 - row["distance"] / longer if longer else 1)
        assert row["exact"] == float(reading == truth)


def test_empty_texts() -> None:
    task = build()

    def score(text: str, truth: str) -> Any:
        return task.mark(Reading(text, np.nan), Reading(truth, np.nan), truth)

    assert (score("", "").score, score("", "").agreement, score("", "").flip) == (1, 1, False)
    assert (score("x", "").score, score("x", "").agreement, score("x", "").flip) == (0, 0, True)
    assert score("", "abc").score == 0
    assert score("abcdefgh", "a").score == 0  # more errors than characters
    only_empty = [dict(score("x", "").own)]
    assert np.isnan(value(task, "cer", only_empty))


def test_outer_blanks_do_not_count_and_inner_ones_do() -> None:
    task = build()
    assert task.mark(Reading(" no entry ", 1.0), Reading("no entry", 1.0), "no entry").score == 1
    assert task.mark(Reading("noentry", 1.0), Reading("no entry", 1.0), "no entry").score == 1 - 1 / 8


def test_a_letter_and_its_accent_are_one_character() -> None:
    task = build()
    mark = task.mark(Reading("Zu\u0308rich", 1.0), Reading("Zürich", 1.0), "Zürich")
    assert (mark.score, mark.agreement, mark.flip) == (1, 1, False)


def test_the_loss_falls_as_the_model_gets_surer() -> None:
    task = build()
    truth = "abcd"
    losses = [
        task.mark(Reading(text, sure), Reading("abcd", 0.9), truth).loss
        for text, sure in (("abcd", 1.0), ("abcd", 0.1), ("abcx", 0.9), ("abcx", 0.8), ("xxxx", 0.0))
    ]
    assert losses == sorted(losses)
    assert (losses[0], losses[-1]) == (0.0, 1.0)
    # Without labels it is measured from the reference: the same reading as sure as there has none.
    assert task.mark(Reading("ab", 0.7), Reading("ab", 0.7), None).loss == 0.0
    assert task.mark(Reading("ab", 0.35), Reading("ab", 0.7), None).loss == pytest.approx(0.5 / 3)
    assert task.mark(Reading("ab", np.nan), Reading("ab", np.nan), None).loss == 0.0


def test_characters_may_be_the_models_classes() -> None:
    assert build(characters=None, classes=("a", "b")).decoder.characters == ("a", "b")
    assert build(characters=("c",), classes=None).decoder.characters == ("c",)
    with pytest.raises(CamsimError, match="states no characters"):
        build(characters=None)
