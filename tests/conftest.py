"""What all tests share: where the trial data lie, and that the package under test is the one meant."""

from __future__ import annotations

import os
import sys
import warnings
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

import audit
import camsim

with warnings.catch_warnings():  # colour-science says that matplotlib is not installed, which it needs for plots only
    warnings.simplefilter("ignore")
    import colour as colour

# What colour-science puts in its place is no module, and breaks whoever asks whether matplotlib is there.
for _name in [name for name, module in sys.modules.items() if name.partition(".")[0] == "matplotlib"]:
    if getattr(sys.modules[_name], "__spec__", None) is None:
        del sys.modules[_name]

# The same examples everywhere, and no test that fails because the machine is busy.
settings.register_profile(
    "camsim", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
settings.load_profile("camsim")

SHARED = Path(__file__).parents[2] / "shared"


def pytest_sessionstart() -> None:
    """`make test` tests the built wheel; an import from the checkout would test something else."""
    tested = os.environ.get("CAMSIM_TESTED")
    for package in (camsim, audit):
        if tested and not str(package.__file__).startswith(tested):
            pytest.exit(f"{package.__name__} is imported from {package.__file__}, not from {tested}", returncode=4)


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of trial data beside the repository; tests that need it are skipped where it is absent."""
    if not SHARED.is_dir():
        pytest.skip(f"needs the trial data in {SHARED}")
    return SHARED
