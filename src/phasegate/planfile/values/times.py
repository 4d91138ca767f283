"""Durations, and the times of a week."""

from __future__ import annotations

import re
from datetime import timedelta
from decimal import Decimal

from phasegate.core.plan import DAYS, Window
from phasegate.planfile.notes import Wrong
from phasegate.planfile.values.numbers import NUMBER, short

UNITS = {
    "ms": timedelta(milliseconds=1),
    "s": timedelta(seconds=1),
    "m": timedelta(minutes=1),
    "min": timedelta(minutes=1),
    "h": timedelta(hours=1),
    "d": timedelta(days=1),
}
"""Units of durations, as plans write them."""

LONGEST = timedelta(days=3_650)
DURATION_REMEDY = 'A duration has a unit: ms, s, m, h or d, like "90s", "2h" or "2h30m".'
ONES = re.compile(rf"({NUMBER})\s*([a-z]+)\s*")
CLOCK = r"(?:[01][0-9]|2[0-4]):[0-5][0-9]"
DAY = f"(?:{'|'.join(DAYS)})"
AHEAD = r"(?:0[0-9]|1[0-4]):[0-5][0-9]"
WINDOW = rf"{DAY}(?:[-,]{DAY})*\s+{CLOCK}-{CLOCK}\s+[+-]{AHEAD}"
WINDOW_REMEDY = 'A window has days, times and the offset from UTC: "mon-fri 08:00-16:00 +08:00".'


def duration(text: str) -> timedelta:
    """Return a duration of at least a millisecond and at most ten years."""
    parts = ONES.findall(text)
    if not parts or ONES.sub("", text):
        if re.fullmatch(NUMBER, text):
            remedy = f"{DURATION_REMEDY} Did you mean {text}m or {text}s?"
            raise Wrong("unit-missing", f"{text} has no unit", remedy)
        raise Wrong("duration-form", f"{text[:80]!r} is no duration", DURATION_REMEDY)
    total = timedelta(0)
    for number, unit in parts:
        if unit not in UNITS:
            raise Wrong("unit-unknown", f"{unit[:80]!r} is no unit of time", DURATION_REMEDY)
        total += _times(Decimal(number), UNITS[unit])
    if not timedelta(0) < total <= LONGEST:
        raise Wrong(
            "duration-range",
            f"{text[:80]!r} is out of range",
            "Give more than nothing, and at most ten years.",
        )
    return total


def delay(text: str) -> timedelta:
    """Return a duration that may be none."""
    return timedelta(0) if re.fullmatch(r"0+\s*[a-z]+", text) else duration(text)


def long_enough(text: str) -> timedelta:
    """Return a duration of at least a second, the resolution of a tally."""
    value = duration(text)
    if value < timedelta(seconds=1):
        raise Wrong("duration-range", f"{text} is too short", "Tallies are per second: use 1s up.")
    return value


def lasts(text: str) -> tuple[timedelta, timedelta]:
    """Return shortest and longest of `2h to 24h`."""
    parts = re.split(r"\sto\s", text)
    if len(parts) != 2:
        raise Wrong(
            "lasts-form",
            f"{text[:80]!r} does not say the shortest and the longest watch",
            'Write both, like "2h to 24h".',
        )
    return duration(parts[0].strip()), duration(parts[1].strip())


def unattended(text: str) -> timedelta | None:
    """Return how long trial exposure outlives the last look; None: it is kept."""
    if text == "keep":
        return None
    if not text.startswith("withdraw after "):
        raise Wrong(
            "unattended-form",
            f"{text[:80]!r} does not say what happens when nobody watches",
            'Write "withdraw after 15m" or "keep".',
        )
    return long_enough(text.removeprefix("withdraw after ").strip())


def _times(number: Decimal, unit: timedelta) -> timedelta:
    if number > LONGEST / unit:
        raise Wrong("duration-range", f"{short(number)} is out of range", "Stay within ten years.")
    return timedelta(microseconds=int(number * int(unit / timedelta(microseconds=1))))


def window(text: str) -> Window:
    """Return when a run may go forward: days, times of day, and the offset from UTC."""
    if not re.fullmatch(WINDOW, text):
        raise Wrong("window-form", f"{text[:80]!r} is no window", WINDOW_REMEDY)
    days, times, offset = text.split()
    opens, closes = (_minutes(time) for time in times.split("-"))
    if opens >= closes or closes > 24 * 60:
        raise Wrong("window-form", f"{times} is no time of one day", WINDOW_REMEDY)
    ahead = _minutes(offset[1:]) * (-1 if offset[0] == "-" else 1)
    return Window(days=_days(days), opens=opens, closes=closes, offset=ahead)


def _days(text: str) -> tuple[int, ...]:
    found: set[int] = set()
    for part in text.split(","):
        first, _, last = part.partition("-")
        begin, end = DAYS.index(first), DAYS.index(last or first)
        found |= {day % 7 for day in range(begin, end + 1 if begin <= end else end + 8)}
    return tuple(sorted(found))


def _minutes(clock: str) -> int:
    hours, minutes = clock.split(":")
    return int(hours) * 60 + int(minutes)
