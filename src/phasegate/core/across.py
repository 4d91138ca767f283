"""What a level comes to where several series tell it, as the plan chose."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from statistics import fmean

CHOICES: Mapping[str, Callable[[Sequence[float]], float]] = {
    "highest": max,
    "lowest": min,
    "mean": fmean,
    "sum": sum,
}
"""What a plan may choose, and what it means."""


def across(choice: str | None, values: Sequence[float]) -> float | None:
    """Return what several readings come to; None where the plan did not choose among several.

    values  at least one.
    """
    if len(values) == 1:
        return values[0]
    return None if choice is None else CHOICES[choice](values)
