"""The engine of one server, put together."""

from __future__ import annotations

import os
import secrets
import socket
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from threading import Event as Signal
from threading import Thread

from phasegate.adapters.checks.command import CommandCheck
from phasegate.adapters.targets.flag import FlagTarget, ReadBack
from phasegate.core.run import Run
from phasegate.engine.background import Background
from phasegate.engine.clock import SteadyClock
from phasegate.engine.health import ClockWatch, Health, Watchdog
from phasegate.engine.loop import Loop
from phasegate.engine.measures import Kind, Measure, OwnMeasures, counter, gauge, labelled
from phasegate.engine.observer import Observer
from phasegate.engine.presence import Presence
from phasegate.engine.reconciler import Reconciler, View
from phasegate.engine.retention import Retention
from phasegate.engine.sentry import Sentry
from phasegate.engine.unseen import Unseen
from phasegate.flags.journal import log_of
from phasegate.flags.wanted import wanted_flags
from phasegate.ports import Publisher, Unavailable
from phasegate.service import runs
from phasegate.settings import Settings
from phasegate.telemetry.intake import Intake
from phasegate.telemetry.tallying import Tallier
from phasegate.wiring.installed import adapters, metric_sources, open_store, subject_key
from phasegate.wiring.lookout import Lookout
from phasegate.wiring.over import Over

WORKERS = 4
"""Threads for steps, and as many for readings: they wait far more than they work."""

STOP_S = 1.0
"""How long a server that ends waits for each of those; what is given up is carried out again."""


class Engine:
    """Everything a server needs, put together: store, flags, telemetry, loop."""

    def __init__(
        self,
        settings: Settings,
        publisher: Publisher,
        read_back: ReadBack,
        clock: SteadyClock,
        commands_know: Mapping[str, str],
    ) -> None:
        """commands_know: environment variables that commands started by checks are given."""
        self.settings = settings
        self.store = open_store(settings)
        self.name = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"
        self.target = FlagTarget(self.store, publisher, read_back, self.name)
        self._tallier = Tallier(writer=self.name, key=subject_key(self.store, settings.data))
        self.intake = self._receiving()
        self._steps = Background(WORKERS, "phasegate-steps")
        self._readings = Background(WORKERS, "phasegate-readings")
        self._commands = CommandCheck(commands_know, keeps_output=settings.keep_output)
        self._observer = self._observing(clock)
        self._reconciler = Reconciler(self.store, self.target, self._observer, clock)
        self._clock_watch = ClockWatch(self.store, clock)
        self._loop = self._looping(publisher, clock)
        self._sentry = self._guarding(clock)
        self._retention = self._packing(clock)
        self._health = Health(self.store, self._loop, self._clock_watch)
        self._watchdog = Watchdog(self._health.trouble)
        self._measures = OwnMeasures(self.store, self._loop, self._clock_watch, publisher)
        self._stopping = Signal()
        self._flusher = self._flushing(clock)

    def start(self) -> None:
        """Serve what the store says, then begin to decide."""
        for environment in self._environments():
            self.target.publish(environment)
        self.store.changes(self.wake)
        self._flusher.start()
        self._loop.start()
        self._sentry.start()
        self._retention.start()
        self._watchdog.start()

    def stop(self) -> None:
        """Finish the round under way, keep what was received, give up steps, release everything."""
        self._sentry.stop()
        self._loop.stop()
        self._retention.stop()
        self._watchdog.stop()
        self._stopping.set()
        self.intake.hurry()
        if self._flusher.is_alive():
            self._flusher.join()
        self._observer.stop()
        self._commands.stop()
        self._steps.end(STOP_S)
        self._readings.end(STOP_S)
        self.store.close()

    def wake(self) -> None:
        """Have a round begin at once."""
        self._loop.wake()

    def look(self, run: str) -> View:
        """Say where a run is. Raises KeyError if there is none."""
        return self._reconciler.look(run)

    def unconfirmed(self, run: Run) -> tuple[str, ...]:
        """Say what a change of a run's exposure waits for; nothing if none is under way."""
        if run.exposing is None and not run.rollbacks:
            return ()
        try:
            return self.target.unconfirmed(run.environment, wanted_flags(run))
        except Unavailable as error:
            return (str(error),)

    def unseen(self, view: View) -> tuple[Unseen, ...]:
        """Say why sources left metrics of a run unseen lately, as far as this server asked them."""
        return self._observer.silences.since(view.run.id, view.at, view.plan.blind_for)

    def trouble(self) -> str | None:
        """Say what keeps this server from its work; None: nothing does."""
        return self._health.trouble()

    def measures(self) -> Iterator[Measure]:
        """Yield what this server says of itself in numbers."""
        yield from self._measures.read()
        yield gauge(
            "phasegate_ready",
            "Whether nothing kept this server from its work when its watchdog looked last.",
            float(self._watchdog.trouble is None),
        )
        yield gauge(
            "phasegate_nobody_decides",
            "Whether no server decides, as this one sees it.",
            float(self._watchdog.nobody_decides),
        )
        kept = len(self.intake.kept)
        yield gauge("phasegate_evidence_waiting", "Tallies that wait for the store.", kept)
        yield gauge(
            "phasegate_held_back",
            "Components withdrawn from memory that are not on record yet.",
            len(self._sentry.held),
        )
        yield counter(
            "phasegate_packed_tallies",
            "Old tallies that this server has packed.",
            self._retention.packed,
        )
        yield labelled(
            "phasegate_telemetry",
            "What became of observations.",
            "became",
            {name: count for name, count in self.counters().items() if name != "received"},
            Kind.COUNTER,
        )

    def counters(self) -> Mapping[str, int]:
        """Return what telemetry has counted since this server began."""
        return asdict(self._tallier.counters)

    def _receiving(self) -> Intake:
        return Intake(
            self._tallier,
            self.store,
            self.wake,
            # A sentinel that came before the first round would be taken for nobody's, and lost.
            is_open=lambda: self._tallier.knows_what_to_look_for,
        )

    def _observing(self, clock: SteadyClock) -> Observer:
        return Observer(
            store=self.store,
            checks={**adapters("checks"), "command": self._commands},
            sources=metric_sources(),
            executor=self._steps,
            readings=self._readings,
            clock=clock,
            wake=self.wake,
            writer=self.name,
        )

    def _looping(self, publisher: Publisher, clock: SteadyClock) -> Loop:
        return Loop(
            store=self.store,
            reconciler=self._reconciler,
            presence=Presence(
                store=self.store,
                serving=self.target,
                publisher=publisher,
                server=self.name,
                environment=self.settings.environment,
            ),
            watch=Lookout(self.store, self._tallier).watch,
            clock=clock,
            holder=self.name,
            may_decide=self._clock_watch.may_decide,
        )

    def _guarding(self, clock: SteadyClock) -> Sentry:
        return Sentry(
            unwritten=lambda: self.intake.kept,
            views=lambda: self._loop.views,
            hold_back=self.target.hold_back,
            clock=clock,
        )

    def _packing(self, clock: SteadyClock) -> Retention:
        return Retention(
            store=self.store,
            minutes_after=self.settings.minutes_after,
            hours_after=self.settings.hours_after,
            ended=Over(self.store).runs,
            clock=clock,
            holder=self.name,
        )

    def _flushing(self, clock: SteadyClock) -> Thread:
        return Thread(
            target=self.intake.flush_forever,
            args=(self._stopping, lambda: clock().timestamp()),
            name="phasegate-intake",
            daemon=True,
        )

    def _environments(self) -> set[str]:
        prefix = log_of("")
        by_hand = {log.removeprefix(prefix) for log in self.store.logs() if log.startswith(prefix)}
        return {run.environment for run in runs(self.store)} | by_hand | {self.settings.environment}
