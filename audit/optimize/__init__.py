"""Tune the processing of a camera for a model."""

from __future__ import annotations

from audit.optimize.fit import Plan
from audit.optimize.joint import JointTuning, tune_jointly
from audit.optimize.judge import Gain
from audit.optimize.tune import tune
from audit.optimize.tuned import Tuned
from audit.optimize.tuning import Tuning, tune_camera

__all__ = ["Gain", "JointTuning", "Plan", "Tuned", "Tuning", "tune", "tune_camera", "tune_jointly"]
