"""What other people's scripts rely on."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import version

import pytest

import camsim

PUBLIC = [
    "CameraGroup",
    "CamsimError",
    "Emulator",
    "Knob",
    "NoDataError",
    "Optics",
    "Profile",
    "ProfileError",
    "Provenance",
    "Range",
    "RawScene",
    "Sensor",
    "Unprocess",
    "UnsafeError",
    "Validation",
    "__version__",
    "compile",
    "develop_many",
    "isp",
    "load",
    "optics",
    "save",
    "scene_from_raw",
    "select",
    "sensor",
    "shipped",
    "validate",
]
STAGES = [
    *("BlackLevel", "Bilinear", "Malvar2004", "Menon2007", "WhiteBalance", "ColorMatrix"),
    *("SharpeningFilter", "UnsharpMask", "GaussianDenoise", "MedianDenoise", "Clip", "PowerGamma", "SrgbGamma"),
]


def test_the_list_of_public_names() -> None:
    """A name that goes is a broken script somewhere: extend this list, do not rename in it."""
    assert camsim.__all__ == PUBLIC
    assert dir(camsim) == sorted(PUBLIC)


@pytest.mark.parametrize("name", PUBLIC)
def test_every_public_name_is_there(name: str) -> None:
    assert getattr(camsim, name) is not None


@pytest.mark.parametrize("package", ["isp", "optics", "sensor"])
def test_every_public_name_of_the_parts_is_there(package: str) -> None:
    module = getattr(camsim, package)
    assert all(hasattr(module, name) for name in module.__all__)
    if package == "isp":
        assert set(STAGES) <= set(module.__all__)


def test_other_names_are_told_as_missing() -> None:
    with pytest.raises(AttributeError, match="module 'camsim' has no attribute 'nothing'"):
        camsim.nothing  # noqa: B018


def test_the_version_is_that_of_the_distribution() -> None:
    assert camsim.__version__ == version("camsim")


def test_errors_have_their_exit_codes() -> None:
    codes = {camsim.CamsimError: 2, camsim.ProfileError: 2, camsim.NoDataError: 3, camsim.UnsafeError: 4}
    assert all(error.exit_code == code and issubclass(error, camsim.CamsimError) for error, code in codes.items())


def test_importing_camsim_does_not_wait_for_torch() -> None:
    check = "import camsim, sys; sys.exit('torch' in sys.modules or 'audit' in sys.modules)"
    assert subprocess.run([sys.executable, "-P", "-c", check], check=False).returncode == 0
