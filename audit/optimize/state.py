"""An optimisation on disk, so that an interrupted one goes on as if nothing had happened."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import torch
from torch import Tensor

from audit.optimize.fit import Check, Course
from camsim.atomic import write_text
from camsim.errors import CamsimError


def save_state(path: Path, course: Course[Tensor], coordinates: Tensor, optimizer: torch.optim.Adam) -> None:
    """Write where the optimisation of these coordinates stands, to the last bit."""
    memory = optimizer.state[coordinates]
    state = {
        "checks": [asdict(check) for check in course.checks],
        "stopped": course.stopped,
        "best": course.best.tolist(),
        "coordinates": coordinates.tolist(),
        "first_moment": memory["exp_avg"].tolist() if memory else None,
        "second_moment": memory["exp_avg_sq"].tolist() if memory else None,
    }
    write_text(path, json.dumps(state))


def load_state(path: Path, coordinates: Tensor, optimizer: torch.optim.Adam) -> Course[Tensor] | None:
    """The course so far, or None; the coordinates and the optimizer are set to where it stood.

    Raises:
        CamsimError: the file is damaged.
    """
    if not path.exists():
        return None
    try:
        state = json.loads(path.read_text(encoding="utf-8"))
        checks = [Check(**check) for check in state["checks"]]
        best, now, first, second = (
            None if state[name] is None else torch.tensor(state[name], dtype=torch.float64)
            for name in ("best", "coordinates", "first_moment", "second_moment")
        )
        if best is None or now is None or best.shape != coordinates.shape or not checks:
            raise ValueError
        with torch.no_grad():
            coordinates.copy_(now)
        if first is not None and second is not None:
            step = torch.tensor(float(checks[-1].step))
            optimizer.state[coordinates] = {"step": step, "exp_avg": first, "exp_avg_sq": second}
    except (ValueError, TypeError, KeyError, AttributeError, RuntimeError):
        raise CamsimError(f"{path}: is damaged; delete the folder and begin anew") from None
    return Course(best, checks, state["stopped"])
