"""A mosaic as a scene: what its camera's sensor did, undone."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from camsim.camera_rgb import camera_rgb
from camsim.cfa import per_site
from camsim.errors import CamsimError
from camsim.piecewise import piecewise_linear
from camsim.profile import Profile
from camsim.rawio import read_raw
from camsim.sensor import MatrixResponse
from camsim.spec import four_sites


def mosaic_scene(path: Path, profile: Profile) -> Tensor:
    """A TIFF, PNG or .npy mosaic of DN as they lie in the profile's container: (3, H, W) linear light.

    The inverse of an exposure without noise: pedestal and gain are undone, the mosaic is demosaiced by `camera_rgb`,
    and the inverse of the sensor's response leads to linear sRGB. 1.0 is what exposes the sensor as the profile's
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
    if sensor.response.matrix is None:
        raise CamsimError(f"{path}: {profile.name} ({sensor.cfa}) sees no colours, so a mosaic of it shows none")
    matrix = np.array(sensor.response.matrix, dtype=np.float64)
    if np.linalg.cond(matrix) > 1e6:
        raise CamsimError(f"{path}: the response of {profile.name} has no inverse, so a mosaic of it shows no colours")
    height, width = raw.shape
    white = sensor.exposure * sensor.gain * sensor.justification
    dn, black = torch.from_numpy(raw), form.black
    if sensor.hdr is not None and sensor.hdr.companding is not None:
        knees = sensor.hdr.companding
        dn = piecewise_linear(dn, *(torch.tensor(levels, dtype=dn.dtype) for levels in (knees.companded, knees.linear)))
        black = four_sites(sensor.black_level)
    linear = (dn - per_site(torch.tensor(black), height, width)) / white
    white_seen = matrix.sum(axis=1)
    balance = (1 / white_seen if white_seen.min() > 0 else np.ones(3)).tolist()
    try:
        camera = camera_rgb(linear[None, None].float(), form.cfa, tuple(balance))[0]
    except ValueError as error:
        raise CamsimError(f"{path}: {error}") from None
    scene = torch.einsum("oc,chw->ohw", torch.from_numpy(np.linalg.inv(matrix)).float(), camera)
    return scene.clamp_min(0)
