"""What a run's evidence takes on disk: as it is written, packed by the minute, and by the hour.

One server counts `SERIES` series in two arms every second for `HOURS` hours at several rates. The
size is that of the SQLite file after it was vacuumed, less that of an empty store.
"""

from __future__ import annotations

import random
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

from phasegate.adapters.stores.archive import back_up, restore, verify_file
from phasegate.adapters.stores.sqlite import SqliteStore
from phasegate.core.evidence import Arm, Position, Tally
from phasegate.engine.retention import STEP
from phasegate.ports import Settlement

SERIES, HOURS = 6, 2
PER_SECOND = (4, 50, 1000)
NOON_S = 1_893_499_200
FAR = 10**14


def main() -> None:
    print(f"{SERIES} series, 2 arms, {HOURS} h, one server; bytes on disk")
    heads = (
        "requests/s",
        "tallies",
        "written",
        "minutes",
        "hours",
        "B/tally",
        "B/M obs",
        "ms/step",
    )
    print(" ".join(f"{head:>11}" for head in heads))
    for rate in PER_SECOND:
        with tempfile.TemporaryDirectory() as place:
            measure(Path(place) / "store.db", rate)


def measure(path: Path, rate: int) -> None:
    """Print one line."""
    SqliteStore(path).close()
    empty = size(path)
    store = SqliteStore(path)
    tallies = 0
    for minute in range(HOURS * 60):
        batch = []
        for second in range(60 * minute, 60 * minute + 60):
            rows = list(counted(second, rate, tallies))
            tallies += len(rows)
            batch += [(row, (NOON_S + second) * 1000 + 1234) for row in rows]
        store.add_evidence(batch, [])
    before = store.tallies("checkout-3f09aa", Position(), FAR)
    written = size(path) - empty
    as_written = copied(store, path.with_name("as-written"))
    took, worst = packed(store, FAR, 0)
    minutes = size(path) - empty
    packed(store, FAR, FAR)
    hours = size(path) - empty
    began = time.perf_counter()
    if store.tallies("checkout-3f09aa", Position(), FAR) != before:
        raise AssertionError("packed evidence is not what it was")
    read_s = time.perf_counter() - began
    as_packed = copied(store, path.with_name("as-packed"))
    store.close()
    per_million = hours / (rate * HOURS * 3600 * SERIES / 1e6)
    figures = (written, minutes, hours)
    print(
        f"{rate:>11,} {tallies:>11,}"
        + "".join(f" {figure:>11,}" for figure in figures)
        + f" {hours / tallies:>11.2f} {per_million:>11,.0f} {1000 * worst:>11.1f}"
        + f"   packed {tallies / took:,.0f} tallies/s, read back {tallies / read_s:,.0f} tallies/s"
    )
    print(f"{'':>11} as written: {as_written}; packed: {as_packed}")


def copied(store: SqliteStore, path: Path) -> str:
    """Back up, verify and restore; return how long each took, and how large the backup is."""

    def begun(_: int) -> Callable[[int], None]:
        return lambda _: None

    def settle(*_: object) -> Settlement:
        return Settlement(events=(), leased_ms={})

    fresh = SqliteStore(path.with_suffix(".db"))
    acts: dict[str, Callable[[], object]] = {
        "backup": lambda: back_up(store, path, "sqlite", datetime.now(UTC), begun),
        "verify": lambda: verify_file(path, begun),
        "restore": lambda: restore(fresh, path, settle, begun),
    }
    told = []
    for name, act in acts.items():
        began = time.perf_counter()
        act()
        told.append(f"{name} {time.perf_counter() - began:.2f} s")
    fresh.close()
    return f"{', '.join(told)}, {path.stat().st_size:,} bytes"


def counted(second: int, rate: int, sequence: int) -> Iterator[Tally]:
    """Yield what one second of traffic leaves: a tally where an arm had anybody at all."""
    chance = random.Random(second)
    for series in range(SERIES):
        for arm, share in ((Arm.TREATMENT, 0.25), (Arm.CONTROL, 0.75)):
            expected = rate * share
            seen = max(0, round(chance.gauss(expected, expected**0.5)))
            bad = sum(chance.random() < 0.01 for _ in range(min(seen, 300)))
            if seen:
                sequence += 1
                yield Tally(
                    run="checkout-3f09aa",
                    phase="phase_1_medical_safety",
                    component="medical_safety_validator",
                    attempt=1,
                    series=f"series_{series}",
                    arm=arm,
                    bucket=NOON_S + second,
                    seen=seen,
                    bad=bad,
                    subjects=seen // 2,
                    subjects_bad=bad // 2,
                    at_risk=seen - bad,
                    newly_bad=bad // 2,
                    total=round(chance.gauss(240, 20) * seen, 1) if series == 0 else 0.0,
                    writer="server-7:4711:9f3c2a10",
                    sequence=sequence,
                )


def packed(store: SqliteStore, minutes_ms: int, hours_ms: int) -> tuple[float, float]:
    """Pack everything; return the seconds it took and the longest step."""
    began = time.perf_counter()
    steps = [0.0]
    while True:
        at = time.perf_counter()
        if not store.compact(minutes_ms, hours_ms, STEP):
            return time.perf_counter() - began, max(steps)
        steps.append(time.perf_counter() - at)


def size(path: Path) -> int:
    """Return what the store takes once its free pages are given back."""
    with sqlite3.connect(path, isolation_level=None) as connection:
        connection.execute("VACUUM")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    return path.stat().st_size


if __name__ == "__main__":
    main()
