"""Durations and shares as people read them."""

from __future__ import annotations

from datetime import timedelta

_UNITS = (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1))


def span(duration: timedelta) -> str:
    """Return a duration in its two largest units, rounded up to whole seconds: `2 h 30 min`."""
    rest = -(-duration // timedelta(seconds=1))
    parts: list[str] = []
    for unit, size in _UNITS:
        count, rest = divmod(rest, size)
        if count:
            parts.append(f"{count} {unit}")
    return " ".join(parts[:2]) or "0 s"


def percent(share: float) -> str:
    """Return a share in 0..1 as a percentage: `0.5 %`."""
    return f"{round(share * 100, 6):g} %"
