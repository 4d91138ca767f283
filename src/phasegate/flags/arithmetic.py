"""JsonLogic's numbers at evaluation time: sums, products and extremes as JavaScript has them.

What is no number becomes NaN, and nothing is raised for JSON values that JavaScript can add.
"""

from __future__ import annotations

import math
import re

from phasegate.flags.operators import number, text

_LEADING = re.compile(r"\s*([+-]?(?:Infinity|(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?))", re.ASCII)


def added(*values: object) -> float:
    """Add; one value alone is only read as a number."""
    total: float = 0
    for value in values:
        total += _leading(value)
    return total


def multiplied(*values: object) -> float:
    """Multiply."""
    product: float = 1
    for value in values:
        product *= _leading(value)
    return product


def subtracted(left: object, right: object) -> float:
    """Subtract."""
    return number(left) - number(right)


def negated(value: object) -> float:
    """Turn the sign."""
    return -number(value)


def divided(left: object, right: object) -> float:
    """Divide; by zero it is infinite, and zero by zero is no number."""
    dividend, divisor = number(left), number(right)
    if divisor:
        return dividend / divisor
    if not dividend or math.isnan(dividend):
        return math.nan
    return math.copysign(math.inf, dividend) * math.copysign(1, divisor)


def remainder(left: object, right: object) -> float:
    """Return what a division leaves, with the sign of the dividend."""
    dividend, divisor = number(left), number(right)
    if not divisor or math.isinf(dividend):
        return math.nan
    return math.fmod(dividend, divisor)


def largest(*values: object) -> float:
    """Return the largest; NaN if one is no number."""
    numbers = [number(value) for value in values]
    return math.nan if any(map(math.isnan, numbers)) else max(numbers)


def smallest(*values: object) -> float:
    """Return the smallest; NaN if one is no number."""
    numbers = [number(value) for value in values]
    return math.nan if any(map(math.isnan, numbers)) else min(numbers)


def _leading(value: object) -> float:
    """Read the number that a value begins with, as JavaScript's parseFloat does."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value
    match = _LEADING.match(text(value)) if isinstance(value, str | list | tuple) else None
    return float(match[1].replace("Infinity", "inf")) if match else math.nan
