"""Whatever happens in whatever order, what is promised of safety holds.

Each seed is a story of crashes, stalls, lost applications, cut, late and doubled telemetry, harm,
kills and orders of people. PHASEGATE_STORIES=500 has more of them told.
"""

from __future__ import annotations

import asyncio
import os
import random
from collections.abc import Iterator

import pytest

from phasegate import service
from phasegate.adapters.stores.memory import MemoryStore
from phasegate.core.audit import verify
from phasegate.core.command import Draft, Pause, Request, Resume, Retry, RollBack
from phasegate.core.event import Event
from phasegate.core.run import Run, TrialState, replay
from phasegate.engine.rederive import rederive
from phasegate.telemetry.observation import Observation
from phasegate.testing.chaos import ENVIRONMENT, Application, Harm, Process, seconds, visit
from phasegate.testing.checkout import ADA
from phasegate.testing.dial import Dial

STORIES = int(os.environ.get("PHASEGATE_STORIES", "8"))
FIRST = int(os.environ.get("PHASEGATE_FIRST_STORY", "0"))
STEPS = 160
BLIND_S = 20.0
FLAGS = ("new_cart", "new_prices", "new_search")

PLAN = """
plan: checkout
environment: staging
author: ben
traffic: 6000/min
blind_for: 20s
block: 1s
unattended: withdraw after 30s
hazards:
  H1: {text: somebody comes to harm, guarded_by: [safety_critical]}
metrics:
  error_rate: {kind: share, bad: error}
  safety_critical: {kind: sentinel, event: safety.critical}
phases:
  alpha:
    title: Some
    lasts: 12s to 10m
    components: {new_cart: 20% then 50%, new_prices: 30%}
    pass_when: [error_rate < 60%]
    roll_back_when: [error_rate > 70%, safety_critical]
  beta:
    title: More
    lasts: 10s to 10m
    components: {new_cart: 90%, new_prices: 40%, new_search: 50%}
    pass_when: [error_rate < 60%]
    roll_back_when: [error_rate > 70%, safety_critical]
"""

Told = tuple[float, list[Observation]]


class Story:
    """One random life of a run; `check` holds what must be true after every step."""

    def __init__(self, seed: int, loop: asyncio.AbstractEventLoop) -> None:
        self.chance = random.Random(seed)
        self.dial = Dial()
        self.store = MemoryStore(lambda: self.dial().timestamp())
        self.servers = [self.process(), self.process()]
        self.apps = [Application(name=f"app-{n}", dial=self.dial, loop=loop) for n in range(3)]
        self.harm = Harm()
        self.once = ""
        self.waiting: list[Told] = []
        self.cut_until = 0.0
        self.heard: dict[str, float] = {}
        self.alarmed: list[tuple[str, int]] = []
        self.checked = 0
        self.run = ""
        while not self.run:
            self.run = self.servers[0].world.start(PLAN)

    @property
    def now(self) -> float:
        return self.dial().timestamp()

    def process(self) -> Process:
        return Process(f"server-{self.chance.randrange(10**9)}", self.store, self.dial)

    def play(self) -> None:
        rate = self.chance.choice((0.15, 0.4, 1.0))
        for _ in range(STEPS):
            if self.chance.random() < rate:
                self.misfortune()
            self.pass_time(self.chance.choice((0.5, 0.5, 1.0, 1.0, 2.0)))
        self.make_good()

    def pass_time(self, span: float) -> None:
        self.dial.turn(seconds(span))
        for app in self.chance.sample(self.apps, len(self.apps)):
            if self.chance.random() < 0.9:
                app.poll(self.chance.sample(self.servers, len(self.servers)))
            self.visits(app)
        self.deliver()
        for server in self.chance.sample(self.servers, len(self.servers)):
            server.round()
            self.check()

    def visits(self, app: Application) -> None:
        told = [o for _ in range(5) for o in visit(app, FLAGS, self.harm, self.chance)]
        if self.once:
            once = visit(app, FLAGS, Harm(harming={self.once: 1.0}), self.chance)
            self.once = "" if len(once) > 1 else self.once
            told += once
        late = self.chance.choice((0.0, 0.0, 0.0, 1.5, 8.0, 30.0))
        self.waiting.append((self.now + late, told))
        if self.chance.random() < 0.1:
            self.waiting.append((self.now + late + 3.0, told))

    def deliver(self) -> None:
        if self.now < self.cut_until:
            return
        due = [one for one in self.waiting if one[0] <= self.now]
        self.waiting = [one for one in self.waiting if one[0] > self.now]
        for at, told in due:
            if not self.chance.choice(self.servers).take(told):
                self.waiting.append((at + 1.0, told))
                continue
            for one in told:
                self.note(one)

    def note(self, one: Observation) -> None:
        if one.event is not None:
            # A sentinel of a component that is exposed, or that waits to be exposed once more.
            run = replay(self.store.events(self.run))
            component = str(one.attributes["phasegate.component"])
            trial = run.trials.get(component)
            if not run.ended and trial is not None and trial.state is not TrialState.WITHDRAWN:
                self.alarmed.append((component, run.number))
        for flag, variant, _, _ in one.exposures:
            if variant == "on":
                self.heard[flag] = max(self.heard.get(flag, 0.0), one.at_s)

    def misfortune(self) -> None:
        weights = {
            self.nothing: 40,
            self.crash: 4,
            self.stall: 3,
            self.revive: 8,
            self.lose: 4,
            self.cut: 2,
            self.harmed: 3,
            self.harmed_once: 6,
            self.mended: 6,
            self.order: 8,
            self.kill: 2,
            self.away: 1,
            self.blackout: 2,
        }
        self.chance.choices(list(weights), list(weights.values()))[0]()

    def nothing(self) -> None:
        pass

    def crash(self) -> None:
        server = self.chance.choice(self.servers)
        server.fuse.left = self.chance.randrange(12)

    def stall(self) -> None:
        self.chance.choice(self.servers).stalled_until = self.now + self.chance.choice((2, 6, 15))

    def revive(self) -> None:
        self.servers = [each if each.alive else self.process() for each in self.servers]

    def lose(self) -> None:
        self.chance.choice(self.apps).lost_until = self.now + self.chance.choice((3, 10, 45))

    def cut(self) -> None:
        self.cut_until = self.now + self.chance.choice((5, 15, 40))

    def harmed(self) -> None:
        component = self.chance.choice(FLAGS)
        if self.chance.random() < 0.5:
            self.harm.failing[component] = self.chance.choice((0.3, 1.0))
        else:
            self.harm.harming[component] = 0.3

    def harmed_once(self) -> None:
        self.once = self.chance.choice(FLAGS)

    def mended(self) -> None:
        self.harm = Harm()

    def order(self) -> None:
        asked: Request = self.chance.choice(
            (
                Pause(reason="wait"),
                Resume(reason="go on"),
                Resume(reason="go on"),
                Retry(reason="mended"),
                Retry(reason="mended"),
                Retry(reason="mended"),
                RollBack(phase="current", reason="odd"),
                RollBack(phase="current", components=(self.chance.choice(FLAGS),), reason="odd"),
            )
        )
        self.ask(asked)

    def ask(self, asked: Request) -> None:
        service.command(self.store, self.run, asked, ADA, self.dial())

    def kill(self) -> None:
        kind = self.chance.choice(("flag_killed", "flag_revived"))
        draft = Draft(kind=kind, body={"flag": self.chance.choice(FLAGS), "reason": "odd"})
        service.change_flag(self.store, ENVIRONMENT, draft, ADA, self.dial())

    def away(self) -> None:
        """Have nobody there for long, not even the clock's ticks."""
        span = self.chance.choice((4.0, 25.0, 70.0))
        for each in self.servers:
            each.stalled_until = self.now + span
        self.dial.turn(seconds(span))

    def blackout(self) -> None:
        """Have all servers die, and telemetry stay away for a while after they are back."""
        for each in self.servers:
            each.alive = False
        self.dial.turn(seconds(self.chance.choice((2.0, 15.0, 40.0))))
        self.cut_until = self.now + self.chance.choice((8.0, 15.0))
        self.revive()

    def make_good(self) -> None:
        """End all misfortune: what was begun must come to its end."""
        self.harm, self.cut_until = Harm(), 0.0
        for each in self.servers:
            each.fuse.left, each.stalled_until = -1, 0.0
        for app in self.apps:
            app.lost_until = 0.0
        for key in FLAGS:
            draft = Draft(kind="flag_revived", body={"flag": key, "reason": "over"})
            service.change_flag(self.store, ENVIRONMENT, draft, ADA, self.dial())
        self.revive()
        for _ in range(60):
            self.pass_time(1.0)

    # What must be true

    def check(self) -> None:
        events = self.store.events(self.run)
        for number in range(self.checked, len(events)):
            before = replay(events[:number]) if number else None
            self.check_event(events[number], before)
        self.checked = len(events)

    def check_event(self, event: Event, before: Run | None) -> None:
        if before is None:
            return
        if event.kind == "exposed":
            names = [str(item["component"]) for item in event.body["components"]]  # type: ignore[union-attr,index,call-overload]
            assert not before.rollbacks, "nothing is exposed while something is rolled back"
            assert not before.paused, "nothing is exposed while a person paused the run"
            for name in names:
                trial = before.trials.get(name)
                withdrawn = trial is not None and trial.state is TrialState.WITHDRAWN
                assert not withdrawn, f"{name} was withdrawn and nobody tried it again"
        if event.kind in ("exposed", "phase_passed"):
            self.check_seen(event, before)
        if event.kind == "rollback_confirmed":
            self.check_back(event, before)

    def check_seen(self, event: Event, before: Run) -> None:
        """Nothing goes further unless what is exposed already was heard of lately."""
        for trial in before.exposed:
            assert trial.since is not None
            ago = event.at.timestamp() - max(
                self.heard.get(trial.flag, 0.0), trial.since.timestamp()
            )
            assert ago <= BLIND_S + 1, f"{event.kind}, and {trial.component} unseen for {ago} s"

    def check_back(self, event: Event, before: Run) -> None:
        (rollback,) = [one for one in before.rollbacks if one.number == event.body["rollback"]]
        for app in self.apps:
            for name in rollback.components:
                assert not app.treats(name), f"{app.name} treats with {name}, confirmed as back"

    def check_end(self) -> None:
        events = self.store.events(self.run)
        run = replay(events)
        assert verify(events) == ()
        derived = rederive(self.store, self.run)
        assert derived.same, derived.differences
        assert not run.rollbacks, "a rollback that began is confirmed in the end"
        for component, number in self.alarmed:
            first = next(
                (event.kind for event in events[number:] if goes_on_or_back(event, component)), ""
            )
            assert first == "rollback_started", f"{component} did harm at {number}, then {first}"
        self.check_shares(run)

    def check_shares(self, run: Run) -> None:
        subjects = [f"somebody-{number}" for number in range(4000)]
        for trial in run.trials.values():
            for app in self.apps:
                share = sum(app.variant(trial.flag, each) == "on" for each in subjects) / 4000
                assert share == pytest.approx(trial.exposure / 10_000, abs=0.04), trial


def goes_on_or_back(event: Event, component: str) -> bool:
    """Say whether an event takes a component further, or back."""
    if event.kind == "exposed":
        return component in [item["component"] for item in event.body["components"]]  # type: ignore[union-attr,index,call-overload]
    if event.kind == "rollback_started":
        return component in event.body["components"]  # type: ignore[operator]
    return event.kind in ("phase_passed", "completed")


@pytest.fixture
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    made = asyncio.new_event_loop()
    yield made
    made.close()


@pytest.mark.parametrize("seed", range(FIRST, FIRST + STORIES))
def test_no_order_of_misfortunes_makes_anything_look_safe_that_is_not(
    seed: int, loop: asyncio.AbstractEventLoop
) -> None:
    story = Story(seed, loop)

    story.play()

    story.check_end()
