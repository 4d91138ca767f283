"""Single values of a plan file: shares, exposures, durations, rates, names.

Each function takes the text as written and returns the core's value, or raises Wrong with a
remedy. Decimal arithmetic throughout: "0.1 %" is the float 0.001 and not its neighbour.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from enum import Enum
from typing import TypeVar

from phasegate.core.plan import DAYS, EVERYONE, Window
from phasegate.core.problem import suggestion
from phasegate.planfile.notes import Wrong

E = TypeVar("E", bound=Enum)

Convert = Callable[[str], str]
"""Takes a text as written; raises Wrong."""

Exposures = tuple[int, ...]
"""Basis points, stage by stage."""

# Bounded, so that no text can ask for a number that is slow or too large to handle.
NUMBER = r"[0-9]{1,9}(?:\.[0-9]{1,18})?"
NAME = r"[A-Za-z][A-Za-z0-9_-]{0,79}"
FIELD = r"[A-Za-z_][A-Za-z0-9_.]{0,79}"

UNITS = {
    "ms": timedelta(milliseconds=1),
    "s": timedelta(seconds=1),
    "m": timedelta(minutes=1),
    "min": timedelta(minutes=1),
    "h": timedelta(hours=1),
    "d": timedelta(days=1),
}
"""Units of durations, as plans write them."""

PER_MINUTE = {"s": Decimal(60), "m": Decimal(1), "min": Decimal(1), "h": Decimal(1) / 60}
LONGEST = timedelta(days=3_650)
DURATION_REMEDY = 'A duration has a unit: ms, s, m, h or d, like "90s", "2h" or "2h30m".'
SHARE_REMEDY = 'A share is a percentage, like "95%" or "0.5 %".'
EXPOSURE_REMEDY = 'An exposure is a share of the phase\'s audience, like "25 %" or "0.5 %".'
CLOCK = r"(?:[01][0-9]|2[0-4]):[0-5][0-9]"
DAY = f"(?:{'|'.join(DAYS)})"
AHEAD = r"(?:0[0-9]|1[0-4]):[0-5][0-9]"
WINDOW = rf"{DAY}(?:[-,]{DAY})*\s+{CLOCK}-{CLOCK}\s+[+-]{AHEAD}"
WINDOW_REMEDY = 'A window has days, times and the offset from UTC: "mon-fri 08:00-16:00 +08:00".'
ONES = re.compile(rf"({NUMBER})\s*([a-z]+)\s*")


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


def words(text: str) -> str:
    """Return text that says something."""
    if not text.strip():
        raise Wrong("value-missing", "the text is empty", "Write what it should say.")
    return text.strip()


def name(text: str) -> str:
    """Return a name: letters, digits, _ and -, a letter first."""
    if not re.fullmatch(NAME, text):
        raise Wrong(
            "name-form",
            f"{text[:80]!r} cannot be a name",
            "A name has letters, digits, _ and -, starts with a letter, and has 80 at most.",
        )
    return text


def one_of(kind: type[E]) -> Callable[[str], E]:
    """Return a reader of one of an enum's values."""

    def read(text: str) -> E:
        known = {member.value: member for member in kind}
        return known[choice(*known)(text)]

    return read


def choice(*known: str) -> Callable[[str], str]:
    """Return a reader of one of the known words."""

    def read(text: str) -> str:
        if text not in known:
            remedy = suggestion(text, known)
            raise Wrong("unknown-word", f"{text[:80]!r} is none of the known words", remedy)
        return text

    return read


def whole(text: str) -> int:
    """Return a whole number from 1."""
    if not re.fullmatch(r"[0-9]{1,4}", text) or int(text) == 0:
        raise Wrong("number-form", f"{text[:80]!r} is no whole number from 1", "Write like 1 or 2.")
    return int(text)


def weight(text: str) -> float:
    """Return a relative weight above 0."""
    if not re.fullmatch(NUMBER, text) or float(text) == 0:
        raise Wrong("number-form", f"{text[:80]!r} is no number above 0", "Write like 1 or 0.4.")
    return float(text)


def percentage(text: str) -> Decimal:
    """Return the number of per cent."""
    match = re.fullmatch(rf"({NUMBER})\s*%", text)
    if match:
        return Decimal(match[1])
    if re.fullmatch(NUMBER, text):
        if Decimal(text) < 1 and Decimal(text) != 0:
            near = f"Did you mean {text} % or {Decimal(text) * 100:f} %?"
        else:
            near = f"Did you mean {text} %?"
        raise Wrong("unit-missing", f"{text} has no unit", f"{SHARE_REMEDY} {near}")
    raise Wrong("share-form", f"{text[:80]!r} is no percentage", SHARE_REMEDY)


def share(text: str) -> float:
    """Return a share in 0..1."""
    value = percentage(text)
    if value > 100:
        raise Wrong("share-range", f"{_short(value)} % is more than all", SHARE_REMEDY)
    return float(value / 100)


def inner_share(text: str) -> float:
    """Return a share that is neither none nor all."""
    value = share(text)
    if not 0 < value < 1:
        raise Wrong("share-range", f"{text} decides nothing", "It lies between 0 % and 100 %.")
    return value


def exposure(text: str) -> int:
    """Return an exposure in basis points."""
    value = percentage(text)
    points = value * 100
    if points > EVERYONE:
        near = value
        while near > 100:
            near /= 10
        raise Wrong(
            "exposure-range",
            f"{_short(value)} % is more than everyone",
            f"{EXPOSURE_REMEDY} Did you mean {_short(near)} %?",
        )
    if points != int(points):
        raise Wrong(
            "exposure-precision",
            f"{_short(value)} % is finer than a subject can be bucketed",
            f"The finest step is 0.01 %. {EXPOSURE_REMEDY}",
        )
    return int(points)


def exposures(text: str) -> Exposures:
    """Return the exposures of `5% then 15%`, in order; the last one is above 0."""
    found = tuple(exposure(part.strip()) for part in re.split(r"\sthen\s", text))
    if found[-1] == 0:
        raise Wrong("exposure-range", "0 % is nobody", EXPOSURE_REMEDY)
    return found


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
        raise Wrong("duration-range", f"{text[:80]!r} is out of range", "Stay within ten years.")
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


def rate(text: str) -> float:
    """Return subjects per minute."""
    match = re.fullmatch(rf"({NUMBER})\s*/\s*([a-z]+)", text)
    if not match or match[2] not in PER_MINUTE:
        raise Wrong(
            "rate-form",
            f"{text[:80]!r} is no rate",
            'A rate is per s, min or h, like "200/min" or "3/s".',
        )
    value = Decimal(match[1]) * PER_MINUTE[match[2]]
    if value == 0:
        raise Wrong("rate-form", "without traffic nothing can be shown", "Write like 200/min.")
    return float(value)


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


def flag(text: str) -> str:
    """Return a flag's key; `.shadow` is taken for the flag beside it."""
    if not re.fullmatch(FIELD.replace("_.", "_.-"), text) or text.endswith(".shadow"):
        raise Wrong(
            "name-form",
            f"{text[:80]!r} cannot be a flag's key",
            "A key has letters, digits, _, . and -, and does not end in .shadow.",
        )
    return text


def url(text: str) -> str:
    """Return an HTTP address, or one that begins with an endpoint, like `{clinic}/health`."""
    if not re.match(r"(https?://[^\s/]|\{[^{}\s]+\})\S*$", text):
        raise Wrong(
            "url-form",
            "this is no HTTP address",
            'Write "http://…", "https://…", or an endpoint like "{clinic}/health".',
        )
    return text


def address(text: str) -> str:
    """Return where an endpoint is: a URL of whatever its source speaks, without a password."""
    if not re.fullmatch(r"[a-z][a-z0-9+.-]*:/\S*", text):
        raise Wrong("url-form", "this is no address", 'Write "https://…" or "postgresql://…".')
    if re.match(r"[^/]*//[^/?#]*@", text):
        raise Wrong(
            "address-secret",
            "the address carries a user or a password",
            "Leave them out: a plan is read by many. The server's environment holds them, as "
            "PHASEGATE_NAME_USER and PHASEGATE_NAME_PASSWORD.",
        )
    return text


def _times(number: Decimal, unit: timedelta) -> timedelta:
    if number > LONGEST / unit:
        raise Wrong("duration-range", f"{_short(number)} is out of range", "Stay within ten years.")
    return timedelta(microseconds=int(number * int(unit / timedelta(microseconds=1))))


def _short(value: Decimal) -> str:
    return f"{value.normalize():f}"
