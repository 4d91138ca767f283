"""One server decides, the others follow, and whoever is left takes over."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from phasegate.adapters.stores.memory import MemoryStore
from phasegate.core.command import RollBack
from phasegate.core.event import START_OF_CHAIN, chain
from phasegate.core.plan import MetricKind
from phasegate.core.run import Status
from phasegate.core.watch import Watch
from phasegate.engine.loop import LEASE
from phasegate.testing.checkout import ADA, NOON, checkout_text
from phasegate.testing.dial import Dial
from phasegate.testing.world import World

PLAN = checkout_text()

Servers = tuple[World, World]


@pytest.fixture
def servers(world: Callable[[str], World]) -> Servers:
    return world("one"), world("two")


def on(world: World, flag: str = "new_cart") -> bool:
    """Say whether applications of this server are given the new version, leases and all."""
    published = world.board.current("demo")
    return published is not None and published.leased.evaluate(flag, "patient", {}).variant == "on"


def exposed(servers: Servers) -> str:
    one, two = servers
    run = one.start(PLAN)
    for _ in range(4):
        one.round()
        two.round()
    assert one.kinds(run)[-1] == "exposure_confirmed"
    return run


def test_only_one_of_two_servers_decides(servers: Servers) -> None:
    exposed(servers)

    assert [each.loop.last.decided for each in servers] == [True, False]


def test_a_server_that_follows_serves_and_leases_what_the_other_decides(servers: Servers) -> None:
    exposed(servers)

    assert [on(each) for each in servers] == [True, True]


def test_a_server_that_follows_watches_telemetry_and_the_other_decides_by_it(
    servers: Servers,
) -> None:
    one, two = servers
    run = exposed(servers)

    def harmed(treated: frozenset[str], chance: object) -> dict[str, object]:
        return {"error": False, "event:safety.critical": {"phasegate.component": "new_cart"}}

    two.patients(1, harmed, environment="demo", over=timedelta(seconds=1))
    two.round()
    one.round()

    assert "rollback_started" in one.kinds(run)
    assert not on(one)


def test_nothing_is_confirmed_before_the_other_server_serves_it(servers: Servers) -> None:
    one, two = servers
    run = exposed(servers)
    one.ask(run, RollBack(phase="current", reason="Ada saw something"), ADA)
    one.round()
    before = "rollback_confirmed" in one.kinds(run)

    two.round()
    one.round()

    assert not before
    assert "rollback_confirmed" in one.kinds(run)


def test_another_server_takes_over_once_the_lease_has_ended(servers: Servers, dial: Dial) -> None:
    one, two = servers
    run = exposed(servers)
    one.ask(run, RollBack(phase="current", reason="Ada saw something"), ADA)

    two.round()
    early = two.loop.last.decided
    dial.turn(LEASE)
    two.round()

    assert (early, two.loop.last.decided) == (False, True)
    assert "rollback_started" in two.kinds(run)
    assert not on(two)


def test_a_server_that_may_not_decide_follows(
    world: Callable[[str], World], store: MemoryStore
) -> None:
    one = world("one")
    one.loop._may_decide = lambda: False
    one.start(PLAN)

    one.round()

    assert not one.loop.last.decided
    assert store.attended().ago_ms is None


def test_a_restart_does_not_serve_what_an_older_run_left(
    world: Callable[[str], World], dial: Dial
) -> None:
    one = world("one")
    older = one.start(PLAN)
    for _ in range(4):
        one.round()
    one.ask(older, RollBack(phase="all", reason="enough"), ADA)
    one.round()
    assert one.run(older).ended is Status.ROLLED_BACK
    dial.turn(LEASE)
    newer = one.start(PLAN)
    for _ in range(4):
        one.round()
    assert on(one)
    version = one.store.flag_states("demo")[0]

    dial.turn(LEASE)
    again = world("again")
    for _ in range(3):
        again.round()

    assert again.run(newer).ended is None
    assert on(again)
    assert one.store.flag_states("demo")[0] == version


def test_a_run_that_cannot_be_read_does_not_stop_the_others(
    world: Callable[[str], World], store: MemoryStore
) -> None:
    one = world("one")
    run = one.start(PLAN)
    store.append(
        chain(
            log="broken-1",
            number=1,
            at=NOON,
            kind="who_knows",
            actor="Ada",
            body={},
            previous=START_OF_CHAIN,
        )
    )

    for _ in range(4):
        one.round()

    assert one.loop.last.failing == ("broken-1",)
    assert one.kinds(run)[-1] == "exposure_confirmed"


def test_what_an_older_run_left_is_not_served_over_a_run_that_cannot_be_read(
    world: Callable[[str], World], store: MemoryStore, dial: Dial
) -> None:
    one = world("one")
    older = one.start(PLAN)
    for _ in range(4):
        one.round()
    one.ask(older, RollBack(phase="all", reason="enough"), ADA)
    one.round()
    newer = one.start(PLAN)
    for _ in range(4):
        one.round()
    last = store.events(newer)[-1]
    store.append(
        chain(
            log=newer,
            number=last.number + 1,
            at=dial(),
            kind="event_of_tomorrow",
            actor="engine",
            body={},
            previous=last.hash,
        )
    )
    version = store.flag_states("demo")[0]

    dial.turn(LEASE)
    again = world("again")
    for _ in range(3):
        again.round()

    assert store.flag_states("demo")[0] == version


def test_somebody_listens_before_anybody_is_exposed(servers: Servers) -> None:
    one, two = servers
    order: list[str] = []
    watch, bring, serve = one.loop._watch, one.target.bring, two.target.serve
    two_watch = two.loop._watch

    def heard(name: str, found: list[object]) -> None:
        order.extend([f"{name} listens"] if found else [])

    one.loop._watch = lambda found: (heard("one", found), watch(found))[1]
    two.loop._watch = lambda found: (heard("two", found), two_watch(found))[1]

    def bringing(environment: str, states: object, fence: object) -> None:
        order.extend(["one exposes"] if states else [])
        bring(environment, states, fence)  # type: ignore[arg-type]  # handed on as they came

    def serving(environment: str, wanted: object) -> None:
        order.extend(["two serves"] if wanted.states else [])  # type: ignore[attr-defined]  # Wanted
        serve(environment, wanted)  # type: ignore[arg-type]  # handed on as it came

    one.target.bring = bringing  # type: ignore[method-assign]  # listened to
    two.target.serve = serving  # type: ignore[method-assign]  # listened to
    exposed(servers)

    first = [order.index(what) for what in ("one listens", "one exposes")]
    second = [order.index(what) for what in ("two listens", "two serves")]
    assert first == sorted(first)
    assert second == sorted(second)


def test_where_a_lease_has_ended_only_sentinels_are_looked_for(
    world: Callable[[str], World], store: MemoryStore, dial: Dial
) -> None:
    one = world("one")
    one.start(PLAN)
    for _ in range(3):
        one.round()
    store.attend({"demo": 0})
    two = world("two")
    looked_for: list[list[Watch]] = []
    watch = two.loop._watch
    two.loop._watch = lambda found: (looked_for.append(found), watch(found))[1]

    two.round()
    dial.turn(LEASE)
    two.round()

    followed, decided = looked_for[0], looked_for[-1]
    assert {s.metric.kind for each in followed for s in each.series} == {MetricKind.SENTINEL}
    assert MetricKind.SHARE in {s.metric.kind for each in decided for s in each.series}


def test_a_lease_that_has_ended_elsewhere_makes_nobody_wait_here(
    world: Callable[[str], World], store: MemoryStore, dial: Dial
) -> None:
    one = world("one")
    run = one.start(PLAN)
    for _ in range(3):
        one.round()
    began = one.view(run).evidence.watching_since
    store.attend({"elsewhere": 0})
    dial.turn(LEASE * 2)
    world("two").round()
    one.round()
    dial.turn(LEASE * 2)

    one.round()

    assert one.loop.last.decided
    assert one.view(run).evidence.watching_since == began


def test_where_a_lease_has_ended_watching_begins_anew(
    world: Callable[[str], World], store: MemoryStore, dial: Dial
) -> None:
    one = world("one")
    run = one.start(PLAN)
    for _ in range(3):
        one.round()
    store.attend({"demo": 0})
    dial.turn(LEASE * 2)
    world("two").round()
    one.round()
    store.attend({"demo": 0})
    dial.turn(LEASE * 2)

    one.round()

    assert one.view(run).evidence.watching_since == dial()


def test_a_round_that_breaks_is_followed_by_the_next(
    world: Callable[[str], World],
    store: MemoryStore,
    until: Callable[..., None],
    capsys: pytest.CaptureFixture[str],
) -> None:
    """As where a later version of this program has written what this one cannot read."""
    one = world("one")
    one.start(PLAN)
    unread = chain(
        log="flags:demo",
        number=1,
        at=NOON,
        kind="flag_of_tomorrow",
        actor="ada",
        body={"flag": "new_cart"},
        previous=START_OF_CHAIN,
    )
    store.append(unread)

    one.loop.start()
    until(lambda: "round_broke" in capsys.readouterr().out, within_s=30)
    # Another server, which may do better, is let decide.
    until(lambda: store.acquire("engine", "another", NOON, NOON + LEASE), within_s=30)
    goes_on = one.loop.is_alive()
    one.loop.stop()

    assert goes_on
