"""Functions of pictures, and models with MAITE's protocols, as networks and classifiers."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pytest
import torch
from scipy.special import log_softmax

import audit
from audit.frame import Frame
from audit.models import Network, as_classifier, load_model, open_gradient, open_network
from audit.models.called import CallableNetwork
from camsim.errors import CamsimError


def means(picture: np.ndarray) -> np.ndarray:
    return picture.mean(axis=(0, 1)) / 25.5


def test_a_function_of_a_picture(images) -> None:
    network: Network = open_network(means, overrides={"classes": ["r", "g", "b"], "output_kind": "logits"})
    assert (network.name, network.output_names) == ("means", ("output",))
    assert network.frame((5, 7)) == Frame.unchanged((5, 7))
    model = as_classifier(network)
    right = log_softmax(np.stack([means(image) for image in images]), axis=1)
    np.testing.assert_allclose(model.log_probabilities(images), right, rtol=1e-12)
    described = json.loads(json.dumps(model.describe()))
    assert described["format"] == "Python function"
    assert described["assumed"] == ["sha256 of the function's source code alone"]
    assert "neither an ONNX model nor a PyTorch module" in open_gradient(model, images[:1]).reason


def test_its_hash_follows_its_code_or_what_is_given() -> None:
    def other(picture: np.ndarray) -> np.ndarray:
        return picture.mean(axis=(0, 1)) / 2

    assert open_network(means).sha256 == open_network(means).sha256
    assert open_network(means).sha256 != open_network(other).sha256
    given = CallableNetwork(means, "m", sha256="abc")
    assert (given.sha256, given.assumed) == ("abc", ())


def test_a_function_gets_a_picture_of_its_own(images) -> None:
    def spoils(picture: np.ndarray) -> dict[str, Any]:
        assert picture.flags.c_contiguous
        picture[:] = 0
        return {"a": [1, 2.5], "b": (np.zeros((2, 3)), torch.ones(1))}

    planes = images[0].transpose(2, 0, 1).copy().transpose(1, 2, 0)
    before = planes.copy()
    (found,) = open_network(spoils).run([planes])
    np.testing.assert_array_equal(planes, before)
    assert {name: array.shape for name, array in found.items()} == {
        "a.0": (),
        "a.1": (),
        "b.0": (2, 3),
        "b.1": (1,),
    }


def fails(picture: np.ndarray) -> np.ndarray:
    raise ValueError("no eyes")


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (fails, "fails on a picture: ValueError: no eyes"),
        (lambda picture: "cat", "gives an object of type str"),
        (lambda picture: np.array(["cat"]), "gives an array of <U3 as 'output'; numbers are wanted"),
        (lambda picture: None, "gives no tensor"),
    ],
)
def test_wrong_functions(images, function, message: str) -> None:
    with pytest.raises(CamsimError, match=message):
        open_network(function).run(images[:1])


def test_preprocessing_is_the_functions_own() -> None:
    with pytest.raises(CamsimError, match="means: mean: a function is given the pictures as they are"):
        open_network(means, overrides={"mean": 0.5})


def test_what_is_no_model() -> None:
    with pytest.raises(CamsimError, match="a model is a file, a module or a function; got int"):
        open_network(3)  # type: ignore[arg-type]


class MaiteClassifier:
    """As MAITE's protocol for image classification asks: a batch of arrays (C, H, W) to a sequence of scores."""

    metadata: ClassVar = {"id": "mine", "index2label": {0: "r", 1: "g", 2: "b"}}

    def __call__(self, batch: list[np.ndarray]) -> list[np.ndarray]:
        assert all(array.shape[0] == 3 for array in batch)
        return [array.mean(axis=(1, 2)) for array in batch]


@dataclass
class Found:
    boxes: np.ndarray
    labels: torch.Tensor
    scores: list[float]


class MaiteDetector:
    metadata: ClassVar = {"id": "finder"}

    def __call__(self, batch: list[np.ndarray]) -> list[Found]:
        return [Found(np.array([[0, 0, a.shape[2], a.shape[1]]]), torch.tensor([1]), [0.5]) for a in batch]


def test_a_maite_classifier(images) -> None:
    model = load_model(MaiteClassifier(), overrides={"scale": 0.1})
    assert (model.name, model.classes) == ("mine", ("r", "g", "b"))
    right = log_softmax(np.stack([image.mean(axis=(0, 1)) / 10 for image in images]), axis=1)
    np.testing.assert_allclose(model.log_probabilities(images), right, rtol=1e-4)
    assert model.describe()["from_model"] == ["classes"]
    plain = open_network(MaiteClassifier())
    np.testing.assert_allclose(plain.run(images[:1])[0]["output"], images[0].mean(axis=(0, 1)))


def test_a_maite_detector(images) -> None:
    network = open_network(MaiteDetector(), overrides={"input_size": [20, 30]})
    (found,) = network.run(images[:1])
    assert found["boxes"].tolist() == [[0, 0, 30, 20]]
    assert network.output_names == ("boxes", "labels", "scores")
    assert network.frame((13, 9)).fed == (20, 30)


def test_wrong_maite_models(images) -> None:
    class Two(MaiteClassifier):
        def __call__(self, batch: list[np.ndarray]) -> list[np.ndarray]:
            return [np.zeros(3)] * 2

    class Gaps(MaiteClassifier):
        metadata: ClassVar = {"id": "gaps", "index2label": {0: "a", 2: "b"}}

    with pytest.raises(CamsimError, match="a batch of one image must give a sequence of one answer"):
        open_network(Two()).run(images[:1])
    with pytest.raises(CamsimError, match="numbered 0, 1, 2"):
        open_network(Gaps())


def test_an_audit_takes_a_function() -> None:
    model = load_model(means, overrides={"classes": ["r", "g", "b"], "output_kind": "logits"})
    result = audit.run(model, audit.builtin_scenes(limit=2, max_side=64), profiles=["seed/drone/ma-s-me"])
    assert result.results["model"]["name"] == "means"
