"""Whatever is packed comes back as it was, and nothing that was judged changes."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phasegate.adapters.stores import rows
from phasegate.adapters.stores.packs import pack, unpack
from phasegate.adapters.stores.sqlite import SqliteStore
from phasegate.core.evidence import Arm, Position, Tally
from phasegate.core.judge import fold as judge
from phasegate.ports import Store, Unavailable
from phasegate.testing.checkout import checkout_plan
from phasegate.testing.store_suite import NOON_MS, NOON_S, tally

FAR = 10**14
RUNS = ("checkout-1", "checkout-2")
TRIALS = {("alpha", "new_cart", 1): 500, ("alpha", "new_cart", 2): 500}


def any_tally(chance: random.Random) -> tuple[Tally, int]:
    """Return a tally as writers send it: late, twice, from a wrong clock, now and then absurd."""
    seen, offset = chance.randint(-1, 60), chance.randint(0, 3 * 3600)
    bad = chance.randint(0, max(seen, 1)) if chance.random() < 0.2 else 0
    one = Tally(
        run=chance.choice(RUNS),
        phase=chance.choice(("alpha", "beta")),
        component=chance.choice(("new_cart", "*")),
        attempt=chance.randint(1, 2),
        series="error_rate",
        arm=chance.choice(list(Arm)),
        bucket=NOON_S + offset + chance.randint(-100, 10),
        seen=seen,
        bad=bad,
        subjects=max(0, seen // 2),
        at_risk=max(0, seen),
        newly_bad=bad // 2,
        again_bad=bad // 4,
        total=chance.uniform(-1e9, 1e9),
        writer=chance.choice(("one", "two")),
        sequence=chance.randint(0, 600),
    )
    return one, NOON_MS + 1000 * offset + chance.randint(0, 999)


@pytest.fixture
def stores(tmp_path: Path) -> Iterator[tuple[SqliteStore, SqliteStore]]:
    """Two stores that are given the same; the first is compacted."""
    opened = SqliteStore(tmp_path / "compacted.db"), SqliteStore(tmp_path / "plain.db")
    yield opened
    for one in opened:
        one.close()


@pytest.mark.parametrize("seed", range(6))
def test_a_store_that_is_compacted_at_any_moment_is_judged_like_one_that_never_is(
    stores: tuple[SqliteStore, SqliteStore], seed: int
) -> None:
    compacted, plain = stores
    chance = random.Random(seed)
    packed = 0

    for _ in range(25):
        added = [any_tally(chance) for _ in range(chance.randint(1, 40))]
        for store in stores:
            store.add_evidence(added, [])
        run, upto_ms = chance.choice(RUNS), NOON_MS + chance.randint(0, 4 * 3_600_000)
        after = Position(ripe_ms=NOON_MS + chance.randint(-1, 3_600_000))
        found, wanted = (store.tallies(run, after, upto_ms) for store in stores)
        # A double that is skipped leaves a gap in the rows of the one and none in the other's.
        assert [(row.position.ripe_ms, row.tally) for row in found] == [
            (row.position.ripe_ms, row.tally) for row in wanted
        ]
        minutes_ms = NOON_MS + chance.randint(0, 4 * 3_600_000)
        packed += compacted.compact(minutes_ms, minutes_ms - 3_600_000, chance.randint(1, 60))

    assert packed
    for run in RUNS:
        assert judged(compacted, run) == judged(plain, run)
    while compacted.compact(FAR, FAR, 50):
        pass
    for run in RUNS:
        assert judged(compacted, run) == judged(plain, run)


def judged(store: Store, run: str) -> str:
    found = judge.fold(checkout_plan(), judge.start(), TRIALS, store.tallies(run, Position(), FAR))
    return repr((found.accounts, found.levels))


@given(st.integers(), st.integers(1, 60))
def test_rows_come_back_from_a_pack_as_they_were(seed: int, count: int) -> None:
    chance = random.Random(seed)
    some = [any_tally(chance) for _ in range(count)]
    packed = [
        (number, *rows.tally_row(replace(one, run="r"), ripe_ms))
        for number, (one, ripe_ms) in enumerate(some)
    ]

    made = pack("r", packed)

    assert unpack("r", made.content, made.digest) == packed
    assert made.tallies == count


def test_a_pack_is_bound_to_its_run() -> None:
    made = pack("checkout-1", [(1, *rows.tally_row(tally(1), NOON_MS))])

    with pytest.raises(Unavailable, match="damaged"):
        unpack("checkout-2", made.content, made.digest)


def test_a_tally_takes_a_few_bytes() -> None:
    stored = [
        (
            number,
            *rows.tally_row(
                replace(tally(number), series=f"series-{number % 12}", seen=80 + number**2 % 40),
                NOON_MS + number // 12 * 1000,
            ),
        )
        for number in range(12 * 60)
    ]

    made = pack("checkout-1", stored)

    assert len(made.content) / made.tallies < 10
