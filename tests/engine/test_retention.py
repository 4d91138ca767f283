"""Evidence is packed in the background, and every decision is still derived from it."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from phasegate.adapters.stores.memory import MemoryStore
from phasegate.adapters.stores.sqlite import SqliteStore
from phasegate.core.evidence import Position
from phasegate.engine.memory import recall, see
from phasegate.engine.rederive import rederive
from phasegate.engine.retention import Retention
from phasegate.ports import Store
from phasegate.testing.checkout import NOON
from phasegate.testing.store_suite import NOON_MS, sighting, tally
from phasegate.testing.world import World

PLAN = (Path(__file__).parents[2] / "plans" / "checkout.yaml").read_text()
HOUR = timedelta(hours=1)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    opened = SqliteStore(tmp_path / "phasegate.sqlite")
    yield opened
    opened.close()


def retention(store: Store, hours: float = 2, ended: tuple[str, ...] = ()) -> Retention:
    return Retention(
        store=store,
        minutes_after=HOUR,
        hours_after=timedelta(days=1),
        ended=lambda: ended,
        clock=lambda: NOON + timedelta(hours=hours),
        holder="server-1",
    )


def fill(store: SqliteStore, count: int) -> int:
    batch = [(tally(number), NOON_MS + 1000 * number) for number in range(count)]
    store.add_evidence(batch, [])
    return len(store.tallies("checkout-1", Position(), NOON_MS + 10**9))


def loose(store: SqliteStore) -> int:
    ((count,),) = store._read("SELECT count(*) FROM tallies")
    return int(count)


def packs(store: SqliteStore) -> list[tuple[int, int]]:
    """Return (hourly, number of packs)."""
    return store._read("SELECT hourly, count(*) FROM packs GROUP BY hourly ORDER BY hourly")


def test_what_is_old_is_packed_by_the_minute_and_what_is_new_stays(store: SqliteStore) -> None:
    fill(store, 600)

    retention(store, hours=1 + 5 / 60).tidy()

    assert (loose(store), packs(store)) == (300, [(0, 5)])


def test_what_is_a_day_old_is_packed_by_the_hour(store: SqliteStore) -> None:
    fill(store, 4000)

    retention(store, hours=48).tidy()

    assert (loose(store), packs(store)) == (0, [(1, 2)])


def test_another_server_that_packs_is_left_to_it(store: SqliteStore) -> None:
    fill(store, 100)
    now = NOON + timedelta(hours=2)
    store.acquire("retention", "server-2", now, now + timedelta(seconds=30))

    retention(store).tidy()

    assert loose(store) == 100


def test_subjects_are_forgotten_once_their_run_has_ended() -> None:
    store = MemoryStore()
    store.add_evidence([], [sighting(b"\x01" * 8)])

    retention(store).tidy()
    kept = store.sightings("checkout-1", "alpha")
    retention(store, ended=("checkout-1",)).tidy()

    assert len(kept) == 1
    assert store.sightings("checkout-1", "alpha") == []


class Shoppers:
    """Customers; `failing` is the share of treated ones who meet an error."""

    failing = 0.0

    def __call__(self, treated: frozenset[str], chance: random.Random) -> dict[str, object]:
        return {"error": bool(treated) and chance.random() < self.failing, "duration": 300.0}


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_run_whose_evidence_is_packed_at_any_moment_is_replayed_alike(
    store: SqliteStore, seed: int
) -> None:
    chance, packed = random.Random(seed), [0]

    def pack(world: World) -> None:
        now_ms = int(world.dial().timestamp() * 1000)
        hours_ms = now_ms + chance.choice((-3_600_000, 7_200_000))
        packed[0] += store.compact(now_ms + chance.randint(-30_000, 60_000), hours_ms, 40)

    world, shoppers = World(store=store), Shoppers()
    run = world.start(PLAN, environment="demo", pace=240)
    go(world, shoppers, pack, lambda: "alpha" in world.run(run).passed)
    go(world, shoppers, pack, lambda: world.run(run).trials["new_cart"].exposure == 2500)
    shoppers.failing = 0.5
    go(world, shoppers, pack, lambda: "rollback_confirmed" in world.kinds(run))
    live = world.view(run)

    during = rederive(store, run)
    again = see(store, recall(store, run), world.dial())
    while store.compact(10**14, 10**14, 500):
        packed[0] += 1
    after = rederive(store, run)

    assert packed[0] > 100
    assert loose(store) == 0
    assert (during.differences, during.methods) == ((), ())
    assert during.decisions >= 5
    assert after == during
    assert again.ledger == world.reconciler._memories[run].ledger
    assert see(store, recall(store, run), world.dial()).ledger == again.ledger
    assert live.run.number == after.events


def go(
    world: World, shoppers: Shoppers, pack: Callable[[World], None], until: Callable[[], bool]
) -> None:
    for _ in range(200):
        if until():
            return
        world.dial.turn(timedelta(seconds=2))
        world.patients(200, shoppers, environment="demo", over=timedelta(seconds=2))
        world.round()
        pack(world)
    raise AssertionError("it did not come to that")
