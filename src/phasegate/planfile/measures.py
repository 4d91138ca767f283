"""What is written in a metric's own unit: bounds, margins, cuts, scales and rates of events."""

from __future__ import annotations

import re
from decimal import Decimal

from phasegate.planfile import values
from phasegate.planfile.notes import Wrong

PER_HOUR = {
    "s": Decimal(3600),
    "m": Decimal(60),
    "min": Decimal(60),
    "h": Decimal(1),
    "d": Decimal(1) / 24,
}
MOST_CUTS = 6


def per_hour(text: str) -> float:
    """Return events per hour of a subject's presence."""
    match = re.fullmatch(rf"({values.NUMBER})\s*/\s*([a-z]+)", text)
    if not match or match[2] not in PER_HOUR or Decimal(match[1]) == 0:
        raise Wrong(
            "rate-form",
            f"{text[:80]!r} is no rate of events",
            'A rate is above 0 and per d, h, min or s of a subject\'s presence, like "0.5/h".',
        )
    return float(Decimal(match[1]) * PER_HOUR[match[2]])


def scale(text: str) -> tuple[float, float]:
    """Return the least and the greatest value of `1 to 5`."""
    match = re.fullmatch(rf"(-?{values.NUMBER})\s+to\s+(-?{values.NUMBER})", text)
    if not match or float(match[1]) >= float(match[2]):
        raise Wrong(
            "scale-form",
            f"{text[:80]!r} does not say the least and the greatest value",
            'Write both, the smaller one first, like "1 to 5".',
        )
    return float(match[1]), float(match[2])


def cuts(text: str, unit: str | None) -> tuple[float, ...]:
    """Return the values of `300ms, 1s, 3s` in the metric's unit, rising."""
    found = sorted({measured(part.strip(), unit) for part in text.split(",")})
    if len(found) > MOST_CUTS:
        raise Wrong(
            "cuts-many",
            f"{len(found)} cuts share one budget, and each finds less",
            f"Keep at most {MOST_CUTS}: where most lie, and where it hurts.",
        )
    return tuple(found)


def measured(text: str, unit: str | None) -> float:
    """Return a value in its metric's unit; raises Wrong where it has another."""
    if unit in values.UNITS:
        return values.duration(text) / values.UNITS[unit]
    if unit == "%":
        return float(values.percentage(text))
    match = re.fullmatch(rf"(-?{values.NUMBER})\s*(.*)", text)
    if match is None or match[2] != (unit or ""):
        form = f"a number of {unit}" if unit else "a number without a unit"
        example = f"10 {unit or ''}".strip()
        raise Wrong(
            "condition-unit",
            f"{text[:80]!r} is not {form}",
            f"Write like `{example}`.",
        )
    return float(match[1])
