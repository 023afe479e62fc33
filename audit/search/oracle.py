"""What a setting does on the samples, measured on the true pipeline and remembered in a ledger; and its gradient."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from audit.camera import open_camera
from audit.images import as_images
from audit.search.cameras import Cameras, knob_gradients
from audit.search.fidelity import Bound, Measure, Weight, distance, measure
from audit.search.ledger import Ledger, Measured, Refused, Slope
from audit.search.mixed import MixedSpace, Setting
from audit.search.scenes import Picture, Scenes
from audit.task import Task
from camsim import Profile
from camsim.errors import CamsimError

PENALTY = 2.0
"""What going twice as far as a bound allows costs: more than a loss in [0, 1] can gain."""

Constraint = Bound | Weight


def charge(constraint: Constraint, fidelity: Tensor) -> Tensor:
    """What a constraint takes off the loss at a mean fidelity; differentiable."""
    if isinstance(constraint, Bound):
        return PENALTY * constraint.excess(fidelity).clamp_min(0)
    return constraint.weight * distance(constraint.measure, fidelity)


def value_under(constraint: Constraint | None, loss: float, fidelity: float | None) -> float:
    """What a mean loss is worth at a mean fidelity, which is None where none was measured: a number to maximise."""
    if constraint is None or fidelity is None:
        return loss
    return loss - float(charge(constraint, torch.tensor(fidelity, dtype=torch.float64)))


class Oracle:
    """Answers for any setting of a space. What the ledger holds is not measured again."""

    def __init__(
        self,
        space: MixedSpace,
        task: Task,
        scenes: Scenes,
        constraint: Constraint | None,
        reference: Profile,
        ledger: Ledger,
    ) -> None:
        self.space, self.task, self.scenes = space, task, scenes
        self.constraint, self.reference, self.ledger = constraint, reference, ledger
        self._cameras = Cameras(space)
        self._wanted: list[Picture] | None = None
        # Entries of other groups, constraints and samples may be in the same ledger.
        names = [space.group, [slot.name for slot in space.slots], repr(constraint), scenes.ids]
        self._scope = hashlib.sha256(json.dumps(names).encode()).hexdigest()[:16]

    def measure(self, setting: Setting) -> Measured | Refused:
        """Loss, score and fidelity: 16-bit mosaic, 8-bit pictures, noise of the fixed seed.

        Raises:
            CamsimError: the model fails, or its loss is not finite.
        """
        entry = self.ledger.find(self._scope, setting.key)
        if entry is None:
            try:
                entry = self._measure(setting)
            except ValueError as error:  # knobs that contradict each other, such as black above white
                entry = Refused(str(error))
            self.ledger.add(self._scope, setting.key, entry)
        return entry

    def slope(self, setting: Setting, at: Measured) -> NDArray[np.float64] | None:
        """Gradient (D,) in the unit cube of the loss less the constraint's charge; None where it is not finite.

        Args:
            setting: where.
            at: what was measured there.
        """
        entry = self.ledger.find_slope(self._scope, setting.key)
        if entry is None:
            gradient = self._differentiate(setting, at)
            entry = Slope(tuple(gradient.tolist()) if np.isfinite(gradient).all() else None)
            self.ledger.add(self._scope, setting.key, entry)
        return None if entry.gradient is None else np.array(entry.gradient)

    def fidelity(self, setting: Setting, name: Measure) -> float:
        """Mean of a measure between the setting's pictures and the reference's; needs no model.

        Raises:
            ValueError: the setting is no valid profile.
        """
        values: list[Tensor] = []
        place = 0
        for _, pictures in self.scenes.shoot(self._cameras.at(setting)):
            values.append(self._fidelities(name, pictures, place))
            place += len(pictures)
        return float(torch.cat(values).double().mean())

    def _measure(self, setting: Setting) -> Measured:
        camera = self._cameras.at(setting)
        losses, scores, fidelities = [], [], []
        place = 0
        for pictures, judged in self.scenes.judge(camera, self.task):
            losses.append(judged.losses)
            scores.append(judged.scores)
            if self.constraint is not None:
                fidelities.append(self._fidelities(self.constraint.measure, pictures, place))
            place += len(pictures)
        loss = float(np.concatenate(losses).mean())
        if not np.isfinite(loss):
            raise CamsimError(f"the loss of the model is {loss} at a setting of {self.space.profile.name}")
        fidelity = float(torch.cat(fidelities).double().mean()) if fidelities else None
        return Measured(loss, float(np.concatenate(scores).mean()), fidelity)

    def _differentiate(self, setting: Setting, at: Measured) -> NDArray[np.float64]:
        count = len(self.scenes.samples)
        price = 0.0  # of one unit of mean fidelity
        if self.constraint is not None and at.fidelity is not None:
            fidelity = torch.tensor(at.fidelity, dtype=torch.float64, requires_grad=True)
            (slope,) = torch.autograd.grad(charge(self.constraint, fidelity), fidelity)
            price = float(slope)
        references = dict(zip(self.scenes.ids, self._references(), strict=True)) if price else {}

        def objective(images: Tensor, ids: tuple[str, ...]) -> Tensor:
            total = self.task.losses(images, ids).sum()
            if price and self.constraint is not None:
                wanted = as_images([references[name] for name in ids])
                total = total - price * measure(self.constraint.measure, images, wanted).sum()
            return total / count

        space = self.space.space(setting.choice)
        return space.gradient(knob_gradients(self._cameras.at(setting), self.scenes, list(space.low), objective))

    def _fidelities(self, name: Measure, pictures: Sequence[Picture], place: int) -> Tensor:
        """Of pictures of scenes of one size, the samples from ``place`` on: (N,)."""
        wanted = self._references()[place : place + len(pictures)]
        with torch.inference_mode():
            return measure(name, as_images(pictures), as_images(wanted))

    def _references(self) -> list[Picture]:
        if self._wanted is None:
            camera = open_camera(self.reference)
            self._wanted = [picture for _, pictures in self.scenes.shoot(camera) for picture in pictures]
        return self._wanted
