"""A mosaic as a scene: what its camera's sensor did, undone."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from camsim.cfa import per_site
from camsim.errors import CamsimError
from camsim.isp import demosaic_menon2007
from camsim.profile import Profile
from camsim.rawio import read_raw
from camsim.sensor import MatrixResponse


def mosaic_scene(path: Path, profile: Profile) -> Tensor:
    """A TIFF, PNG or .npy mosaic of DN as they lie in the profile's container: (3, H, W) linear light.

    The inverse of an exposure without noise: pedestal and gain are undone, the mosaic is demosaiced by menon2007, and
    the inverse of the sensor's response leads to linear sRGB. 1.0 is what exposes the sensor as the profile's
    ``exposure`` says, normally to its white level. The camera's noise, blur and clipped highlights stay in the scene;
    what falls below black is set to 0.

    Raises:
        CamsimError: unreadable, DN that the device cannot give, or a response without an inverse.
    """
    raw = read_raw(path).mosaic
    form = profile.raw_format
    low, high = float(raw.min()), float(raw.max())
    if not (low >= 0 and high <= form.full_scale):
        raise CamsimError(
            f"{path}: its values reach from {low:g} to {high:g}, but {profile.name} gives DN from 0 to "
            f"{form.full_scale:g}; give the device that it comes from as --raw-profile"
        )
    sensor = profile.resolved_sensor()
    if sensor.exposure is None or not isinstance(sensor.response, MatrixResponse):
        raise TypeError("a resolved sensor has an exposure and a matrix")
    matrix = np.array(sensor.response.matrix, dtype=np.float64)
    if np.linalg.cond(matrix) > 1e6:
        raise CamsimError(f"{path}: the response of {profile.name} has no inverse, so a mosaic of it shows no colours")
    height, width = raw.shape
    white = sensor.exposure * sensor.system_gain * sensor.justification
    pedestal = per_site(torch.tensor(form.black), height, width)
    linear = (torch.from_numpy(raw) - pedestal) / white
    camera = demosaic_menon2007(linear[None, None].float(), form.cfa)[0]
    scene = torch.einsum("oc,chw->ohw", torch.from_numpy(np.linalg.inv(matrix)).float(), camera)
    return scene.clamp_min(0)
