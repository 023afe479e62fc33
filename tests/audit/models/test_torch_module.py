"""Modules in code as models: the same figures as torch itself gives, and what is refused."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import log_softmax

import audit
from audit.models import Model, NoGradient, TorchModel, open_gradient
from audit.models.preprocess import preprocess
from camsim.errors import CamsimError, ProfileError

DECLARED = {"input_size": [8, 8], "mean": 0.5, "std": [0.2, 0.3, 0.4], "output_kind": "logits"}


def network(seed: int = 0, channels: int = 3) -> nn.Sequential:
    torch.manual_seed(seed)
    parts = [nn.Conv2d(channels, 6, 3), nn.BatchNorm2d(6), nn.Softplus(), nn.AdaptiveAvgPool2d(1), nn.Flatten()]
    return nn.Sequential(*parts, nn.Dropout(0.5), nn.Linear(6, 4)).eval()


def test_against_torch(images) -> None:
    module = network()
    model: Model = TorchModel(module, "net", DECLARED)
    fed = torch.from_numpy(
        np.stack([preprocess(image, TorchModel(module, "x", DECLARED).prepared) for image in images])
    )
    with torch.no_grad():
        expected = log_softmax(module(fed).double(), 1).numpy()
    np.testing.assert_allclose(model.log_probabilities(images), expected, rtol=1e-6)
    assert model.log_probabilities(images[3:4]).tolist() == model.log_probabilities(images)[3:4].tolist()
    described = json.loads(json.dumps(model.describe()))
    assert described["class_count"] == 4
    assert described["assumed"] == ["resize stretch", "filter bilinear", "color RGB", "scale 1/255"]


@pytest.mark.parametrize("dtype", [torch.float16, torch.float64])
def test_other_precisions(images, dtype: torch.dtype) -> None:
    module = nn.Sequential(nn.Flatten(), nn.Linear(192, 3)).to(dtype).eval()
    got = TorchModel(module, "net", DECLARED).log_probabilities(images)
    reference = TorchModel(module.float(), "net", DECLARED).log_probabilities(images)
    np.testing.assert_allclose(got, reference, rtol=2e-3 if dtype == torch.float16 else 1e-5, atol=2e-3)


def test_grey_and_channels_last(images) -> None:
    class Last(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inner = network(channels=1)

        def forward(self, x: Tensor) -> Tensor:
            return self.inner(x.permute(0, 3, 1, 2))

    model = TorchModel(Last().eval(), "net", {"input_size": [8, 8], "layout": "NHWC", "color": "GRAY"})
    assert model.log_probabilities(images).shape == (11, 4)
    assert not isinstance(open_gradient(model, images[:1]), NoGradient)


def test_hash_follows_weights_and_declaration() -> None:
    module = network()
    model = TorchModel(module, "net", DECLARED)
    before = model.sha256
    assert before == TorchModel(network(), "other name", DECLARED).sha256
    assert before != TorchModel(network(1), "net", DECLARED).sha256
    assert before != TorchModel(network(), "net", DECLARED | {"mean": 0.4}).sha256
    assert before != TorchModel(network(), "net", DECLARED | {"classes": list("abcd")}).sha256
    with torch.no_grad():
        module[0].bias[0] += 1
    assert model.sha256 != before


def test_training_mode_is_refused(images) -> None:
    module = network()
    model = TorchModel(module, "net", DECLARED)
    gradient = open_gradient(model, images[:1])
    assert not isinstance(gradient, NoGradient), gradient.reason
    module[1].train()
    with pytest.raises(CamsimError, match=r"net: is in training mode \(1\); call module.eval\(\)"):
        model.log_probabilities(images[:1])
    with pytest.raises(CamsimError, match="is in training mode"):
        gradient.log_probabilities(torch.zeros(1, 3, 8, 8))
    with pytest.raises(CamsimError, match="the module itself"):
        TorchModel(network().train(), "net", DECLARED)


class Gives(nn.Module):
    """A module with a given output."""

    def __init__(self, output: object) -> None:
        super().__init__()
        self.output = output

    def forward(self, x: Tensor) -> object:
        if isinstance(self.output, Exception):
            raise self.output
        return self.output


@pytest.mark.parametrize(
    ("output", "message"),
    [
        ({"logits": torch.zeros(1, 3), "features": torch.zeros(1, 3)}, "gives 2 outputs: 'logits', 'features'; name"),
        ({"logits": "cat"}, "gives an object of type str as 'logits'; tensors are wanted"),
        (torch.zeros(1, 3, dtype=torch.int64), "gives torch.int64 numbers"),
        (torch.zeros(1, 3, 4, 4), "camsim audits classifiers"),
        (torch.zeros(2, 3), "gave 2 rows for 1 images"),
        (torch.zeros(1, 1), "has 1 class"),
        (torch.tensor([[0.0, float("nan")]]), "NaN or infinity"),
        (RuntimeError("mat1 and mat2"), r"the module fails on an input of \(1, 3, 224, 224\), float32: mat1 and mat2"),
    ],
)
def test_other_outputs_are_refused(output: object, message: str) -> None:
    with pytest.raises(CamsimError, match=message):
        TorchModel(Gives(output).eval(), "net")


@pytest.mark.parametrize(
    ("declared", "message"),
    [
        ({"means": 1}, "net: means: unknown key; did you mean 'mean'"),
        ({"classes": "labels.txt"}, "net: classes: must be a list"),
        ({"output": "scores"}, "net: the module has no output 'scores'; it gives 'output'"),
        ({"classes": ["a", "b"]}, "has 4 classes, but 'classes' lists 2 names"),
        ({"resize": "crop"}, "net: resize: needs input_size"),
    ],
)
def test_wrong_declarations(declared: dict[str, object], message: str) -> None:
    with pytest.raises(CamsimError, match=message) as error:
        TorchModel(network(), "net", declared)
    assert isinstance(error.value, ProfileError) == ("must" in message or "unknown" in message)


def test_mixed_precision_is_refused() -> None:
    module = network()
    module[0].half()
    with pytest.raises(CamsimError, match="its weights are of float16, float32"):
        TorchModel(module, "net")


def test_an_audit_takes_it() -> None:
    model = audit.TorchModel(network(), "net", DECLARED)
    result = audit.run(model, audit.builtin_scenes(limit=2, max_side=64), profiles=["seed/drone/ma-s-me"])
    assert result.results["model"]["name"] == "net"
