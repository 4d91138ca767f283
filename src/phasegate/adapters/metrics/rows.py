"""Rows that a query returned, read as counts by arm and as levels; nothing odd is let pass."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal

from phasegate.core.across import across
from phasegate.core.evidence import Arm
from phasegate.core.plan import Metric
from phasegate.flags.document import OFF, ON
from phasegate.ports import ArmCount, CountQuestion, NoData, Unavailable

ARMS = {
    ON: Arm.TREATMENT,
    OFF: Arm.CONTROL,
    Arm.TREATMENT.value: Arm.TREATMENT,
    Arm.CONTROL.value: Arm.CONTROL,
}
"""What a row may say of its arm: the flag's variant, or the arm."""

NAMED = re.compile(r":(?:since|until)\b|\{(?:since|until)\}")
"""How a query of SQL or of an address says which steps it is asked for."""

Row = Mapping[str, object]


def level(metric: Metric, values: Sequence[object]) -> float:
    """Return the level that values come to. Raises NoData where it cannot be said.

    One that is no number leaves all of them unsaid: it may be the one that matters.
    """
    read = [number for value in values if (number := _number(value)) is not None]
    if not read or len(read) < len(values):
        raise NoData(f"{metric.name}: the source has no number for it")
    chosen = across(metric.across, read)
    if chosen is None:
        raise NoData(
            f"{metric.name}: {len(read)} series answer, and the plan does not say which counts; "
            "give the metric `across`, or ask for one"
        )
    return chosen


def counts(asked: CountQuestion, rows: Sequence[Row]) -> list[ArmCount]:
    """Return the counts that rows hold, of the steps that were asked for.

    A row has `bucket` (Unix seconds, or a time, in UTC where it has no zone), `variant` or `arm`,
    `seen`, and the column that the metric calls bad or good. Rows of other variants are left out,
    and rows of one arm and bucket are added up. Raises NoData without any row, Unavailable for
    rows that cannot be read, and for one from outside the steps where the query names them: its
    bucket is coarser than a step, so that nobody knows which part of it was counted.
    """
    if not rows:
        raise NoData(f"{asked.metric.name}: the source has counted nothing for {asked.component}")
    sums: dict[tuple[Arm, int], tuple[int, int]] = {}
    for arm, bucket, seen, bad in _counts(asked, rows):
        known = sums.get((arm, bucket), (0, 0))
        sums[arm, bucket] = (known[0] + seen, known[1] + bad)
    return [
        ArmCount(arm=arm, bucket=bucket, seen=seen, bad=bad)
        for (arm, bucket), (seen, bad) in sums.items()
    ]


def _counts(asked: CountQuestion, rows: Sequence[Row]) -> Iterator[tuple[Arm, int, int, int]]:
    column = _column(asked.metric)
    for row in rows:
        arm = ARMS.get(str(row.get("variant", row.get("arm"))).lower())
        bucket = _second(asked, row)
        if arm is None or not _belongs(asked, bucket):
            continue
        seen, part = _whole(asked, row, "seen"), _whole(asked, row, column)
        if part > seen:
            raise _odd(asked, f"{column} is {part} and seen only {seen}")
        bad = seen - part if asked.metric.good is not None else part
        if seen:
            yield arm, bucket, seen, bad


def _belongs(asked: CountQuestion, bucket: int) -> bool:
    if asked.since <= bucket < asked.until:
        return True
    if named := NAMED.search(asked.metric.query or ""):
        raise _odd(
            asked,
            f"a bucket begins at {bucket}, outside the {asked.since} to {asked.until} that it was "
            f"asked for by {named[0]}; make buckets of one step, which has {asked.step} s, or of "
            "a part of one [bucket-coarse]",
        )
    return False


def _column(metric: Metric) -> str:
    predicate = metric.bad or metric.good
    return "bad" if predicate is None else predicate.field


def _second(asked: CountQuestion, row: Row) -> int:
    value = row.get("bucket")
    if isinstance(value, datetime):
        aware = value if value.tzinfo else value.replace(tzinfo=UTC)
        return int(aware.timestamp())
    number = None if isinstance(value, date) else _number(value)
    if number is None:
        raise _odd(asked, "a row has no bucket that is a time")
    return int(number)


def _whole(asked: CountQuestion, row: Row, column: str) -> int:
    if column not in row:
        raise _odd(asked, f"a row has no column {column}")
    number = _number(row[column])
    if number is None or number < 0 or number != int(number):
        raise _odd(asked, f"{column} is no count")
    return int(number)


def _number(value: object) -> float | None:
    """Return a finite number; None for everything else, truth values and text among it."""
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        return None
    number = float(value)
    return number if math.isfinite(number) else None


def _odd(asked: CountQuestion, what: str) -> Unavailable:
    return Unavailable(f"{asked.metric.name}: the query's rows cannot be counted: {what}")
