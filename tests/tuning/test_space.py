"""What is searched: the declared ranges of every plugin, without what a suite gives."""

from __future__ import annotations

import random
from typing import Annotated

import pytest

from bnnbench.plugins.entries import entries
from bnnbench.plugins.registry import formulation, formulation_class, load_solver, solver_class
from bnnbench.search_range import Options, Range, search_ranges
from bnnbench.solver.contract import Budget
from bnnbench.spec import Spec
from bnnbench.suite.solver import configuration
from bnnbench.tuning.space import GIVEN, space_of

DECLARING = [
    (kind, name)
    for kind, find in (("solver", solver_class), ("formulation", formulation_class))
    for name in entries(kind)
    if search_ranges(find(name))
]


def pair(setting="soft", solver="simulated_annealing", **parameters):
    return formulation(setting), configuration(Spec(solver, parameters), Budget(reads=1))


def drawn_at_random(space, seed):
    chosen = random.Random(seed)
    values = {}
    for name, one in space.distributions().items():
        if hasattr(one, "choices"):
            values[name] = chosen.choice(one.choices)
        else:
            low, high = one.low, one.high
            values[name] = chosen.randint(low, high) if isinstance(low, int) else chosen.uniform(low, high)
    return values


@pytest.mark.parametrize(("kind", "name"), DECLARING)
def test_every_value_of_every_declared_range_is_one_that_the_plugin_takes(kind, name):
    one = pair(solver=name) if kind == "solver" else pair(name)
    space = space_of(one, (), [2], with_formulation=True)

    for seed in range(5):
        (setting, solver), *found = space.applied(one, drawn_at_random(space, seed))

        assert setting.parameters | found[0] == {**setting.parameters, **found[0]}
        assert load_solver(solver.spec).parameters.keys() >= found[1].keys()


def test_a_range_is_found_wherever_an_optional_type_has_it():
    class Plugin:
        plain: int = 1
        one: Annotated[int, Range(1, 9)] = 1
        outer: Annotated[int | None, Range(2, 9)] = None
        inner: Annotated[int, Range(3, 9)] | None = None
        name: Annotated[str, Options(("a", "b"))] = "a"

    Plugin.__annotations__ = {
        "plain": int, "one": Annotated[int, Range(1, 9)], "outer": Annotated[int | None, Range(2, 9)],
        "inner": Annotated[int, Range(3, 9)] | None, "name": Annotated[str, Options(("a", "b"))],
    }  # fmt: skip

    assert {name: str(found) for name, found in search_ranges(Plugin).items()} == {
        "one": "1 to 9", "outer": "2 to 9", "inner": "3 to 9", "name": "a or b",
    }  # fmt: skip


def test_what_a_suite_gives_is_not_searched():
    space = space_of(pair(num_sweeps=7), {"penalty"}, [2], with_formulation=True)

    assert set(space.solver) == {"beta_range"}
    assert not space.formulation
    assert not space_of(pair(), (), [2], with_formulation=False).formulation


def test_a_parameter_per_layer_is_a_list_where_all_networks_have_as_many_layers():
    values = {f"formulation.penalty{GIVEN}": True, "formulation.penalty.0": 0.5, "formulation.penalty.1": 0.123456789}
    rest = {"solver.num_sweeps": 5, f"solver.beta_range{GIVEN}": False}

    changed, of_formulation, of_solver = space_of(pair(), (), [2, 2], with_formulation=True).applied(
        pair(), values | rest
    )

    assert of_formulation == {"penalty": [0.5, 0.12346]}
    assert of_solver == {"num_sweeps": 5}
    assert str(changed[0]) == "soft[penalty=[0.5,0.12346]]"
    assert changed[1].label == "simulated_annealing[num_sweeps=5]"
    assert "formulation.penalty.0" not in space_of(pair(), (), [1, 2], with_formulation=True).distributions()


def test_the_parameters_of_a_solver_within_a_solver_are_searched():
    wrapped = pair(solver="control_errors", inner="embedded[inner=tabu[tenure=3]]")
    space = space_of(wrapped, (), [2], with_formulation=False)
    inner = {name for name in space.solver if name.startswith("inner.inner.")}

    changed, _, found = space.applied(wrapped, space.default_drawn() | {"solver.inner.inner.num_restarts": 7})

    assert inner == {"inner.inner.num_restarts"}, "the tenure is given"
    assert "embedded" in found["inner"]
    assert "inner=tabu[tenure=3,num_restarts=7]" in found["inner"]
    assert load_solver(changed[1].spec).parameters["inner"] == found["inner"]


def test_two_ends_rise():
    values = {"solver.num_sweeps": 5, f"solver.beta_range{GIVEN}": True}
    values |= {"solver.beta_range.0": 9.0, "solver.beta_range.1": 0.5}

    _, _, found = space_of(pair(), (), [2], with_formulation=False).applied(pair(), values)

    assert found["beta_range"] == [0.5, 9.0]
