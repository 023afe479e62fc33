"""What is searched: the loss of a task over the settings of a device, under a constraint and within a budget."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from audit.data import Sample
from audit.search.evaluation import Evaluation, GradientError, Spent
from audit.search.exclusion import Exclusion
from audit.search.fidelity import Bound
from audit.search.groups import ALL
from audit.search.ledger import Ledger, Measured
from audit.search.mixed import MixedSpace, Setting
from audit.search.oracle import Constraint, Oracle, value_under
from audit.search.scenes import Scenes
from audit.task import Task
from camsim import Profile
from camsim.errors import CamsimError

_IDLE = 1000
"""Settings asked for again, one after the other, after which a strategy has nothing more to find."""


class Problem:
    """Maximise a task's mean loss over the settings of a device: one setting for all samples."""

    def __init__(
        self,
        base: Profile,
        task: Task,
        samples: Sequence[Sample] | Scenes,
        *,
        budget: float,
        seed: int = 0,
        group: str = ALL,
        discrete: bool = True,
        constraint: Constraint | None = None,
        reference: Profile | None = None,
        gradient_cost: float = 3.0,
        ledger: Path | Ledger | None = None,
        key: str = "",
        step: Callable[[int], None] = lambda pictures: None,
    ) -> None:
        """State a problem; nothing is evaluated yet.

        Args:
            base: the device, with its plausible ranges, choices and orders.
            task: the model and what it should say.
            samples: what the search sees; all readable.
            budget: in forward passes of the model over the samples.
            seed: of the noise, the same for every setting.
            group: knobs and stages that may move; a name of `audit.search.groups`.
            discrete: whether stages may be chosen and swapped as the profile offers it.
            constraint: a bound on, or a price for, leaving the reference's pictures.
            reference: the camera whose pictures those are; None: ``base`` as it is.
            gradient_cost: what a value with its gradient counts in forward passes: 3 for a network in torch, 6 for an
                ONNX file. A constant, since a figure that was timed would not come out the same again.
            ledger: file of evaluations done, so that an interrupted search goes on where it stopped.
            key: what else decides the outcomes, such as the hashes of model and data: a ledger of others is refused.
            step: told of every picture judged; a gradient counts as its cost.

        Raises:
            CamsimError: nothing can move, no such group, a contradictory budget, or a ledger of another search.
            NoDataError: no samples.
        """
        if not budget >= 1:
            raise CamsimError(f"the budget of a search must be at least 1 evaluation, got {budget:g}")
        if not 1 <= gradient_cost < np.inf:
            raise CamsimError(f"the cost of a gradient must be at least that of 1 evaluation, got {gradient_cost:g}")
        self.base, self.task, self.seed = base, task, seed
        self.scenes = samples if isinstance(samples, Scenes) else Scenes(samples, seed)
        self.budget, self.gradient_cost, self.constraint = float(budget), float(gradient_cost), constraint
        self.reference = base if reference is None else reference
        self.space = MixedSpace(base, group, discrete=discrete)
        self.start = self.space.start()
        """Where strategies begin: the device as it is, unless `recall` knows better."""
        self.trace: list[Evaluation] = []
        """Evaluations in their order, each setting once."""
        self.notes: list[str] = []
        """What the report has to say about this search."""
        self.spent = 0.0
        self._key, self._step = key, step
        book = ledger if isinstance(ledger, Ledger) else Ledger.open(ledger, self._ledger_key())
        self.oracle = Oracle(self.space, task, self.scenes, constraint, self.reference, book)
        self._known: dict[str, Evaluation] = {}
        self._slopes: dict[str, NDArray[np.float64] | None] = {}
        self._exclusion = Exclusion(self.space)
        self._limit = self.budget
        self._idle = 0

    # What strategies ask.

    @property
    def no_gradient(self) -> str | None:
        """Why there are no gradients here, in one line; None: there are."""
        if self.task.no_gradient is not None:
            return self.task.no_gradient
        sizes = (self.space.space(choice).size for choice in self.space.choices())
        return None if any(sizes) else f"no knob of {self.base.name} can move, only its stages"

    @property
    def left(self) -> float:
        """Budget until `Spent`."""
        return self._limit - self.spent

    @property
    def best(self) -> Evaluation:
        """The feasible evaluation of the highest value, the first of equals.

        Raises:
            CamsimError: there is none.
        """
        feasible = [done for done in self.trace if done.feasible]
        if not feasible:
            raise CamsimError(f"{self.base.name}: no setting that was tried meets the constraint; loosen it")
        return max(feasible, key=lambda done: done.value)

    @property
    def top(self) -> Evaluation:
        """The evaluation of the highest value, feasible or not: where a strategy goes on.

        Raises:
            CamsimError: nothing was evaluated yet.
        """
        if not self.trace:
            raise CamsimError("nothing was evaluated yet; a strategy begins with the start")
        return max(self.trace, key=lambda done: done.value)

    def recall(self, known: Iterable[Evaluation]) -> None:
        """What another search measured of the same space, samples and measure: asked again, it costs nothing here.

        Strategies then begin at the best of it instead of at the device as it is.
        """
        for done in known:
            here = self._judge(replace(done, spent=0.0))
            self._known[here.setting.key] = here
            self.trace.append(here)
        if any(done.feasible for done in self.trace):
            self.start = self.best.setting

    def note(self, text: str) -> None:
        """Add to `notes`, once."""
        if text not in self.notes:
            self.notes.append(text)

    @property
    def used_gradients(self) -> bool:
        """Whether a gradient was taken anywhere, and was finite."""
        return any(slope is not None for slope in self._slopes.values())

    def has_slope(self, setting: Setting) -> bool:
        """Whether the gradient at a setting is known, and costs nothing."""
        return self._slopes.get(setting.key) is not None

    def value(self, setting: Setting) -> float:
        """The value at a setting, measured on the true pipeline: 16-bit mosaic, 8-bit pictures. Costs 1, once.

        Raises:
            Spent: it does not fit into the budget.
            CamsimError: the model fails.
        """
        return self.evaluate(setting).value

    def evaluate(self, setting: Setting) -> Evaluation:
        """The same with all that is known of it."""
        known = self._known.get(setting.key)
        self._pay(0.0 if known else 1.0)
        return known or self._learn(setting)

    def value_and_gradient(self, setting: Setting) -> tuple[float, NDArray[np.float64]]:
        """`value`, and its gradient (D,) in the unit cube; costs the gradient's cost, less 1 where the value is known.

        The gradient is 0 where the setting is no valid profile.

        Raises:
            Spent: it does not fit into the budget.
            GradientError: the gradient is NaN or infinite.
            CamsimError: there are no gradients, or the model fails.
        """
        if self.task.no_gradient is not None:
            raise CamsimError(f"there are no gradients: {self.task.no_gradient}")
        known = self._known.get(setting.key)
        slope_known = setting.key in self._slopes
        self._pay(0.0 if slope_known else self.gradient_cost - (1.0 if known else 0.0))
        done = known or self._learn(setting)
        if not slope_known:
            self._slopes[setting.key] = self._slope(done)
        slope = self._slopes[setting.key]
        if slope is None:
            raise GradientError(
                f"the model's gradient is NaN or infinite at a setting of {self.base.name}; search without gradients: "
                "take the strategy finite_difference, pattern or cma"
            )
        return done.value, slope + self._exclusion.slope(setting)

    @contextmanager
    def up_to(self, spent: float) -> Iterator[None]:
        """A phase: `Spent` is raised, and caught here, as soon as so much of the budget is used up."""
        before = self._limit
        self._limit = min(before, spent)
        try:
            yield
        except Spent:
            pass
        finally:
            self._limit, self._idle = before, 0

    def retract(self, setting: Setting, steps: int = 10) -> Setting | None:
        """Back towards the choice's own values, just so far that a bound is met; None where even those do not.

        Needs pictures but no model, and costs nothing of the budget.
        """
        if not isinstance(self.constraint, Bound) or self._within(setting):
            return setting
        start = self.space.space(setting.choice).start()
        near, far = 0.0, 1.0
        best = None
        if self._within(Setting(setting.choice, start)):
            best = Setting(setting.choice, start)
            for _ in range(steps):
                middle = (near + far) / 2
                tried = Setting(setting.choice, start + middle * (setting.point - start))
                if self._within(tried):
                    near, best = middle, tried
                else:
                    far = middle
        return best

    # What searches of several kinds ask.

    def derive(
        self,
        *,
        group: str | None = None,
        sample: str | None = None,
        constraint: Constraint | None = None,
    ) -> Problem:
        """The same for a group of knobs, a single sample, or under another constraint, with a budget of its own.

        Scenes in memory, ledger and notes are shared.
        """
        other = Problem(
            self.base,
            self.task,
            self.scenes if sample is None else self.scenes.subset([sample]),
            budget=self.budget,
            seed=self.seed,
            group=self.space.group if group is None else group,
            discrete=bool(self.space.slots),
            constraint=self.constraint if constraint is None else constraint,
            reference=self.reference,
            gradient_cost=self.gradient_cost,
            ledger=self.oracle.ledger,
            step=self._step,
        )
        other.notes = self.notes
        return other

    @contextmanager
    def away_from(self, settings: Sequence[Setting], apart: float) -> Iterator[None]:
        """A phase in which what lies within ``apart`` (see `MixedSpace.distance`) of these settings is no result."""
        self._exclude(settings, apart)
        try:
            yield
        finally:
            self._exclude((), 0.0)

    def revalue(self, done: Evaluation) -> Evaluation:
        """An evaluation of the same space, samples and measure under another constraint, as this problem values it."""
        return self._judge(done)

    # How it is done.

    def _pay(self, cost: float) -> None:
        if self.spent + cost > self._limit + 1e-9 or (not cost and self._idle >= _IDLE):
            raise Spent
        self._idle = 0 if cost else self._idle + 1
        self.spent += cost
        if cost:
            self._step(round(cost * len(self.scenes.samples)))

    def _learn(self, setting: Setting) -> Evaluation:
        entry, nan = self.oracle.measure(setting), float("nan")
        if isinstance(entry, Measured):
            lost = len(self.scenes.samples) * (1 - entry.score)
            raw = Evaluation(setting, nan, entry.loss, entry.score, lost, entry.fidelity, True, self.spent)
        else:
            raw = Evaluation(setting, nan, nan, nan, nan, None, False, self.spent)
        done = self._judge(raw)
        self._known[setting.key] = done
        self.trace.append(done)
        return done

    def _judge(self, raw: Evaluation) -> Evaluation:
        """The evaluation with the value and the feasibility that constraint and exclusions give it now."""
        if np.isnan(raw.loss):
            return replace(raw, value=-np.inf, feasible=False)
        feasible = not isinstance(self.constraint, Bound) or raw.fidelity is None or self.constraint.holds(raw.fidelity)
        value = value_under(self.constraint, raw.loss, raw.fidelity)
        value, clear = self._exclusion.discount(value, raw.setting)
        return replace(raw, value=value, feasible=feasible and clear)

    def _slope(self, done: Evaluation) -> NDArray[np.float64] | None:
        if np.isnan(done.loss):
            return np.zeros_like(done.setting.point)
        return self.oracle.slope(done.setting, Measured(done.loss, done.score, done.fidelity))

    def _within(self, setting: Setting) -> bool:
        assert isinstance(self.constraint, Bound)
        try:
            return self.constraint.holds(self.oracle.fidelity(setting, self.constraint.measure))
        except ValueError:
            return False

    def _exclude(self, settings: Sequence[Setting], apart: float) -> None:
        changed = bool(settings or self._exclusion.settings)
        self._exclusion = Exclusion(self.space, tuple(settings), apart)
        if not changed:
            return
        self._known = {key: self._judge(done) for key, done in self._known.items()}
        self.trace[:] = [self._known[done.setting.key] for done in self.trace]

    def _ledger_key(self) -> str:
        parts = [self._key, self.base.model_dump_json(), self.reference.model_dump_json(), str(self.seed)]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()
