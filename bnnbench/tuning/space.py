"""The search space of a pair: the ranges that its solver and its formulation declare, as Optuna draws from them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from bnnbench.plugins.files import inner_solvers
from bnnbench.plugins.registry import load_solver
from bnnbench.search_range import Options, Range, SearchRange, search_ranges
from bnnbench.spec import Spec
from bnnbench.suite.planning import Pair, with_parameters

if TYPE_CHECKING:
    import optuna

GIVEN = ".given"
"""Ends the name of what says whether a parameter is given."""


@dataclass(frozen=True, kw_only=True)
class Space:
    """The parameters of a pair that are searched; those that a suite gives are not among them.

    Parameters
    ----------
    formulation, solver
        Ranges by parameter; of a solver within a solver by both, as ``inner.num_sweeps``.
    num_layers
        Of the networks that are tuned on; None: they differ, so that a parameter per layer is one number.
    defaults
        Defaults that are values of the ranges, by ``formulation.`` or ``solver.`` and the parameter.
    """

    formulation: Mapping[str, SearchRange] = field(default_factory=dict)
    solver: Mapping[str, SearchRange] = field(default_factory=dict)
    num_layers: int | None = None
    defaults: Mapping[str, Any] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.formulation or self.solver)

    def distributions(self) -> dict[str, optuna.distributions.BaseDistribution]:
        """Return the distributions that Optuna draws from, by a name per number.

        A parameter whose default is no value of its range, such as one that is estimated unless it is given, has one
        more: whether it is given.
        """
        from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution

        found: dict[str, BaseDistribution] = {}
        for name, declared in self._named():
            if isinstance(declared, Options):
                found[name] = CategoricalDistribution(declared.values)
                continue
            if name not in self.defaults:
                found[f"{name}{GIVEN}"] = CategoricalDistribution((False, True))
            low, high, log = declared.low, declared.high, declared.log
            one: BaseDistribution = (
                IntDistribution(int(low), int(high), log=log)
                if declared.is_whole
                else FloatDistribution(low, high, log=log)
            )
            found |= dict.fromkeys(self._keys(name, declared), one)
        return found

    def default_drawn(self) -> dict[str, Any]:
        """Return the numbers that stand for the defaults; those of a parameter that is not given do not matter."""
        drawn: dict[str, Any] = {}
        for name, declared in self._named():
            if isinstance(declared, Options):
                drawn[name] = self.defaults.get(name, declared.values[0])
                continue
            if name not in self.defaults:
                drawn[f"{name}{GIVEN}"] = False
            value = min(max(self.defaults.get(name, declared.low), declared.low), declared.high)
            drawn |= dict.fromkeys(self._keys(name, declared), value)
        return drawn

    def applied(self, pair: Pair, drawn: Mapping[str, Any]) -> tuple[Pair, dict[str, Any], dict[str, Any]]:
        """Return a pair with drawn parameters, those of its formulation, and those of its solver."""
        values = {
            name: self._value(name, declared, drawn)
            for name, declared in self._named()
            if drawn.get(f"{name}{GIVEN}", True)
        }
        of_formulation, of_solver = (
            {name: values[f"{part}.{name}"] for name in ranges if f"{part}.{name}" in values}
            for part, ranges in (("formulation", self.formulation), ("solver", self.solver))
        )
        of_solver = _nested(pair[1].spec, of_solver)
        return with_parameters(pair, of_formulation, of_solver), of_formulation, of_solver

    def _named(self) -> Iterator[tuple[str, SearchRange]]:
        for part, ranges in (("formulation", self.formulation), ("solver", self.solver)):
            yield from ((f"{part}.{name}", declared) for name, declared in ranges.items())

    def _keys(self, name: str, declared: Range) -> list[str]:
        count = (self.num_layers or 1) if declared.count == "layers" else declared.count
        return [name] if count == 1 else [f"{name}.{place}" for place in range(count)]

    def _value(self, name: str, declared: SearchRange, drawn: Mapping[str, Any]) -> Any:
        if isinstance(declared, Options):
            return drawn[name]
        # Five digits are more than any search tells apart, and can be read.
        found = [drawn[key] for key in self._keys(name, declared)]
        numbers = found if declared.is_whole else [float(f"{number:.5g}") for number in found]
        if len(numbers) == 1:
            return numbers[0]
        return numbers if declared.count == "layers" else sorted(numbers)


def space_of(pair: Pair, given: Collection[str], depths: Collection[int], *, with_formulation: bool) -> Space:
    """Return the space of a pair.

    Parameters
    ----------
    given
        Parameters of the formulation that the suite gives.
    depths
        Numbers of layers of the networks that are tuned on.
    with_formulation
        Whether the parameters of the formulation are searched too.
    """
    setting, solver = pair
    given = {*given, *setting.spec.parameters}
    of_solver = {name: (declared, value) for name, declared, value in _solver_ranges(solver.spec)}
    of_setting = {n: r for n, r in search_ranges(type(setting)).items() if n not in given} if with_formulation else {}
    values = {f"formulation.{n}": setting.parameters[n] for n in of_setting}
    values |= {f"solver.{n}": value for n, (_, value) in of_solver.items()}
    return Space(
        formulation=of_setting,
        solver={n: declared for n, (declared, _) in of_solver.items()},
        num_layers=next(iter(depths)) if len(set(depths)) == 1 else None,
        defaults={name: value for name, value in values.items() if isinstance(value, (int, float, str))},
    )


def _solver_ranges(spec: Spec, place: str = "") -> Iterator[tuple[str, SearchRange, Any]]:
    """Yield parameters that are not given, of a solver and of solvers within it, with their ranges and defaults."""
    plugin = load_solver(spec)
    for name, declared in search_ranges(type(plugin)).items():
        if name not in spec.parameters:
            yield f"{place}{name}", declared, plugin.parameters[name]
    for name, inner in inner_solvers(plugin).items():
        yield from _solver_ranges(inner, f"{place}{name}.")


def _nested(spec: Spec, drawn: Mapping[str, Any]) -> dict[str, Any]:
    """Return parameters of a solver, in which those of a solver within it are part of its specification."""
    found = {name: value for name, value in drawn.items() if "." not in name}
    for name, inner in inner_solvers(load_solver(spec)).items():
        own = {key.removeprefix(f"{name}."): value for key, value in drawn.items() if key.startswith(f"{name}.")}
        if own:
            found[name] = str(Spec(inner.name, {**inner.parameters, **_nested(inner, own)}))
    return found
