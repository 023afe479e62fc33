"""What a search, an attribution or an optimisation judges: a model together with what it should say of each sample."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import interpolate

from audit.frame import Shape
from audit.metrics import MARGIN_SCALE, jensen_shannon, soft_errors
from audit.models import Model
from audit.models.gradient import GradientModel, NoGradient
from camsim.errors import CamsimError

Loss = Literal["soft_error", "cross_entropy"]

T = TypeVar("T")

NOT_OPENED = "no gradient was opened for the model"
"""Why a task that can have gradients has none."""


@dataclass(frozen=True)
class Judged:
    """What a task says of N pictures."""

    losses: NDArray[np.float64]
    """(N,) what a search raises, one a sample."""
    scores: NDArray[np.float64]
    """(N,) in [0, 1], 1 where the model is right: the prediction is the aim, or the sample's IoU."""


class Judge(Protocol):
    """What of a task is needed to measure with it."""

    def judge(self, pictures: Sequence[NDArray[np.uint8]], ids: Sequence[str], shape: Shape | None = None) -> Judged:
        """Loss and score of N pictures (H, W, 3), RGB, 0..255, as the device hands them out, of the samples ``ids``.

        Args:
            pictures: what is judged.
            ids: whose pictures they are.
            shape: (height, width) of the scenes, to which the labels belong; None: that of the pictures. See
                `judge_shot`.

        Raises:
            CamsimError: the model fails, or a sample has no aim.
        """
        ...


class Task(Judge, Protocol):
    """A model together with what it should say of each sample."""

    @property
    def no_gradient(self) -> str | None:
        """Why `losses` cannot be asked for, in one line; None: it can."""
        ...

    def losses(self, images: Tensor, ids: Sequence[str]) -> Tensor:
        """(B, 3, H, W) display-encoded RGB in [0, 1] -> (B,), differentiable: the same quantity as `Judged.losses`.

        Raises:
            CamsimError: there is no gradient, or a sample has no aim.
        """
        ...


def judge_shot(task: Judge, pictures: Sequence[NDArray[np.uint8]], ids: Sequence[str], shape: Shape) -> Judged:
    """`Task.judge` of pictures of scenes of ``shape`` (height, width), for which a camera may give another size."""
    if all(picture.shape[:2] == shape for picture in pictures):
        return task.judge(pictures, ids)  # all that a task of one's own need know
    return task.judge(pictures, ids, shape)


@dataclass(frozen=True)
class ClassTask:
    """Classification: each sample has the class that the model should keep, its label or the reference's prediction.

    The loss is the soft error, sigmoid(-margin / 1.5) in [0, 1], or the cross-entropy in nats. A few hard samples
    dominate the latter, and raising it hardly lowers the accuracy: it is there to compare with.
    """

    model: Model
    aims: Mapping[str, int]
    """Class of each sample, as an index into the model's output."""
    gradient: GradientModel | NoGradient | None = None
    loss: Loss = "soft_error"

    def judge(self, pictures: Sequence[NDArray[np.uint8]], ids: Sequence[str], shape: Shape | None = None) -> Judged:
        log_p = self.model.log_probabilities(pictures)
        aims = np.array([_of(self.aims, name, "class") for name in ids])
        losses = soft_errors(log_p, aims) if self.loss == "soft_error" else -log_p[np.arange(len(aims)), aims]
        return Judged(losses, (log_p.argmax(axis=1) == aims).astype(np.float64))

    @property
    def no_gradient(self) -> str | None:
        return _reason(self.gradient)

    def losses(self, images: Tensor, ids: Sequence[str]) -> Tensor:
        log_p = _opened(self.gradient).log_probabilities(images)
        aims = torch.tensor([_of(self.aims, name, "class") for name in ids], device=log_p.device)
        if self.loss == "soft_error":
            return soft_errors_of(log_p, aims)
        return -log_p.gather(1, aims[:, None])[:, 0]


@dataclass(frozen=True)
class DisagreementTask:
    """Without labels: how far the model's output strays from what it says of the reference's picture.

    The loss is the Jensen-Shannon divergence in bits, in [0, 1]; the score says whether the prediction is the same. It
    measures instability, not error. Where both outputs are equal the divergence is at its minimum, and its gradient 0.
    """

    model: Model
    reference: Mapping[str, NDArray[np.float64]]
    """Log-probabilities (C,) of each sample under the reference camera."""
    gradient: GradientModel | NoGradient | None = None

    def judge(self, pictures: Sequence[NDArray[np.uint8]], ids: Sequence[str], shape: Shape | None = None) -> Judged:
        log_p, log_q = self.model.log_probabilities(pictures), self._references(ids)
        return Judged(jensen_shannon(log_p, log_q), (log_p.argmax(axis=1) == log_q.argmax(axis=1)).astype(np.float64))

    @property
    def no_gradient(self) -> str | None:
        return _reason(self.gradient)

    def losses(self, images: Tensor, ids: Sequence[str]) -> Tensor:
        log_p = _opened(self.gradient).log_probabilities(images)
        return _jensen_shannon(log_p, torch.as_tensor(self._references(ids)).to(log_p))

    def _references(self, ids: Sequence[str]) -> NDArray[np.float64]:
        return np.stack([_of(self.reference, name, "prediction of the reference") for name in ids])


@dataclass(frozen=True)
class PixelTask:
    """Semantic segmentation by a network in code: every pixel has a class.

    The loss of a sample is the soft error of its pixels, averaged over each class that its target holds, then over
    those classes: unweighted, a large background would hide that small objects are lost, which the IoU does not. Its
    score is the mean IoU over the classes that its target or its prediction holds.

    Where a camera gives pictures of another size than their scenes, the logits are resized to the target's pixels,
    bilinear, the usual way in segmentation.
    """

    network: Callable[[Tensor], Tensor]
    """(B, 3, H, W) RGB in [0, 1] -> (B, C, H, W) logits; C = 1: of class 1 against class 0. In evaluation mode."""
    targets: Mapping[str, NDArray[np.integer]]
    """Class of each pixel (H, W) of each sample."""
    ignore: int | None = None
    """Class of pixels that do not count."""
    differentiable: bool = True
    """Whether ``network`` has a gradient."""

    def judge(self, pictures: Sequence[NDArray[np.uint8]], ids: Sequence[str], shape: Shape | None = None) -> Judged:
        losses, scores = [], []
        for picture, name in zip(pictures, ids, strict=True):  # one by one: a result does not depend on the others
            image = torch.from_numpy(np.ascontiguousarray(picture.transpose(2, 0, 1)))[None].float() / 255
            with torch.no_grad():
                logits = self._logits(image, name)
                target = self._target(name, logits)
                loss = float(self._mean(logits, target[None])[0])
            if not np.isfinite(loss):
                raise CamsimError(f"the network gives NaN or infinity for sample {name!r}")
            losses.append(loss)
            scores.append(_mean_iou(logits[0].argmax(dim=0), target, self.ignore))
        return Judged(np.array(losses), np.array(scores))

    @property
    def no_gradient(self) -> str | None:
        return None if self.differentiable else "the network was given as not differentiable"

    def losses(self, images: Tensor, ids: Sequence[str]) -> Tensor:
        if self.no_gradient is not None:
            raise CamsimError(f"there are no gradients: {self.no_gradient}")
        logits = self._logits(images, ids[0])
        return self._mean(logits, torch.stack([self._target(name, logits) for name in ids]))

    def _logits(self, images: Tensor, name: str) -> Tensor:
        """(B, C, H, W) of images of one size, in the pixels of the target of one of them."""
        logits = self.network(images)
        if logits.ndim != 4 or logits.shape[0] != images.shape[0]:
            raise CamsimError(f"the network must give logits (B, C, H, W), got {tuple(logits.shape)}")
        size = np.shape(_of(self.targets, name, "target"))
        if logits.shape[-2:] == images.shape[-2:] != size and _shows_all(images.shape[-2:], size):
            logits = interpolate(logits, size, mode="bilinear", align_corners=False)
        # One logit is that of class 1 against class 0.
        return torch.cat([torch.zeros_like(logits), logits], dim=1) if logits.shape[1] == 1 else logits

    def _target(self, name: str, logits: Tensor) -> Tensor:
        """(H, W) classes of a sample on the logits' device."""
        target = torch.as_tensor(np.ascontiguousarray(_of(self.targets, name, "target")).astype(np.int64))
        if target.shape != logits.shape[-2:]:
            raise CamsimError(
                f"the target of {name!r} has the size {tuple(target.shape)}, the logits {tuple(logits.shape[-2:])}"
            )
        counted = target[target != self.ignore] if self.ignore is not None else target
        if counted.numel() == 0 or counted.min() < 0 or counted.max() >= logits.shape[1]:
            raise CamsimError(
                f"the target of {name!r} must hold classes 0..{logits.shape[1] - 1}, one of them at least"
            )
        return target.to(logits.device)

    def _mean(self, logits: Tensor, targets: Tensor) -> Tensor:
        """Mean soft error (B,) over the pixels that count, every class that the target holds with the same weight."""
        counts = torch.ones_like(targets, dtype=torch.bool) if self.ignore is None else targets != self.ignore
        classes = torch.where(counts, targets, 0)
        errors = soft_errors_of(logits, classes).flatten(1)
        # (B, C): how many pixels of each class there are, and their summed errors.
        zeros = errors.new_zeros(errors.shape[0], logits.shape[1])
        sizes = zeros.scatter_add(1, classes.flatten(1), counts.flatten(1).to(errors.dtype))
        sums = zeros.scatter_add(1, classes.flatten(1), errors * counts.flatten(1))
        return (sums / sizes.clamp_min(1)).sum(dim=1) / (sizes > 0).sum(dim=1)


def _shows_all(size: Sequence[int], whole: Sequence[int]) -> bool:
    """Whether a picture of that height and width can be all of a scene, up to a row or column that was left out."""
    return len(whole) == 2 and abs(size[0] * whole[1] - size[1] * whole[0]) <= max(whole)


def soft_errors_of(scores: Tensor, aims: Tensor) -> Tensor:
    """sigmoid(-margin / 1.5), (B, ...), of logits or log-probabilities (B, C, ...) and classes (B, ...).

    See `audit.metrics.soft_errors`; a margin is the same for logits and log-probabilities.
    """
    chosen = aims.unsqueeze(1)
    mine = scores.gather(1, chosen)
    others = scores.scatter(1, chosen, float("-inf")).amax(dim=1, keepdim=True)
    return torch.sigmoid((others - mine) / MARGIN_SCALE).squeeze(1)


def _jensen_shannon(log_p: Tensor, log_q: Tensor) -> Tensor:
    """Divergence (B,) in bits of log-probabilities (B, C); see `audit.metrics.jensen_shannon`."""
    p, q = log_p.exp(), log_q.exp()
    # Differences of logarithms, and not logarithms of quotients: a probability that underflows must not make NaN.
    log_mean = torch.logaddexp(log_p, log_q) - np.log(2)
    nats = (p * (log_p - log_mean) + q * (log_q - log_mean)).sum(dim=1) / 2
    bits: Tensor = nats / np.log(2)
    return bits


def _mean_iou(prediction: Tensor, target: Tensor, ignore: int | None) -> float:
    if ignore is not None:
        prediction, target = prediction[target != ignore], target[target != ignore]
    ratios = []
    for label in torch.unique(torch.cat([prediction.reshape(-1), target.reshape(-1)])):
        mine, wanted = prediction == label, target == label
        ratios.append(((mine & wanted).sum() / (mine | wanted).sum()).item())
    return float(np.mean(ratios))


def _reason(gradient: GradientModel | NoGradient | None) -> str | None:
    if gradient is None:
        return NOT_OPENED
    return gradient.reason if isinstance(gradient, NoGradient) else None


def _opened(gradient: GradientModel | NoGradient | None) -> GradientModel:
    if gradient is None or isinstance(gradient, NoGradient):
        raise CamsimError(f"there are no gradients: {_reason(gradient)}")
    return gradient


def _of(table: Mapping[str, T], name: str, what: str) -> T:
    try:
        return table[name]
    except KeyError:
        raise CamsimError(f"sample {name!r} has no {what}") from None
