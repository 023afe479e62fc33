"""Tune a camera's processing and train a network together, against the same training behind the frozen camera."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from audit.camera import Camera, open_camera
from audit.data import Sample
from audit.frame import Shape
from audit.images import as_images
from audit.optimize.box import Box, Limits
from audit.optimize.camera import TunableCamera
from audit.optimize.exposure import at_exposure
from audit.optimize.fit import Check, Course, Plan, batch_of, fit
from audit.optimize.judge import REPEATS, Gain, judge, repeated_scores
from audit.optimize.outcome import training_noise, validation_noise
from audit.optimize.parts import Parts, three_parts
from audit.progress import Progress, Silent
from audit.search.groups import ALL
from audit.search.scenes import Scenes
from audit.task import Judge, Judged, PixelTask
from audit.threads import one_torch_thread
from camsim import Profile
from camsim.errors import CamsimError

Target = int | NDArray[np.integer]
"""The class of a picture, or of each of its pixels (H, W)."""


@dataclass(frozen=True)
class Arm:
    """One of two trainings that differ in nothing but whether the camera is tuned too."""

    profile: Profile
    network: nn.Module
    """As it did best on the validation part, in evaluation mode."""
    checks: tuple[Check, ...]
    best: Check
    stopped: str


@dataclass(frozen=True)
class JointTuning:
    """Camera and network tuned together, the network alone, and both on samples that nothing was chosen by."""

    base: Profile
    box: Box
    parts: Parts
    learned: Arm
    frozen: Arm
    gain: Gain


def tune_jointly(
    network: nn.Module,
    samples: Sequence[Sample],
    targets: Mapping[str, Target],
    profile: Profile,
    *,
    group: str = ALL,
    exposure: float = 1.0,
    limits: Limits = "plausible",
    plan: Plan | None = None,
    network_rate: float = 1e-3,
    seed: int = 0,
    progress: Progress | None = None,
) -> JointTuning:
    """Train a network and a camera's processing together, by the cross-entropy.

    Args:
        network: (B, 3, H, W) RGB in [0, 1] -> logits (B, C), or (B, C, H, W) where targets are masks, C >= 2; it
            normalises by itself, and is not changed: both trainings begin with a copy.
        samples: all readable; dealt into three parts by their ids and the seed.
        targets: of each sample.
        profile: the camera.
        group: of knobs; see `audit.search.groups`. Of the sensor none is tuned.
        exposure: the light, as a multiple of the profile's.
        limits: how far a knob may go.
        plan: steps, rate (of the knobs), batch, patience: the same for both trainings.
        network_rate: of Adam for the network's weights.
        seed: of the parts, the batches and the noise.
        progress: told how far it has come.

    Raises:
        NoDataError: too few samples.
        CamsimError: a sample without a target; no such group, no knob in it, an impossible exposure; or a loss of NaN.
    """
    plan, show = plan or Plan(), progress or Silent()
    missing = [sample.id for sample in samples if sample.id not in targets]
    if missing:
        raise CamsimError(f"sample {missing[0]!r} has no target; give one for each of {len(samples)} samples")
    frozen = at_exposure(profile, exposure)
    box = replace(Box.of(profile, group, limits), profile=frozen)
    parts = three_parts(samples, seed)
    work = _Work(box, parts, targets, plan, network_rate, seed, {}, show)
    with one_torch_thread(), torch.random.fork_rng(devices=[]):
        show.start(f"Training behind {profile.name}", 2 * plan.steps)
        alone = work.train(network, tunes=False)
        together = work.train(network, tunes=True)
        show.start("Held-out samples", 2 * REPEATS * len(parts.held_out))
        gain = Gain.of(
            *(
                repeated_scores(
                    open_camera(arm.profile),
                    _judge_of(arm.network, targets),
                    parts.held_out,
                    seed,
                    work.kept,
                    show.advance,
                )
                for arm in (alone, together)
            )
        )
    return JointTuning(profile, box, parts, together, alone, gain)


@dataclass(frozen=True)
class _Work:
    box: Box
    parts: Parts
    targets: Mapping[str, Target]
    plan: Plan
    network_rate: float
    seed: int
    kept: dict[str, Tensor]
    show: Progress

    def train(self, start: nn.Module, *, tunes: bool) -> Arm:
        """One of the two trainings."""
        torch.manual_seed(self.seed)  # of dropout and the like
        network = copy.deepcopy(start)
        name = f"learned/{self.box.profile.name.removeprefix('frozen/')}"
        why = f"tuned together with a network on {len(self.parts.train)} samples, {self.box.limits} limits"
        tuned = TunableCamera(self.box, name, why)
        weights = [weight for weight in network.parameters() if weight.requires_grad]
        groups = [{"params": weights, "initial_lr": self.network_rate}]
        if tunes:
            groups.append({"params": [tuned.coordinates], "initial_lr": self.plan.rate})
        validation = Scenes(self.parts.validation, validation_noise(self.seed), self.kept)
        train = self.parts.train

        def gradient(step: int) -> float:
            chosen, epoch = batch_of(len(train), self.plan.batch, step, self.seed)
            scenes = Scenes([train[index] for index in chosen], training_noise(self.seed, epoch), self.kept)
            network.train()
            total = 0.0

            def objective(images: Tensor, ids: tuple[str, ...]) -> Tensor:
                nonlocal total
                seen = images.detach().requires_grad_(tunes)
                loss = cross_entropy(network(seen), self._wanted(ids)) * (len(ids) / len(chosen))
                if not loss.isfinite():
                    raise CamsimError(f"the training loss is {loss.item()} in step {step + 1}; try a lower rate")
                loss.backward()  # type: ignore[no-untyped-call]
                total += float(loss.detach())
                # Its gradient with regard to the images is that of the loss, which has gone through the network now.
                return (images * seen.grad).sum() if seen.grad is not None else images.sum()

            if tunes:
                tuned.add_gradient(scenes, objective)
            else:
                for ids, images in _shots(tuned.camera, scenes):
                    objective(images, ids)
            self.show.advance(1)
            return total

        def check() -> tuple[float, float] | None:
            if tunes:
                try:
                    tuned.camera = tuned.compiled()
                except ValueError:  # physical limits allow a black level above white
                    return None
            found = judge(tuned.camera, _judge_of(network.eval(), self.targets), validation)
            return float(found.losses.mean()), float(found.scores.mean())

        def snapshot() -> tuple[Tensor, dict[str, Tensor]]:
            return tuned.coordinates.detach().clone(), copy.deepcopy(network.state_dict())

        course = fit(
            torch.optim.Adam(groups),
            self.plan,
            Course(snapshot()),
            gradient=gradient,
            project=tuned.project,
            check=check,
            snapshot=snapshot,
        )
        assert course.stopped is not None
        coordinates, state = course.best
        network.load_state_dict(state)
        profile = self.box.profile_at(coordinates, name, why) if tunes else self.box.profile
        return Arm(profile, network.eval(), tuple(course.checks), course.best_check, course.stopped)

    def _wanted(self, ids: Sequence[str]) -> Tensor:
        return torch.stack([torch.as_tensor(np.asarray(self.targets[name], dtype=np.int64)) for name in ids])


def _shots(camera: Camera, scenes: Scenes) -> list[tuple[tuple[str, ...], Tensor]]:
    """What the camera hands out, in batches of one size."""
    return [
        (ids, as_images([camera.shoot(one, scenes.seed, name) for one, name in zip(batch, ids, strict=True)]))
        for ids, batch in scenes.batches()
    ]


def _judge_of(network: nn.Module, targets: Mapping[str, Target]) -> Judge:
    masks = {name: np.asarray(target) for name, target in targets.items() if not isinstance(target, int | np.integer)}
    return PixelTask(network, masks) if masks else _Classes(network, targets)


@dataclass(frozen=True)
class _Classes:
    """A network with a class for each picture."""

    network: nn.Module
    targets: Mapping[str, Target]

    def judge(self, pictures: Sequence[NDArray[np.uint8]], ids: Sequence[str], shape: Shape | None = None) -> Judged:
        with torch.no_grad():  # one by one: a result does not depend on the others
            log_p = torch.cat([self.network(as_images([picture])) for picture in pictures]).log_softmax(dim=1).numpy()
        wanted = np.array([self.targets[name] for name in ids])
        return Judged(
            -log_p[np.arange(len(ids)), wanted].astype(np.float64), (log_p.argmax(axis=1) == wanted).astype(np.float64)
        )
