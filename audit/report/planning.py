"""What the number of scenes can show, in a sentence."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from audit.report.rows import View
from audit.report.words import article


def planning_sentence(results: Mapping[str, Any], view: View) -> str | None:
    """``With these 200 scenes a drop of 4.1 points or more would be seen (80% power); for 2 points take 771.``

    None where ``results["planning"]`` is.
    """
    plan = results["planning"]
    if plan is None:
        return None
    metric = view.primary
    word = metric.short.lower()
    scenes = "this scene" if plan["samples"] == 1 else f"these {plan['samples']:,} scenes"
    wanted = f"{metric.scale * plan['wanted']:g} {metric.unit}".rstrip()
    more = f"; for {wanted} take {plan['needed']:,}" if plan["needed"] > plan["samples"] else ""
    power = f"{100 * plan['power']:g}% power"
    if metric.unit == "points" and plan["detectable"] >= 1:
        return f"With {scenes} no {word} would be seen reliably ({power}){more}."
    # Upwards: a drop that would just not be seen must not be promised.
    step = 10.0**metric.digits
    seen = math.ceil(plan["detectable"] * metric.scale * step - 1e-9) / step / metric.scale
    return f"With {scenes} {article(word)} of {metric.with_unit(seen)} or more would be seen ({power}){more}."
