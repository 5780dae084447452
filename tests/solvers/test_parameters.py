"""Wrong parameters of every adapter are refused by name, with what is allowed, before anything runs.

What is allowed is read from the fields: a new adapter's parameters are tested as soon as its file is there.
"""

from __future__ import annotations

import math

import pydantic
import pytest

import bnnbench as bb
from bnnbench.errors import InputError, UnknownNameError
from bnnbench.plugins.entries import entries

NOTHING = object()
"""A value of no type that a parameter can have."""


def schemas(solver):
    """JSON schema of each parameter, without the alternative None: numbers carry their range, names their values."""
    properties = pydantic.TypeAdapter(type(bb.load_solver(solver))).json_schema().get("properties", {})
    return {
        name: next((s for s in schema.get("anyOf", []) if s.get("type") != "null"), schema)
        for name, schema in properties.items()
    }


PARAMETERS = [(solver, name, schema) for solver in entries("solver") for name, schema in schemas(solver).items()]
NUMBERS = [p for p in PARAMETERS if p[2].get("type") in ("number", "integer")]
PAIRS = [p for p in PARAMETERS if "prefixItems" in p[2]]  # not lists of pairs, which have tests of their own
NAMES = [p for p in PARAMETERS if "enum" in p[2]]


def ids(parameters):
    return [f"{solver}-{name}" for solver, name, _ in parameters]


def outside(schema):
    """Values just outside a range, and the bound that each passes."""
    for key, step in (("minimum", -1), ("exclusiveMinimum", 0), ("maximum", 1), ("exclusiveMaximum", 0)):
        if key in schema:
            yield schema[key] + step, schema[key]


def message(solver, name, value):
    with pytest.raises(InputError) as caught:
        bb.load_solver(solver, **{name: value})
    text = str(caught.value)
    assert text.startswith(f"solver {solver}: the parameter '{name}")
    return text


@pytest.mark.parametrize(("solver", "name", "schema"), PARAMETERS, ids=ids(PARAMETERS))
def test_a_misspelled_parameter_is_refused_and_the_right_name_offered(solver, name, schema):
    with pytest.raises(UnknownNameError, match=rf"no parameter of the solver {solver} named '{name}x'; .*\b{name}\b"):
        bb.load_solver(solver, **{f"{name}x": 1})


@pytest.mark.parametrize(("solver", "name", "schema"), PARAMETERS, ids=ids(PARAMETERS))
def test_a_value_of_a_wrong_type_is_refused(solver, name, schema):
    assert "input should be" in message(solver, name, NOTHING)


@pytest.mark.parametrize(("solver", "name", "schema"), NUMBERS, ids=ids(NUMBERS))
def test_a_number_has_a_range_and_its_bound_is_named_beyond_it(solver, name, schema):
    beyond = list(outside(schema))
    assert beyond, f"{solver}: give {name} a range"
    for value, bound in beyond:
        assert f"{bound:g}" in message(solver, name, value).partition("input should be")[2]


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, True, "many"])
@pytest.mark.parametrize(("solver", "name", "schema"), NUMBERS, ids=ids(NUMBERS))
def test_what_is_no_finite_number_is_refused(solver, name, schema, value):
    assert "input should be" in message(solver, name, value)


@pytest.mark.parametrize(("solver", "name", "schema"), PAIRS, ids=ids(PAIRS))
def test_each_number_of_a_pair_is_checked(solver, name, schema):
    inside = schema["prefixItems"][0]
    for value in (math.nan, math.inf, *(value for value, _ in outside(inside))):
        assert "input should be" in message(solver, name, (1.0, value))
    assert list(outside(inside)), f"{solver}: give both numbers of {name} a range"


@pytest.mark.parametrize(("solver", "name", "schema"), NAMES, ids=ids(NAMES))
def test_another_name_is_refused_and_the_allowed_ones_are_listed(solver, name, schema):
    text = message(solver, name, "nonsense")
    assert all(repr(allowed) in text for allowed in schema["enum"])


@pytest.mark.parametrize(
    ("solver", "name"), [("embedded", "inner"), ("control_errors", "inner"), ("dwave_emulated", "annealer")]
)
@pytest.mark.parametrize("inner", ["nonsense", "simulated_annealing[num_sweeps=0]", "tabu[depth=3]"])
def test_a_solver_within_a_solver_is_checked_too(solver, name, inner):
    with pytest.raises(InputError, match=r"no solver named 'nonsense'|'num_sweeps' cannot be 0|named 'depth'"):
        bb.load_solver(solver, **{name: inner})


def test_a_parameter_without_a_range_would_be_found():
    assert list(outside({"type": "number"})) == []
    assert list(outside({"minimum": 1, "exclusiveMaximum": 2})) == [(0, 1), (2, 2)]
