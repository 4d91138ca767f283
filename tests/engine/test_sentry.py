"""A sentinel takes back what it accuses, also where nobody can write that down."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from phasegate.core.evidence import ENVIRONMENT, Arm, Tally
from phasegate.core.watching import watches
from phasegate.engine.sentry import GRACE_S, Sentry
from phasegate.ports import Unavailable
from phasegate.testing.checkout import NOON, checkout_text
from phasegate.testing.world import World

PLAN = checkout_text("new_cart: 100%, new_prices: 100%", "if_control_fails_too: CONTROL")


class Desk:
    """A run with two components exposed, a sentry, and evidence that waits for the store."""

    def __init__(self, world: World, control: str = "roll back") -> None:
        self.world = world
        self.run = world.start(PLAN.replace("CONTROL", control))
        for _ in range(4):
            world.round()
        self.now = 10.0
        self.unwritten: list[Tally] = []
        self.sentry = Sentry(
            unwritten=lambda: self.unwritten,
            views=lambda: world.loop.views,
            hold_back=world.target.hold_back,
            clock=world.dial,
            passing=lambda: self.now,
        )
        view = world.loop.views[self.run]
        (self.series,) = {
            series.name
            for watch in watches(view.plan, view.run)
            for series in watch.series
            if series.metric.name == "safety_critical"
        }

    def alarm(self, component: str = "new_cart", arm: Arm = Arm.TREATMENT) -> None:
        self.unwritten.append(
            Tally(
                run=self.run,
                phase="alpha",
                component=component,
                attempt=1,
                series=self.series,
                arm=arm,
                bucket=int(NOON.timestamp()),
                seen=1,
                bad=1,
                writer="one",
                sequence=len(self.unwritten) + 1,
            )
        )

    def wait(self) -> None:
        """Let the store have more time than it should need."""
        self.sentry.look()
        self.now += GRACE_S
        self.sentry.look()

    @property
    def held(self) -> frozenset[str]:
        return self.world.target.held_back("demo")


@pytest.fixture
def desk(world: Callable[[str], World]) -> Desk:
    return Desk(world("one"))


def test_evidence_that_the_store_takes_in_time_is_left_to_the_engine(desk: Desk) -> None:
    desk.alarm()
    desk.sentry.look()
    desk.unwritten.clear()
    desk.now += GRACE_S
    desk.sentry.look()

    assert desk.held == frozenset()


def test_a_sentinel_that_waits_for_the_store_holds_back_what_it_accuses_alone(desk: Desk) -> None:
    desk.alarm()
    desk.wait()

    assert desk.held == {"new_cart"}
    published = desk.world.board.current("demo")
    assert published.flags.evaluate("new_cart", "patient", {}).variant == "off"
    assert published.flags.evaluate("new_prices", "patient", {}).variant == "on"


def test_a_sentinel_counts_though_the_store_went_while_its_component_was_exposed(
    world: Callable[[str], World], monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(*_: object) -> tuple[str, ...]:
        raise Unavailable("the store does not answer")

    one = world("one")
    monkeypatch.setattr(one.target, "unconfirmed", gone)
    desk = Desk(one)
    desk.alarm()
    desk.wait()

    assert [event.kind for event in one.store.events(desk.run)][-1] == "exposed"
    assert desk.held == {"new_cart"}


def test_each_of_several_sentinels_counts(desk: Desk) -> None:
    desk.alarm("new_cart")
    desk.alarm("new_prices")
    desk.wait()

    assert desk.held == {"new_cart", "new_prices"}


def test_a_sentinel_that_accuses_nobody_alone_takes_the_phase_back(desk: Desk) -> None:
    desk.alarm(ENVIRONMENT, Arm.CONTROL)
    desk.wait()

    assert desk.held == {"new_cart", "new_prices"}


def test_a_plan_that_holds_on_an_outage_holds_from_memory_too(
    world: Callable[[str], World],
) -> None:
    desk = Desk(world("one"), control="hold")
    desk.alarm(ENVIRONMENT, Arm.CONTROL)
    desk.wait()

    assert desk.held == frozenset()


def test_other_evidence_that_waits_decides_nothing(desk: Desk) -> None:
    desk.alarm()
    desk.unwritten[0] = replace(desk.unwritten[0], series="error_rate", seen=1000, bad=1000)
    desk.wait()

    assert desk.held == frozenset()


def test_what_is_held_back_stays_so_until_the_log_says_the_same(desk: Desk) -> None:
    desk.alarm()
    desk.wait()
    now_ms = int(desk.world.dial().timestamp() * 1000)
    desk.world.store.add_evidence([(desk.unwritten.pop(), now_ms)], [])
    desk.sentry.look()
    between = desk.held

    desk.world.round()
    desk.sentry.look()

    assert between == {"new_cart"}
    assert "rollback_started" in desk.world.kinds(desk.run)
    assert desk.held == frozenset()


def test_a_sentinel_that_is_stored_while_nobody_decides_is_held_back(
    desk: Desk, world: Callable[[str], World]
) -> None:
    two = world("two")
    sentry = Sentry(
        unwritten=lambda: (),
        views=lambda: two.loop.views,
        hold_back=two.target.hold_back,
        clock=two.dial,
        passing=lambda: desk.now,
    )
    desk.alarm()
    now_ms = int(desk.world.dial().timestamp() * 1000)
    desk.world.store.add_evidence([(desk.unwritten.pop(), now_ms)], [])
    two.round()

    sentry.look()
    at_once = two.target.held_back("demo")
    desk.now += GRACE_S
    sentry.look()

    assert not two.loop.last.decided
    assert (at_once, two.target.held_back("demo")) == (frozenset(), {"new_cart"})


def test_a_look_that_breaks_is_followed_by_the_next(desk: Desk, until: Callable[..., None]) -> None:
    looks = 0

    def unwritten() -> list[Tally]:
        nonlocal looks
        looks += 1
        if looks == 1:
            raise ValueError("nobody expected this")
        return desk.unwritten

    desk.alarm()
    sentry = Sentry(
        unwritten=unwritten,
        views=lambda: desk.world.loop.views,
        hold_back=desk.world.target.hold_back,
        clock=desk.world.dial,
    )
    sentry.start()
    until(lambda: desk.held)
    sentry.stop()

    assert desk.held == {"new_cart"}
