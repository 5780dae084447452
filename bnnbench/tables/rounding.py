"""Digits: no number is printed with more of them than its interval supports."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Literal

DASH = "–"
Scale = Literal["linear", "log"]
NO_LEAST = -300
"""Decimals fewer than which no number has."""
LEAST_FIXED = 1e-3
"""Below, a power of ten is shorter."""


def decimals_for(half_width: float) -> int:
    """Return the decimals of a number with an uncertainty: one digit of it is shown, or two below 355.

    Negative for tens, hundreds and so on.

    References
    ----------
    Particle Data Group, "Review of Particle Physics", Physical Review D 110, 2024, introduction, section 5.3.
    """
    exponent = math.floor(math.log10(half_width))
    leading = round(half_width / 10.0 ** (exponent - 2))
    return (1 if leading < 355 else 0) - exponent


def texts(
    value: float, low: float, high: float, scale: Scale = "linear", least_decimals: int = NO_LEAST
) -> tuple[str, str]:
    """Return a number and its interval as text, such as ``("0.31", "[0.12, 0.50]")``.

    - With a finite interval, `decimals_for` half of its width decides; on a scale of factors (``log``), half of its
      width in factors, and the ends get the significant digits of the number, at least one.
    - Where an end is missing, the other decides. Without an interval, or with one of no width, whole numbers and halves
      stand as they are, and all others with two significant digits.
    - No more than `least_decimals` are cut off: 67 % is not 70 % because its interval is wide, as 2 of 3 are no 70 %.
    - What is more than 0, and cannot be less, is not printed as 0: where no digit would be left, it has one.
    - Missing: a dash. Infinite: ∞, or on a scale of factors ``>`` and the lower end, which is then a lower bound.
    """
    if math.isnan(value):
        return DASH, ""
    scale = scale if value > 0 else "linear"  # there is no factor between 0 and anything
    has_low, has_high = math.isfinite(low), math.isfinite(high)
    if math.isinf(value):
        if scale == "log" and has_low:
            return f">{_significant(low, 2)}", ""
        return "∞", f"[{plain(low)}, ∞]" if has_low else ""
    half = _half_width(value, low if has_low else value, high if has_high else value, scale)
    if not (has_low or has_high):
        return plain(value), ""
    if half <= 0:
        return plain(value), f"[{_end(low, plain)}, {_end(high, plain)}]"
    decimals = max(decimals_for(half), least_decimals)
    digits = max(1, decimals + math.floor(math.log10(value)) + 1) if scale == "log" else 0

    def show(number: float) -> str:
        if scale == "log":
            return _significant(number, digits)
        is_hidden = low >= 0 and number > 0 and round(number, decimals) == 0
        return _significant(number, 1) if is_hidden else _rounded(number, decimals)

    return show(value), f"[{_end(low, show)}, {_end(high, show)}]"


def _half_width(value: float, low: float, high: float, scale: Scale) -> float:
    if scale == "log" and low > 0:
        return value * (math.sqrt(high) / math.sqrt(low) - 1)
    return (high - low) / 2 if low < value < high else max(value - low, high - value) / 2


def _end(number: float, show: Callable[[float], str]) -> str:
    return show(number) if math.isfinite(number) else "∞" if number > 0 else "−∞"


def plain(value: float) -> str:
    """Return a number without an interval: whole numbers and halves as they are, others with two significant digits."""
    if math.isinf(value):
        return "∞"
    return f"{value:.10g}" if (2 * value).is_integer() and abs(value) < 1e6 else _significant(value, 2)


def _significant(value: float, digits: int) -> str:
    if value == 0:
        return "0"
    exponent = int(f"{value:.{digits - 1}e}".partition("e")[2])  # of the rounded number: 9.96 has two digits as 10
    return _rounded(value, digits - 1 - exponent)


def _rounded(value: float, decimals: int) -> str:
    """Round to decimals; a power of ten where zeros would pose as digits (up to 100 they may) or fill a line."""
    number = round(value, decimals) + 0.0  # no negative zero
    if number == 0 or (decimals >= 0 and abs(number) >= LEAST_FIXED):
        return f"{number:.{max(0, min(decimals, 6))}f}"
    exponent = math.floor(math.log10(abs(number)))
    mantissa, _, power = f"{number:.{max(0, exponent + decimals)}e}".partition("e")
    return f"{number:.0f}" if decimals < 0 and abs(number) <= 100 else f"{mantissa}e{int(power)}"
