"""A whole control plane on a virtual clock: real engine, store, flags and judging; no waiting."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Protocol  # Any: what an executor carries, and flag documents

from phasegate import service
from phasegate.adapters.targets.flag import FlagTarget
from phasegate.core.command import Person, Refusal, Request
from phasegate.core.event import Event
from phasegate.core.plan import Metric
from phasegate.core.run import Run
from phasegate.core.watch import Watch
from phasegate.engine.loop import Loop
from phasegate.engine.observer import Observer
from phasegate.engine.presence import Presence
from phasegate.engine.reconciler import Reconciler, View
from phasegate.flags.compile import FlagSet, compile_document
from phasegate.ports import ArmCount, CountQuestion, Exercise, NoData, Publisher, Store, Unavailable
from phasegate.server.board import FlagBoard
from phasegate.telemetry.intake import Intake
from phasegate.telemetry.observation import Exposure, Observation
from phasegate.telemetry.tallying import Tallier
from phasegate.testing.checkout import ADA
from phasegate.testing.crash import Fuse
from phasegate.testing.dial import Dial


class AtOnce(Executor):
    """Does everything in the caller's thread before `submit` returns."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Run it now."""
        future: Future[Any] = Future()
        future.set_result(fn(*args, **kwargs))
        return future


class FixedCheck:
    """A check whose answers are set by the story: by the step's command, file or URL."""

    def __init__(self) -> None:
        """Everything passes, having exercised 1,000 things, until the story says otherwise."""
        self.answers: dict[str, Exercise] = {}
        self.asked: list[str] = []

    def exercise(self, options: Mapping[str, str], deadline_s: float) -> Exercise:
        """Answer as the story has set it."""
        name = options.get("command") or options.get("file") or options.get("url", "")
        self.asked.append(f"{name} within {deadline_s:.0f} s")
        fine = Exercise(passed=True, exercised=1000, seen="as the story has it")
        return self.answers.get(name, fine)


class FixedSource:
    """A metric source whose readings are set by the story; None: it does not answer."""

    def __init__(self, reading: float | None = 40.0) -> None:
        """Start with one reading for all metrics."""
        self.reading = reading
        self.counted: list[ArmCount] = []
        self.asked: list[CountQuestion] = []

    def read(self, metric: Metric, endpoints: Mapping[str, str]) -> float:
        """Return the reading, whatever the endpoints are."""
        if self.reading is None:
            raise Unavailable(f"{metric.name}: none of {len(endpoints)} endpoints answers")
        return self.reading

    def counts(self, asked: CountQuestion) -> Sequence[ArmCount]:
        """Return what the story has counted in the steps that are asked for."""
        self.asked.append(asked)
        if self.reading is None:
            raise Unavailable(f"{asked.metric.name}: nobody answers")
        found = [one for one in self.counted if asked.since <= one.bucket < asked.until]
        if not found:
            raise NoData(f"{asked.metric.name}: nothing was counted")
        return found


class Behaviour(Protocol):
    """What happens to one patient who comes by: given who is treated with what."""

    def __call__(self, treated: frozenset[str], chance: random.Random) -> Mapping[str, Any]:
        """Return the span's attributes; those named `event:NAME` become events of that name."""


@dataclass(kw_only=True)
class World:
    """One server's insides, told what time it is and who comes by.

    fuse     where it crashes; None: it never does.
    passing  counts what this process works and not what it waits for: no machine is so slow that
             it makes a stalled server of this one.
    """

    store: Store
    board: FlagBoard = field(default_factory=FlagBoard)
    fuse: Fuse | None = None
    dial: Dial = field(default_factory=Dial)
    check: FixedCheck = field(default_factory=FixedCheck)
    source: FixedSource = field(default_factory=FixedSource)
    chance: random.Random = field(default_factory=lambda: random.Random(7))  # noqa: S311 no secret
    name: str = "world"
    passing: Callable[[], float] = time.process_time

    def __post_init__(self) -> None:
        publisher: Publisher = self.board
        if self.fuse is not None:
            self.store, publisher = self.fuse.around(self.store), self.fuse.around(publisher)
        self.target = FlagTarget(self.store, publisher, self._read_back, self.name)
        self.tallier = Tallier(writer=self.name, key=b"k" * 32)
        self.intake = Intake(self.tallier, self.store, lambda: None)
        self._compiled: tuple[bytes, FlagSet] | None = None
        self._recalled: set[tuple[str, str]] = set()
        observer = Observer(
            store=self.store,
            checks={name: self.check for name in ("command", "http", "evaluate")},
            sources={name: self.source for name in ("http_json", "prometheus", "sql")},
            executor=AtOnce(),
            readings=AtOnce(),
            clock=self.dial,
            wake=lambda: None,
            writer=self.name,
        )
        self.reconciler = Reconciler(self.store, self.target, observer, self.dial)
        self.loop = Loop(
            store=self.store,
            reconciler=self.reconciler,
            presence=Presence(
                store=self.store,
                serving=self.target,
                publisher=publisher,
                server=self.name,
                passing=self.passing,
            ),
            watch=self._watch,
            clock=self.dial,
            holder=self.name,
            passing=self.passing,
        )

    def start(self, text: str, *, actor: Person = ADA, **options: Any) -> str:
        """Start a run of a plan file and return its id; AssertionError if it is refused."""
        asked = service.StartRequest(text=text, origin="plan.yaml", **options)
        answer = service.start(self.store, asked, actor, self.dial())
        assert isinstance(answer, Event), answer
        return answer.log

    def ask(self, run: str, request: Request, actor: Person) -> Event | Refusal:
        """Have somebody ask something of a run."""
        return service.command(self.store, run, request, actor, self.dial())

    def round(self) -> None:
        """Let the engine take a turn for every run."""
        self.loop.round()

    def view(self, run: str) -> View:
        """Look at a run."""
        return self.reconciler.look(run)

    def run(self, run: str) -> Run:
        """Return a run as its log has it."""
        return service.load(self.store, run)

    def kinds(self, run: str) -> list[str]:
        """Return the kinds of a run's events, in order."""
        return [event.kind for event in self.store.events(run)]

    def served(self, environment: str) -> bytes | None:
        """Return the document that is published; None: nothing is."""
        published = self.board.current(environment)
        return published.body if published else None

    def flags(self, environment: str) -> FlagSet:
        """Return the flags as applications evaluate them."""
        body = self.served(environment) or b'{"flags": {}}'
        if self._compiled is None or self._compiled[0] is not body:
            self._compiled = (body, compile_document(json.loads(body)))
        return self._compiled[1]

    def patients(
        self,
        count: int,
        behaviour: Behaviour,
        *,
        environment: str,
        over: timedelta,
        population: int = 10**9,
    ) -> None:
        """Have patients come by, evenly over a span that ends now, and flush what they leave."""
        flags = self.flags(environment)
        now = self.dial().timestamp()
        seen: list[Observation] = []
        for index in range(count):
            at_s = now - over.total_seconds() * (count - index - 1) / count
            subject = f"patient-{self.chance.randrange(population)}"
            seen += visit(flags, subject, behaviour, self.chance, at_s, environment=environment)
        self.intake.take(seen, now)
        self.intake.flush(now)

    def _read_back(self, environment: str) -> dict[str, Any]:
        document: dict[str, Any] = json.loads(self.served(environment) or b"{}")
        return document

    def _watch(self, watches: list[Watch]) -> None:
        self.tallier.watch(watches)
        for watch in watches:
            if (watch.run, watch.phase) not in self._recalled:
                self.tallier.recall(self.store.sightings(watch.run, watch.phase))
                self._recalled.add((watch.run, watch.phase))


def visit(
    flags: FlagSet,
    subject: str,
    behaviour: Behaviour,
    chance: random.Random,
    at_s: float,
    *,
    environment: str | None = None,
) -> Sequence[Observation]:
    """Return what one visit leaves in telemetry: a server span, and events that follow it.

    environment  as applications say it; None: they do not.
    """
    variants = {key: str(flags.evaluate(key, subject, {}).variant) for key in flags.keys}
    treated = frozenset(key for key, variant in variants.items() if variant == "on")
    attributes = dict(behaviour(treated, chance))
    events = {key: attributes.pop(key) for key in list(attributes) if key.startswith("event:")}
    exposures = tuple(
        Exposure(flag=key, variant=variant, subject=subject, flag_set=environment)
        for key, variant in variants.items()
    )
    span = Observation(
        event=None, subject=subject, attributes=attributes, exposures=exposures, at_s=at_s
    )
    where = {} if environment is None else {"feature_flag.set.id": environment}
    told = [
        Observation(
            event=name.removeprefix("event:"),
            subject=subject,
            attributes={**said, **where},
            at_s=at_s,
        )
        for name, said in events.items()
    ]
    return [span, *told]
