"""NEWS2: the National Early Warning Score of the Royal College of Physicians (2017, Chart 1).

Used with acknowledgement of the Royal College of Physicians. For people of 16 and over who are not
pregnant. SpO2 scale 2 only for confirmed hypercapnic respiratory failure. Certainty: H.
"""

from __future__ import annotations

from bisect import bisect_left
from decimal import ROUND_HALF_UP, Decimal

from clinic.records import Vitals

# Each band is (highest value that belongs to it, points); above the last one counts the final item.
Bands = tuple[tuple[float, ...], tuple[int, ...]]

RESPIRATION: Bands = ((8, 11, 20, 24), (3, 1, 0, 2, 3))
SPO2_SCALE_1: Bands = ((91, 93, 95), (3, 2, 1, 0))
SPO2_SCALE_2_AIR: Bands = ((83, 85, 87), (3, 2, 1, 0))
SPO2_SCALE_2_OXYGEN: Bands = ((83, 85, 87, 92, 94, 96), (3, 2, 1, 0, 1, 2, 3))
SYSTOLIC: Bands = ((90, 100, 110, 219), (3, 2, 1, 0, 3))
PULSE: Bands = ((40, 50, 90, 110, 130), (3, 1, 0, 1, 2, 3))
TEMPERATURE: Bands = ((35.0, 36.0, 38.0, 39.0), (3, 1, 0, 1, 2))


def points(vitals: Vitals) -> dict[str, int]:
    """Return the points of every measured parameter, by name."""
    scored: dict[str, int] = {}
    if vitals.respiratory_rate is not None:
        scored["respiratory_rate"] = _band(RESPIRATION, vitals.respiratory_rate)
    if vitals.spo2 is not None:
        scored["spo2"] = _band(_spo2_scale(vitals), vitals.spo2)
        scored["oxygen"] = 2 if vitals.on_oxygen else 0
    if vitals.systolic is not None:
        scored["systolic"] = _band(SYSTOLIC, vitals.systolic)
    if vitals.pulse is not None:
        scored["pulse"] = _band(PULSE, vitals.pulse)
    if vitals.consciousness is not None:
        scored["consciousness"] = 0 if vitals.consciousness == "A" else 3
    if vitals.temperature is not None:
        scored["temperature"] = _band(TEMPERATURE, _to_a_tenth(vitals.temperature))
    return scored


def total(vitals: Vitals) -> int | None:
    """Return the score, or None where a parameter is missing: missing is never normal."""
    scored = points(vitals)
    return sum(scored.values()) if len(scored) == 7 else None


def least(vitals: Vitals) -> int:
    """Return the points that the measured parameters make for certain, whatever is missing."""
    return sum(points(vitals).values())


def _spo2_scale(vitals: Vitals) -> Bands:
    if not vitals.hypercapnic:
        return SPO2_SCALE_1
    return SPO2_SCALE_2_OXYGEN if vitals.on_oxygen else SPO2_SCALE_2_AIR


def _band(bands: Bands, value: float) -> int:
    uppers, scores = bands
    return scores[bisect_left(uppers, value)]


def _to_a_tenth(value: float) -> float:
    return float(Decimal(str(value)).quantize(Decimal("0.1"), rounding=ROUND_HALF_UP))
