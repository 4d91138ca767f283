"""Numbers with their unit: shares, exposures, rates, weights."""

from __future__ import annotations

import re
from decimal import Decimal

from phasegate.core.plan import EVERYONE
from phasegate.planfile.notes import Wrong

Exposures = tuple[int, ...]
"""Basis points, stage by stage."""

# Bounded, so that no text can ask for a number that is slow or too large to handle.
NUMBER = r"[0-9]{1,9}(?:\.[0-9]{1,18})?"
PER_MINUTE = {"s": Decimal(60), "m": Decimal(1), "min": Decimal(1), "h": Decimal(1) / 60}
SHARE_REMEDY = 'A share is a percentage, like "95%" or "0.5 %".'
EXPOSURE_REMEDY = 'An exposure is a share of the phase\'s audience, like "25 %" or "0.5 %".'


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
        raise Wrong("share-range", f"{short(value)} % is more than all", SHARE_REMEDY)
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
            f"{short(value)} % is more than everyone",
            f"{EXPOSURE_REMEDY} Did you mean {short(near)} %?",
        )
    if points != int(points):
        raise Wrong(
            "exposure-precision",
            f"{short(value)} % is finer than a subject can be bucketed",
            f"The finest step is 0.01 %. {EXPOSURE_REMEDY}",
        )
    return int(points)


def exposures(text: str) -> Exposures:
    """Return the exposures of `5% then 15%`, in order; the last one is above 0."""
    found = tuple(exposure(part.strip()) for part in re.split(r"\sthen\s", text))
    if found[-1] == 0:
        raise Wrong("exposure-range", "0 % is nobody", EXPOSURE_REMEDY)
    return found


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


def short(value: Decimal) -> str:
    """Return a number as people write it, without needless zeros."""
    return f"{value.normalize():f}"
