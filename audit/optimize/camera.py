"""A camera whose knobs follow the coordinates of a box."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from audit.camera import Camera, open_camera
from audit.optimize.box import Box
from audit.search.cameras import knob_gradients
from audit.search.scenes import Scenes
from camsim.errors import CamsimError


class TunableCamera:
    """Coordinates, and the camera that they make."""

    def __init__(self, box: Box, name: str, why: str) -> None:
        """The box's profile as it is.

        Args:
            box: knobs and limits.
            name: of the profile at other coordinates.
            why: for its provenance.
        """
        self.box, self.coordinates = box, box.start().requires_grad_()
        self._name, self._why = name, why
        self.camera = self.compiled()

    def compiled(self, coordinates: Tensor | None = None) -> Camera:
        """The camera as it comes out of compiling the profile at these coordinates, or at those of now.

        Raises:
            ValueError: the values make no valid profile together.
        """
        at = self.coordinates if coordinates is None else coordinates
        camera = open_camera(self.box.profile_at(at, self._name, self._why))
        camera.emulator.sensor.requires_grad_(False)
        return camera

    def project(self) -> None:
        """Put the coordinates back into the box, and turn the camera to them; its filters keep their size."""
        self.box.project(self.coordinates)
        parameters = dict(self.camera.emulator.named_parameters())
        for name, value in self.box.values(self.coordinates).items():
            parameters[name].copy_(value)

    def add_gradient(self, scenes: Scenes, objective: Callable[[Tensor, tuple[str, ...]], Tensor]) -> None:
        """Add the gradient of an objective to that of the coordinates; see `audit.search.cameras.knob_gradients`.

        Raises:
            CamsimError: it is NaN or infinite.
        """
        values = self.box.values(self.coordinates)
        gradients = knob_gradients(self.camera, scenes, list(values), objective)
        broken = [name for name, gradient in gradients.items() if not np.isfinite(gradient).all()]
        if broken:
            raise CamsimError(
                f"the gradient of the loss with regard to {broken[0]} is NaN or infinite; try a lower rate"
            )
        torch.autograd.backward(
            list(values.values()), [torch.as_tensor(gradients[name], dtype=torch.float64) for name in values]
        )
