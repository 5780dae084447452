"""Specifications such as ``tabu[num_restarts=4]``."""

from __future__ import annotations

import string
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bnnbench.errors import InputError
from bnnbench.spec import Spec, parse_spec

words = st.text(string.ascii_lowercase, min_size=1, max_size=4)
numbers = st.integers(-(2**53), 2**53) | st.floats(allow_nan=False)
plain = st.booleans() | numbers | words
texts = st.text(string.printable, max_size=6)


@given(words, st.dictionaries(words, plain | st.lists(st.booleans() | numbers, max_size=3), max_size=3))
def test_what_is_written_is_read_back(name: str, parameters: dict[str, Any]) -> None:
    spec = Spec(name, parameters)

    assert parse_spec(str(spec)) == spec


@given(words, words, texts)
@example("table", "path", "a,b.csv")
@example("table", "path", "a]b.csv")
@example("table", "name", "")
def test_any_text_is_read_back(name: str, key: str, value: str) -> None:
    spec = Spec(name, {key: value})

    assert parse_spec(str(spec)) == spec


@given(words, words, st.lists(words, min_size=1, max_size=3))
def test_a_list_of_words_is_read_back(name: str, key: str, value: list[str]) -> None:
    spec = Spec(name, {key: value})

    assert parse_spec(str(spec)) == spec


def test_values_are_toml_and_anything_else_is_text() -> None:
    spec = parse_spec(' x [ a=4, b = 0.5,c=true,d="4",e=[0.05, 0.3],f=plain text ] ')

    assert spec == Spec("x", {"a": 4, "b": 0.5, "c": True, "d": "4", "e": [0.05, 0.3], "f": "plain text"})


def test_specifications_nest() -> None:
    spec = parse_spec("embedded[inner=tabu[num_restarts=4,timeout=2],topology=pegasus]")

    assert spec.parameters == {"inner": "tabu[num_restarts=4,timeout=2]", "topology": "pegasus"}
    assert parse_spec(spec.parameters["inner"]) == Spec("tabu", {"num_restarts": 4, "timeout": 2})
    assert parse_spec(str(spec)) == spec


def test_a_name_alone_has_no_parameters() -> None:
    assert parse_spec("tabu") == parse_spec("tabu[]") == Spec("tabu")
    assert str(Spec("tabu")) == "tabu"


def test_the_order_of_parameters_does_not_matter() -> None:
    one, other = parse_spec("x[a=1,b=2]"), parse_spec("x[b=2,a=1]")

    assert one == other
    assert hash(one) == hash(other)
    assert one.canonical == other.canonical
    assert one.canonical != parse_spec("x[a=1,b=3]").canonical


@pytest.mark.parametrize("text", ["", "  ", "[a=1]", "x[a=1", "x[a=1]]", "x[a=[1]", "x[a=1][b=2]", "x[a=(1]", "x]"])
def test_brackets_that_do_not_match_are_refused(text: str) -> None:
    with pytest.raises(InputError, match=r"name\[key=value,key=value\]"):
        parse_spec(text)


@pytest.mark.parametrize("text", ["x[a]", "x[a=]", "x[=1]", "x[a=1,]", "x[,]"])
def test_a_parameter_without_key_or_value_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="is not key=value"):
        parse_spec(text)


def test_a_value_that_is_too_much_for_toml_is_text() -> None:
    assert parse_spec(f"x[a={'9' * 5000}]").parameters == {"a": "9" * 5000}


@pytest.mark.parametrize("opening", ["[", "[ ", "[a,"])
def test_lists_that_nest_without_end_are_text_in_the_end(opening: str) -> None:
    value = parse_spec(f"x[a={opening * 3000}{']' * 3000}]").parameters["a"]
    while isinstance(value, list):
        value = value[-1]
    assert isinstance(value, str)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("[age,sporty]", ["age", "sporty"]),
        ("[age, 3, true, 0.5]", ["age", 3, True, 0.5]),
        ("""["a, b",'c, d',e]""", ["a, b", "c, d", "e"]),
        ("[[7,7,1],[a]]", [[7, 7, 1], ["a"]]),
        ("[tabu[num_restarts=4],random]", ["tabu[num_restarts=4]", "random"]),
        ("[a,]", ["a"]),
        ("[a,,b]", "[a,,b]"),
        ("[old]/data [1]", "[old]/data [1]"),
        ("'a, b'", "a, b"),
        ("it's", "it's"),
        ("2020-01-01", "2020-01-01"),
        ("[2020-01-01,07:32:00]", ["2020-01-01", "07:32:00"]),
        ("{a=1}", "{a=1}"),
        ("5 # five", "5 # five"),
        ("007", "007"),
        ("yes", "yes"),
    ],
)
def test_a_value_is_read_as_people_write_it(text: str, value: Any) -> None:
    spec = parse_spec(f"x[a={text},b=1]")
    assert spec.parameters == {"a": value, "b": 1}
    assert parse_spec(str(spec)) == spec


@pytest.mark.parametrize("text", ["x[a='b]", 'x[a="b]', "x[a=[b]", "x[a=(b]"])
def test_a_quote_or_a_bracket_that_stays_open_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="do not match"):
        parse_spec(text)


def test_numbers_of_numpy_and_pandas_are_numbers() -> None:
    given = {"a": np.int64(3), "b": np.float32(0.5), "c": np.array([1, 2]), "d": [np.int8(1)], "e": np.bool_(1)}
    spec = Spec("x", given | {"f": pd.Series([1, 2], dtype="Int64")})
    assert str(spec) == "x[a=3,b=0.5,c=[1,2],d=[1],e=true,f=[1,2]]"


def test_what_is_no_text_is_refused() -> None:
    with pytest.raises(InputError, match="3 is no name; write it as text"):
        parse_spec(3)  # type: ignore[arg-type]


def test_a_parameter_that_is_given_twice_is_refused() -> None:
    with pytest.raises(InputError, match="the parameter 'a' is given twice; keep one"):
        parse_spec("x[a=1,a=1]")
