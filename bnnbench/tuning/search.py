"""The search of one pair's parameters: Optuna proposes, the harness runs, and bad settings end after few problems.

The search is a function of its runs: it asks for cells, and goes on when their rows are known. Rows that the store has
are taken from there, so that a search that was interrupted goes on where it was.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from bnnbench.errors import UnavailableError, restated
from bnnbench.hashing import canonical_json
from bnnbench.problem.problem import Problem
from bnnbench.runs.cell import Cell
from bnnbench.suite.file import TuneTable
from bnnbench.suite.planning import Pair, cell_of, reason_of
from bnnbench.suite.tuned import TunedPair
from bnnbench.tuning.effort import Effort, problem_score, score, spent_per_success
from bnnbench.tuning.space import Space

if TYPE_CHECKING:
    import optuna

REDUCTION = 3
"""Of settings that have met equally many problems, the best third meets three times as many."""
NUM_RUNGS = 3
NUM_RANDOM = 8
"""Settings that are drawn at random, before it counts what they told."""
MAX_ESTIMATED, MAX_DRAWS = 10, 100
"""Draws of settings that were tried before, after which the next are drawn at random, and after which a search ends."""
WORST = 1e12
"""Optuna takes finite numbers."""


def _tell_nobody(_text: str) -> None:
    """Report nothing."""


@dataclass
class Setting:
    """A setting that is tried: its parameters, and the scores on the problems that it has met."""

    pair: Pair
    formulation_parameters: dict[str, Any] = field(default_factory=dict)
    solver_parameters: dict[str, Any] = field(default_factory=dict)
    trial: optuna.trial.Trial | None = None
    scores: list[float] = field(default_factory=list)

    @property
    def name(self) -> str:
        """Return what tells it from other settings: a parameter that is given as its default is no difference."""
        setting, solver = self.pair
        return canonical_json({"formulation": setting.spec.canonical, "solver": dict(solver.parameters)})

    @property
    def value(self) -> float:
        """Return the geometric mean of the scores so far."""
        return score(self.scores)


@dataclass
class Search:
    """The search of a pair; the defaults are tried first, on all problems, and are the result unless another is better.

    Parameters
    ----------
    formulation
        As the result names it; empty: the solver is alike to all.
    problems
        To tune on. Those that the formulation or the solver refuses are left out.
    table
        Trials, seconds, repetitions and objective.
    seed
        Of the suite: of the runs, and of what Optuna draws.
    """

    pair: Pair
    formulation: str
    space: Space
    problems: Sequence[Problem]
    table: TuneTable
    seed: int
    is_done: bool = False
    best: Setting | None = None
    default: Setting | None = None
    num_trials: int = 0
    num_pruned: int = 0
    cost_s: float = 0.0
    num_runs: int = 0
    tell: Callable[[str], None] = _tell_nobody
    """Told what became of each setting."""

    def __post_init__(self) -> None:
        self.problems = [problem for problem in self.problems if reason_of(self.pair[0], problem) is None]
        self._study = _study(self.seed)
        self._distributions = self.space.distributions()
        self._setting = Setting(self.pair)
        self._stage = list(self.problems)
        self._counted: set[str] = set()
        self._tried = {self._setting.name}
        self._least: list[float] = []  # what the defaults spent per success, by problem
        self.is_done = not self.problems

    def __str__(self) -> str:
        return f"{self.pair[1].label} on {self.formulation or 'the network'}"

    def advance(self, known: Mapping[str, Effort]) -> list[Cell]:
        """Return the cells that have to run before the search can go on; none if it has ended.

        Parameters
        ----------
        known
            Efforts of runs by key.
        """
        while not self.is_done:
            cells = self._cells()
            missing = [cell for group in cells for cell in group if cell.key not in known]
            if missing:
                return missing
            efforts = [[known[cell.key] for cell in group] for group in cells]
            self._charge(cells, known)
            if self._setting.trial is None:
                self._end_default(efforts)
            else:
                self._end_stage(self._setting.trial, efforts)
        return []

    def result(self) -> TunedPair | None:
        """Return what was found; None if no problem was solved by the rules, as the solver refuses them all."""
        if self.best is None or self.default is None:
            return None
        return TunedPair(
            solver=str(self.pair[1].spec),
            formulation=self.formulation,
            solver_parameters=self.best.solver_parameters,
            formulation_parameters=self.best.formulation_parameters,
            value=self.best.value,
            default_value=self.default.value,
            trials=self.num_trials,
            pruned=self.num_pruned,
            runs=self.num_runs,
            seconds=self.cost_s,
        )

    def _cells(self) -> list[list[Cell]]:
        """Return the runs of the setting on the problems of its stage, a list per problem."""
        repetitions = range(self.table.repetitions)
        pair = self._setting.pair
        return [[cell_of(problem, pair, self.seed, k) for k in repetitions] for problem in self._stage]

    def _charge(self, cells: list[list[Cell]], known: Mapping[str, Effort]) -> None:
        """Count the runs and what they took, each once."""
        for key in {cell.key for group in cells for cell in group} - self._counted:
            self._counted.add(key)
            self.num_runs += 1
            self.cost_s += known[key].cost_s

    def _end_default(self, efforts: list[list[Effort]]) -> None:
        asked = [place for place, runs in enumerate(efforts) if all(run.is_asked for run in runs)]
        self.problems = [self.problems[place] for place in asked]
        if not asked:
            self.is_done = True
            self.tell("it refuses every problem")
            return
        scores = [problem_score(efforts[place], self.table.objective) for place in asked]
        self._least = [spent_per_success(efforts[place], self.table.objective)[0] for place in asked]
        self.default = self.best = Setting(self.pair, scores=scores)
        self._add_default(self.default.value)
        self.tell(f"defaults: {self._figure(self.default)}")
        self._begin()

    def _add_default(self, value: float) -> None:
        """Let Optuna know of the defaults, from which most searches should not go far."""
        from optuna.trial import create_trial

        drawn = self.space.default_drawn()
        self._study.add_trial(create_trial(params=drawn, distributions=self._distributions, value=min(value, WORST)))

    def _begin(self) -> None:
        """Draw the next setting, or end."""
        is_spent = self.table.seconds is not None and self.cost_s >= self.table.seconds
        if not self.space or self.num_trials >= self.table.trials or is_spent:
            self.is_done = True
            return
        setting = self._draw()
        if setting is None:
            self.is_done = True
            return
        self._setting = setting
        self.num_trials += 1
        self._stage = list(self.problems[: self._stops()[0]])

    def _draw(self) -> Setting | None:
        """Draw a setting that was not tried, in the end at random; None if draw after draw was tried."""
        from optuna.samplers import RandomSampler
        from optuna.trial import TrialState

        estimator, random = self._study.sampler, RandomSampler(seed=(self.seed + self.num_trials) % 2**32)
        for draw in range(MAX_DRAWS):
            self._study.sampler = estimator if draw < MAX_ESTIMATED else random
            trial = self._study.ask(self._distributions)
            setting = Setting(*self.space.applied(self.pair, trial.params), trial=trial)
            if setting.name not in self._tried:
                self._tried.add(setting.name)
                self._study.sampler = estimator
                return setting
            self._study.tell(trial, state=TrialState.FAIL)
        return None

    def _end_stage(self, trial: optuna.trial.Trial, efforts: list[list[Effort]]) -> None:
        """Take the scores of a stage, and let the setting go on, end or be pruned."""
        from optuna.trial import TrialState

        setting, stops = self._setting, self._stops()
        setting.scores += [
            problem_score(runs, self.table.objective, least)
            for runs, least in zip(efforts, self._least[len(setting.scores) :], strict=False)
        ]
        done = len(setting.scores)
        if done == stops[-1]:
            self._study.tell(trial, min(setting.value, WORST))
            self.tell(f"{self._figure(setting)}: {_shown(setting)}")
            if self.best is None or setting.value < self.best.value:
                self.best = setting
            self._begin()
            return
        trial.report(min(setting.value, WORST), REDUCTION ** stops.index(done))
        if trial.should_prune() or math.isinf(setting.value):
            self._study.tell(trial, state=TrialState.PRUNED)
            self.num_pruned += 1
            self.tell(f"{self._figure(setting)}, ended after {done} of {stops[-1]} problems: {_shown(setting)}")
            self._begin()
            return
        self._stage = list(self.problems[done : stops[stops.index(done) + 1]])

    def _stops(self) -> list[int]:
        """Return after how many problems a setting is looked at: a ninth, a third, all."""
        number = len(self.problems)
        return sorted({max(1, round(number / REDUCTION**rung)) for rung in range(NUM_RUNGS)})

    def _figure(self, setting: Setting) -> str:
        unit = " s" if self.table.clock == "seconds" else " evaluations"
        return f"{self.table.objective.upper()} {setting.value:.3g}{unit}"


def _shown(setting: Setting) -> str:
    parameters = setting.formulation_parameters | setting.solver_parameters
    return ", ".join(f"{name}={value}" for name, value in parameters.items())


def _study(seed: int) -> optuna.study.Study:
    """Return a study that is minimized, with successive halving; the same rows make it draw the same settings."""
    with restated(UnavailableError, "tuning needs Optuna (", "); run: pip install 'bnnbench[tune]'.", ImportError):
        import optuna
    optuna.logging.set_verbosity(logging.WARNING)
    return optuna.create_study(
        sampler=optuna.samplers.TPESampler(seed=seed % 2**32, n_startup_trials=NUM_RANDOM, multivariate=True),
        pruner=optuna.pruners.SuccessiveHalvingPruner(min_resource=1, reduction_factor=REDUCTION),
    )
