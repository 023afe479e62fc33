"""Tasks: the loss of a picture is the same with and without a graph, and is what audit.metrics says."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from audit.metrics import jensen_shannon, soft_errors
from audit.models.gradient import NoGradient
from audit.task import ClassTask, DisagreementTask, PixelTask, Task
from camsim.errors import CamsimError

IDS = ["a", "b", "c"]
AIMS = {"a": 0, "b": 2, "c": 1}


class Linear:
    """A classifier of the mean colour, with and without a graph."""

    name, sha256, classes = "linear", "0" * 64, None
    weights = torch.tensor([[9.0, -4, 1], [-3, 6, 2], [1, 2, 5]], dtype=torch.float64)

    def log_probabilities(self, images):  # type: ignore[no-untyped-def]
        if isinstance(images, Tensor):
            return (images.double().mean(dim=(2, 3)) @ self.weights.T).log_softmax(dim=1)
        batch = torch.stack([torch.from_numpy(np.ascontiguousarray(i.transpose(2, 0, 1))) for i in images]) / 255
        return self.log_probabilities(batch).numpy()

    def describe(self) -> dict[str, object]:
        return {}


def pictures() -> list[NDArray[np.uint8]]:
    return list(np.random.default_rng(0).integers(0, 256, (3, 12, 10, 3), dtype=np.uint8))


def as_tensor(images: list[NDArray[np.uint8]]) -> Tensor:
    return torch.from_numpy(np.stack(images)).permute(0, 3, 1, 2).double() / 255


def reference() -> dict[str, NDArray[np.float64]]:
    others = Linear().log_probabilities([255 - picture for picture in pictures()])
    return dict(zip(IDS, others, strict=True))


def network(images: Tensor) -> Tensor:
    """Three classes a pixel from its colour, smoothed a little."""
    logits = torch.einsum("ij,bjhw->bihw", Linear.weights.to(images.dtype), images)
    return torch.nn.functional.avg_pool2d(logits, 3, stride=1, padding=1)


def masks() -> dict[str, NDArray[np.int64]]:
    return dict(zip(IDS, np.random.default_rng(1).integers(0, 3, (3, 12, 10)), strict=True))


TASKS: dict[str, Callable[[], Task]] = {
    "soft error": lambda: ClassTask(Linear(), AIMS, Linear()),
    "cross-entropy": lambda: ClassTask(Linear(), AIMS, Linear(), "cross_entropy"),
    "disagreement": lambda: DisagreementTask(Linear(), reference(), Linear()),
    "pixels": lambda: PixelTask(network, masks()),
    "pixels without class 1": lambda: PixelTask(network, masks(), ignore=1),
    "one logit": lambda: PixelTask(lambda x: network(x)[:, :1], {n: m % 2 for n, m in masks().items()}),
}


@pytest.mark.parametrize("name", TASKS)
def test_both_ways_give_the_same_loss_and_its_gradient_is_right(name: str) -> None:
    task = TASKS[name]()
    assert task.no_gradient is None
    images = as_tensor(pictures()).requires_grad_()
    judged = task.judge(pictures(), IDS)
    assert judged.losses.shape == judged.scores.shape == (3,)
    np.testing.assert_allclose(task.losses(images, IDS).detach().numpy(), judged.losses, rtol=2e-5, atol=1e-9)
    assert torch.autograd.gradcheck(lambda x: task.losses(x, IDS), images, atol=1e-6, rtol=1e-4)


@pytest.mark.parametrize("name", TASKS)
def test_a_sample_is_judged_by_itself(name: str) -> None:
    task = TASKS[name]()
    together = task.judge(pictures(), IDS)
    for index, picture in enumerate(pictures()):
        alone = task.judge([picture], [IDS[index]])
        assert alone.losses[0] == together.losses[index]
        assert alone.scores[0] == together.scores[index]


def test_losses_are_those_of_the_metrics() -> None:
    log_p, aims = Linear().log_probabilities(pictures()), np.array([AIMS[name] for name in IDS])
    soft, cross, apart = (
        TASKS[name]().judge(pictures(), IDS) for name in ("soft error", "cross-entropy", "disagreement")
    )
    assert soft.losses.mean() == pytest.approx(soft_errors(log_p, aims).mean(), rel=1e-12)
    np.testing.assert_allclose(cross.losses, -log_p[np.arange(3), aims], rtol=1e-12)
    np.testing.assert_array_equal(soft.scores, log_p.argmax(axis=1) == aims)
    others = np.stack([reference()[name] for name in IDS])
    np.testing.assert_allclose(apart.losses, jensen_shannon(log_p, others), rtol=1e-12)
    np.testing.assert_array_equal(apart.scores, log_p.argmax(axis=1) == others.argmax(axis=1))


def test_iou_of_a_known_mask() -> None:
    """Class 1 is told right but for a quarter of its pixels: IoU 3/4 there and 12/13 on the rest."""
    target = np.zeros((4, 4), dtype=np.int64)
    target[0, :] = 1
    said = target.copy()
    said[0, 3] = 0
    logits = torch.nn.functional.one_hot(torch.from_numpy(said), 2).permute(2, 0, 1)[None].float() * 50
    task = PixelTask(lambda images: logits, {"x": target})
    judged = task.judge([np.zeros((4, 4, 3), dtype=np.uint8)], ["x"])
    assert judged.scores[0] == pytest.approx((3 / 4 + 12 / 13) / 2)
    assert judged.losses[0] == pytest.approx((1 / 4 + 0) / 2, rel=1e-6)
    ignored = target.copy()
    ignored[0, 3] = 9
    assert PixelTask(lambda images: logits, {"x": ignored}, ignore=9).judge(
        [np.zeros((4, 4, 3), dtype=np.uint8)], ["x"]
    ).scores[0] == pytest.approx(1)


def test_without_gradients_the_reason_is_told() -> None:
    image = torch.zeros(1, 3, 4, 4)
    for task, reason in (
        (ClassTask(Linear(), AIMS), "no gradient was opened"),
        (ClassTask(Linear(), AIMS, NoGradient("operator Foo")), "operator Foo"),
        (DisagreementTask(Linear(), reference(), NoGradient("NaN")), "NaN"),
        (PixelTask(network, masks(), differentiable=False), "not differentiable"),
    ):
        assert task.no_gradient is not None
        assert reason in task.no_gradient
        with pytest.raises(CamsimError, match=reason):
            task.losses(image, ["a"])


def test_what_does_not_fit_is_refused() -> None:
    picture = pictures()[0]
    with pytest.raises(CamsimError, match="sample 'z' has no class"):
        ClassTask(Linear(), AIMS).judge([picture], ["z"])
    with pytest.raises(CamsimError, match="size"):
        PixelTask(network, {"a": np.zeros((3, 3), dtype=np.int64)}).judge([picture], ["a"])
    with pytest.raises(CamsimError, match=r"classes 0\.\.2"):
        PixelTask(network, {"a": np.full((12, 10), 7)}).judge([picture], ["a"])
    with pytest.raises(CamsimError, match="logits"):
        PixelTask(nn.Flatten(), masks()).judge([picture], ["a"])
    with pytest.raises(CamsimError, match="NaN"):
        PixelTask(lambda x: network(x) * float("nan"), masks()).judge([picture], ["a"])
