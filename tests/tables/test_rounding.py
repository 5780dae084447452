"""No number is printed with more digits than its interval supports."""

from __future__ import annotations

import math
import re

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from bnnbench.tables.rounding import decimals_for, plain, texts

INF, NAN = math.inf, math.nan


@pytest.mark.parametrize(
    ("half_width", "decimals"),
    # The examples of the rule's source: 0.827 ± 0.119 → 0.83 ± 0.12, 0.827 ± 0.367 → 0.8 ± 0.4.
    [
        (0.119, 2),
        (0.367, 1),
        (0.354, 2),
        (0.355, 1),
        (0.95, 1),
        (3.0, 1),
        (4.0, 0),
        (36.0, -1),
        (250.0, -1),
        (1.2e-4, 5),
    ],
)
def test_the_rule_is_that_of_the_particle_data_group(half_width, decimals):
    assert decimals_for(half_width) == decimals


@pytest.mark.parametrize(
    ("value", "low", "high", "shown"),
    [
        (0.827, 0.827 - 0.119, 0.827 + 0.119, ("0.83", "[0.71, 0.95]")),
        (0.827, 0.827 - 0.367, 0.827 + 0.367, ("0.8", "[0.5, 1.2]")),
        (3.0, 2.0, 5.0, ("3.0", "[2.0, 5.0]")),
        (12345.0, 11000.0, 13000.0, ("1.23e4", "[1.10e4, 1.30e4]")),
        (0.0, 0.0, 0.25, ("0.00", "[0.00, 0.25]")),
        (200 / 3, 20.0, 98.0, ("70", "[20, 100]")),
        (3.0, 3.0, 3.0, ("3", "[3, 3]")),
        (2.5, NAN, NAN, ("2.5", "")),
        (0.123456, NAN, NAN, ("0.12", "")),
        (1.5, -INF, INF, ("1.5", "")),
        (4.0, 1.0, INF, ("4.0", "[1.0, ∞]")),
        (INF, 3.0, INF, ("∞", "[3, ∞]")),
        (INF, NAN, NAN, ("∞", "")),
        (NAN, NAN, NAN, ("–", "")),
        (-0.001, -1.0, 1.0, ("0.0", "[-1.0, 1.0]")),
        (3.0, 1.0, 80.0, ("3", "[1, 80]")),
        (3.0, 0.0, 80.0, ("3", "[0, 80]")),
        (0.4, 0.2, 12.0, ("0.4", "[0.2, 12]")),
        (12.0, 3.0, 700.0, ("10", "[3, 7.0e2]")),
    ],
)
def test_intervals_decide_the_digits(value, low, high, shown):
    assert texts(value, low, high) == shown


@pytest.mark.parametrize(
    ("value", "low", "high", "shown"),
    [
        (0.4, 0.2, 30.0, ("0.4", "[0.2, 30]")),
        (12.3, 11.1, 13.9, ("12.3", "[11.1, 13.9]")),
        (5.0, 3.0, 8.0, ("5.0", "[3.0, 8.0]")),
        (1.7e-5, 1.1e-5, 9e-4, ("2e-5", "[1e-5, 9e-4]")),
        (INF, 123.4, INF, (">1.2e2", "")),
        (INF, INF, INF, ("∞", "")),
        (2.0, 0.0, INF, ("2.0", "[0, ∞]")),
    ],
)
def test_on_a_scale_of_factors_significant_digits_are_what_counts(value, low, high, shown):
    assert texts(value, low, high, "log") == shown


def last_place(text):
    """The worth of a number's last digit."""
    mantissa, _, power = text.partition("e")
    return 10.0 ** (int(power or 0) - len(mantissa.partition(".")[2]))


FINITE = st.floats(1e-6, 1e6)


@given(st.tuples(FINITE, FINITE, FINITE).map(sorted))
def test_the_last_digit_is_never_worth_less_than_the_interval_allows(numbers):
    low, value, high = numbers
    assume(high > low * (1 + 1e-9))
    text, interval = texts(value, low, high)
    half = (high - low) / 2 if low < value < high else max(value - low, high - value) / 2
    for number in (text, *interval.strip("[]").split(", ")):
        assert re.fullmatch(r"\d+(\.\d+)?(e-?\d+)?", number)
        is_single = len(number.partition("e")[0].replace(".", "").strip("0")) == 1
        assert float(number) > 0, "what is more than 0 is not printed as 0"
        assert is_single or last_place(number) >= half / 36
    assert abs(float(text) - value) <= half


@given(st.floats(0, 1e9))
def test_a_number_alone_has_two_digits_unless_it_is_whole_or_half(value):
    text = plain(value)
    if (2 * value).is_integer() and value < 1e6:
        assert float(text) == value
    else:
        digits = text.partition("e")[0].replace(".", "").strip("0")
        assert len(digits) <= 2
        assert float(text) == pytest.approx(value, rel=0.06)


@given(st.tuples(st.floats(0, 1e12), st.floats(0, 1e12), st.floats(0, 1e12) | st.just(INF)).map(sorted))
def test_every_interval_of_times_has_a_text(numbers):
    low, value, high = numbers
    text, interval = texts(value, low, high, "log")
    shown = [text.lstrip(">"), *interval.strip("[]").split(", ")] if interval else [text.lstrip(">")]
    assert all(re.fullmatch(r"\d+(\.\d+)?(e-?\d+)?|∞", number) for number in shown)
    if math.isfinite(value) and value > 1e-9:
        assert float(text) == pytest.approx(value, rel=0.51)


@given(st.floats(1e-9, 1e9), st.floats(1.01, 1e4))
def test_the_digits_of_a_time_are_those_that_its_factor_allows(value, factor):
    text, _ = texts(value, value / factor, value * factor, "log")
    mantissa = text.partition("e")[0].replace(".", "").lstrip("0")
    assert 10.0 ** (1 - len(mantissa)) >= (factor - 1) / 36 or len(mantissa) <= 1
