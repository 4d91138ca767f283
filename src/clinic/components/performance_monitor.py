"""AI performance monitor: keeps how the model's answers went.

old  the last thousand in memory: gone with the process, and a mean hides the slow ones.
new  one row per minute and model in the database, with a histogram that quantiles come from.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import deque
from dataclasses import dataclass
from typing import Protocol

from clinic.database import Database

BOUNDS_MS = (1.0, 2.0, 5.0, 10.0, 25.0, 50.0, 100.0, 250.0, 500.0, 1000.0, 3000.0)
"""Upper bounds of the histogram; a last, unbounded class follows."""


@dataclass(frozen=True)
class Reading:
    """One answer of a model."""

    model: str
    took_ms: float
    ok: bool
    minute: int


@dataclass(frozen=True)
class Summary:
    """What the monitor knows. p95_ms is an upper bound of the true quantile; None: no data."""

    answers: int
    failed: int
    mean_ms: float | None
    p95_ms: float | None


class Monitor(Protocol):
    """Keeps readings and sums them up."""

    def record(self, reading: Reading) -> None:
        """Keep one reading."""

    def summary(self) -> Summary:
        """Sum up what is kept."""


class LastThousand:
    """The old monitor."""

    def __init__(self) -> None:
        self.readings: deque[Reading] = deque(maxlen=1000)

    def record(self, reading: Reading) -> None:
        """Remember a reading until a thousand newer ones have come."""
        self.readings.append(reading)

    def summary(self) -> Summary:
        """Sum up what is still remembered."""
        count = len(self.readings)
        failed = sum(not reading.ok for reading in self.readings)
        mean = sum(reading.took_ms for reading in self.readings) / count if count else None
        return Summary(count, failed, mean, None)


class Persistent:
    """The new monitor; record must be called inside a transaction of the database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def record(self, reading: Reading) -> None:
        """Add a reading to its minute."""
        self._database.execute(
            "INSERT INTO ai_performance (minute, model, class, answers, failed, total_ms)"
            " VALUES (?, ?, ?, 1, ?, ?) ON CONFLICT (minute, model, class) DO UPDATE SET"
            " answers = answers + 1, failed = failed + excluded.failed,"
            " total_ms = total_ms + excluded.total_ms",
            (
                reading.minute,
                reading.model,
                bisect_left(BOUNDS_MS, reading.took_ms),
                int(not reading.ok),
                reading.took_ms,
            ),
        )

    def summary(self) -> Summary:
        """Sum up everything ever recorded."""
        rows = self._database.execute(
            "SELECT class, sum(answers), sum(failed), sum(total_ms) FROM ai_performance"
            " GROUP BY class ORDER BY class"
        ).fetchall()
        answers = sum(row[1] for row in rows)
        if not answers:
            return Summary(0, 0, None, None)
        mean = sum(row[3] for row in rows) / answers
        return Summary(answers, sum(row[2] for row in rows), mean, _p95(rows, answers))


def _p95(rows: list[tuple[int, int, int, float]], answers: int) -> float:
    seen = 0
    for place, count, _, _ in rows:
        seen += count
        if seen >= 0.95 * answers:
            return BOUNDS_MS[place] if place < len(BOUNDS_MS) else float("inf")
    return float("inf")
