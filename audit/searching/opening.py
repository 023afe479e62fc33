"""A campaign of searches, made ready: tasks, gradients, scenes in memory, the bench for certificates."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from audit.camera import open_camera
from audit.models import OnnxModel
from audit.models.onnx_network import OnnxNetwork
from audit.progress import Progress
from audit.search.scenes import Scenes
from audit.searching.campaign import Campaign, problem_key
from audit.searching.gradients import Gradient, open_gradients, with_gradient
from audit.searching.ground import Ground
from audit.searching.plan import Plan
from audit.task import Task
from audit.tasks.classification import Classification
from audit.tasks.decoded import DecodedTask
from audit.tasks.vision_task import VisionTask
from camsim import Profile

PROBES = 2
"""Pictures that the gradient of the model is checked on."""
TORCH_COST, ONNX_COST = 3.0, 6.0
"""What a gradient counts in forward passes, by measurement; never timed, so that a run comes out the same again."""


def open_campaign(device: Profile, ground: Ground, plan: Plan, parts: Path | None, show: Progress) -> Campaign:
    """The searches of a plan around a device; the model's gradients are opened and checked where the plan uses them.

    Args:
        device: what is searched around.
        ground: model, data and aims.
        plan: what to search.
        parts: folder for what an interrupted run goes on from; None: memory alone.
        show: told how far it has come.

    Raises:
        CamsimError: nothing in the device can move, or the model fails.
    """
    samples, seed = ground.halves.search, ground.seed
    scenes = Scenes(samples, seed, ground.halves.scenes)
    show.start("Reference", len(samples))
    plain = ground.aims.task(samples, seed, step=show.advance)

    def task(gradient: Gradient | None) -> Task:
        return plain if gradient is None else with_gradient(plain, gradient)

    return Campaign(
        device,
        task,
        _gradients(plain, device, scenes) if plan.wants_gradients else None,
        ONNX_COST if _is_onnx(ground.task) else TORCH_COST,
        scenes,
        ground.bench(plan.jpeg, None if parts is None else parts / "certificates.json", show),
        plan,
        seed=seed,
        key=problem_key([ground.task.sha256, ground.data.sha256, ground.data.description, plan.loss]),
        folder=parts,
        show=show,
    )


def _gradients(task: Task, device: Profile, scenes: Scenes) -> Gradient:
    few = scenes.subset(scenes.ids[:PROBES])
    pictures = [picture for _, shot in few.shoot(open_camera(device)) for picture in shot]
    return open_gradients(task, pictures, few.ids)


def _is_onnx(task: VisionTask[Any]) -> bool:
    if isinstance(task, Classification):
        return isinstance(task.model, OnnxModel)
    return isinstance(task, DecodedTask) and isinstance(task.network, OnnxNetwork)
