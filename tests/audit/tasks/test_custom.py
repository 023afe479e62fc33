"""A task of the user's own: what its functions may give, and what is said when they fail."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from audit.data.truth import Values
from audit.frame import Frame
from audit.tasks.custom import CustomTask, code_sha256, where
from camsim.errors import CamsimError

from .simple import Simple, dataset, grey

DATA = dataset([Values(np.array([place / 10])) for place in range(4)], "values")


def brightness(picture: NDArray[np.uint8]) -> float:
    return float(picture.mean()) / 255


def close(answer: float, truth: Any) -> float:
    return 1 - min(1.0, abs(answer - (truth if isinstance(truth, float) else truth.numbers[0])))


def read(outputs: Any, frame: Frame) -> float:
    return float(outputs["output"][0]) * frame.shape[0]


def build(model: Any = brightness, **given: Any) -> CustomTask:
    return CustomTask(model, given.pop("data", DATA), **{"agreement": close, "score": close, **given})


def mark(task: CustomTask, picture: NDArray[np.uint8], place: int = 0) -> Any:
    answer, reference = task.predict([picture, grey(51)])
    return task.mark(answer, reference, task.truth(task.data.samples[place], (16, 16)))


def test_it_is_judged_by_the_users_functions() -> None:
    task = build()
    assert task.labelled
    found = mark(task, grey(51), place=1)
    assert found.score == pytest.approx(0.9)  # 0.2 against 0.1
    assert (found.agreement, found.flip) == (1.0, False)
    assert found.loss == pytest.approx(0.1)
    assert mark(build(flip_below=0.9), grey(102)).flip
    assert not mark(build(flip_below=0.8), grey(102)).flip
    assert task.say([1] * 99) == "[1, 1, 1, 1, 1, 1, ...]"
    assert task.describe() == {
        "agreement": where(close),
        "score": where(close),
        "flip_below": 0.5,
    }


def test_without_a_score_or_labels_only_agreement_is_measured() -> None:
    for task in (build(score=None), build(data=dataset([None] * 4, None))):
        assert not task.labelled
        found = mark(task, grey(102))
        assert found.score is None
        assert found.loss == pytest.approx(0.2)


def test_a_class_is_given_by_its_name() -> None:
    data = dataset([None] * 2, None, ("dark", "light"), ["dark", "light"])
    task = build(data=data, score=lambda answer, name: float((answer > 0.5) == (name == "light")))
    assert [mark(task, grey(255), place).score for place in (0, 1)] == [0.0, 1.0]
    with pytest.raises(CamsimError, match="s000: has no label"):
        task.truth(dataset([None], None, ("dark",), [None]).samples[0], (16, 16))


def test_a_network_is_read_by_the_users_decoder() -> None:
    network = Simple(lambda picture: np.array([picture.mean() / 255 / 16]), ("a",))
    task = build(network, decode=read)
    assert (task.name, task.classes) == ("simple", ("a",))
    assert task.predict([grey(51)])[0] == pytest.approx(0.2)
    assert task.describe()["format"] == "simple"
    assert task.sha256 != build().sha256
    with pytest.raises(CamsimError, match="'decode' reads a network's outputs"):
        build(decode=read)
    with pytest.raises(CamsimError, match="a network needs 'decode'"):
        build(network)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"score": lambda answer, truth: 1.2}, r"test_custom\.<lambda> must give a number in \[0, 1\], got 1\.2"),
        ({"agreement": lambda answer, truth: float("nan")}, "got nan"),
        ({"score": lambda answer, truth: None}, "got None"),
        ({"score": lambda answer, truth: "x" * 999}, "got 'xxx"),
        ({"score": lambda answer, truth: 1 / 0}, r"<lambda> failed: ZeroDivisionError: division by zero"),
        ({"model": lambda picture: picture.nothing}, "<lambda> failed: AttributeError"),
    ],
)
def test_what_goes_wrong_says_where(given: Any, message: str) -> None:
    with pytest.raises(CamsimError, match=message) as caught:
        mark(build(**given), grey(1))
    assert len(str(caught.value)) < 300


def test_a_wrong_limit_is_refused() -> None:
    with pytest.raises(CamsimError, match="flip_below must lie"):
        build(flip_below=0.0)


def test_the_hash_sees_the_code() -> None:
    assert build().sha256 == build().sha256
    assert len({build().sha256, build(score=None).sha256, build(flip_below=0.4).sha256}) == 3
    assert build(sha256="1" * 64).sha256 != build(sha256="2" * 64).sha256

    typed: dict[str, Any] = {}
    for text in ("x", "x + 1"):
        exec(f"def f(x): return {text}", typed)
        typed[text] = code_sha256(typed["f"])
    assert typed["x"] != typed["x + 1"]  # without a file, too
    for thing in (len, functools.partial(close, truth=0.1), Simple(brightness)):
        with pytest.raises(CamsimError, match="give 'sha256'"):
            code_sha256(thing)
    named = CustomTask(functools.partial(brightness), DATA, agreement=close, sha256="1" * 64)
    assert named.name == "functools.partial"
