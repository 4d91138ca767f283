"""The only place that turns names into concrete classes and puts the engine together."""

from __future__ import annotations

import os
import secrets
import socket
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict
from importlib.metadata import entry_points
from pathlib import Path
from threading import Event as Signal
from threading import Thread
from typing import Any  # what an entry point loads is known by its port only

from phasegate.adapters.checks.command import CommandCheck
from phasegate.adapters.metrics.uninstalled import UninstalledSource
from phasegate.adapters.targets.flag import FlagTarget, ReadBack
from phasegate.core.watch import Watch
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
from phasegate.flags.journal import log_of
from phasegate.ports import MetricSource, Publisher, Store
from phasegate.service import load, runs
from phasegate.settings import Settings
from phasegate.telemetry.intake import Intake
from phasegate.telemetry.tallying import Tallier

WORKERS = 4
"""Threads for steps, and as many for readings: they wait far more than they work."""

STOP_S = 1.0
"""How long a server that ends waits for each of those; what is given up is carried out again."""


class UnknownAdapter(Exception):
    """A name that no installed adapter goes by."""


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
        self._steps = Background(WORKERS, "phasegate-steps")
        self._readings = Background(WORKERS, "phasegate-readings")
        self._commands = CommandCheck(commands_know, keeps_output=settings.keep_output)
        self._tallier = Tallier(writer=self.name, key=subject_key(self.store, settings.data))
        self.intake = Intake(
            self._tallier,
            self.store,
            self.wake,
            # A sentinel that came before the first round would be taken for nobody's, and lost.
            is_open=lambda: self._tallier.knows_what_to_look_for,
        )
        self._observer = Observer(
            store=self.store,
            checks={**adapters("checks"), "command": self._commands},
            sources=metric_sources(),
            executor=self._steps,
            readings=self._readings,
            clock=clock,
            wake=self.wake,
            writer=self.name,
        )
        self._reconciler = Reconciler(self.store, self.target, self._observer, clock)
        self._clock_watch = ClockWatch(self.store, clock)
        self._loop = self._looping(publisher, clock)
        self._sentry = Sentry(
            unwritten=lambda: self.intake.kept,
            views=lambda: self._loop.views,
            hold_back=self.target.hold_back,
            clock=clock,
        )
        self._retention = Retention(
            store=self.store,
            minutes_after=settings.minutes_after,
            hours_after=settings.hours_after,
            ended=self._ended,
            clock=clock,
            holder=self.name,
        )
        self._health = Health(self.store, self._loop, self._clock_watch)
        self._watchdog = Watchdog(self._health.trouble)
        self._measures = OwnMeasures(self.store, self._loop, self._clock_watch, publisher)
        self._stopping = Signal()
        self._flusher = Thread(
            target=self.intake.flush_forever,
            args=(self._stopping, lambda: clock().timestamp()),
            name="phasegate-intake",
            daemon=True,
        )
        self._recalled: dict[tuple[str, str], set[str]] = {}
        self._over: set[str] = set()

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
            watch=self._watch,
            clock=clock,
            holder=self.name,
            may_decide=self._clock_watch.may_decide,
        )

    def _watch(self, watches: list[Watch]) -> None:
        self._tallier.watch(watches)
        looked_for: dict[tuple[str, str], set[str]] = {}
        for watch in watches:
            names = {series.name for series in watch.series}
            looked_for.setdefault((watch.run, watch.phase), set()).update(names)
        for key, names in looked_for.items():
            if new := names - self._recalled.get(key, set()):
                # Once for each series: a recall counts, it does not replace.
                seen = self.store.sightings(*key)
                self._tallier.recall([one for one in seen if one.series in new])
        self._recalled = looked_for

    def _ended(self) -> set[str]:
        """Return the runs that are over; one that cannot be read is not known to be."""
        for log in self.store.logs():
            if log not in self._over and not log.startswith(log_of("")):
                with suppress(ValueError):
                    run = load(self.store, log)
                    self._over |= {log} if run.ended and not run.rollbacks else set()
        return self._over

    def _environments(self) -> set[str]:
        prefix = log_of("")
        by_hand = {log.removeprefix(prefix) for log in self.store.logs() if log.startswith(prefix)}
        return {run.environment for run in runs(self.store)} | by_hand | {self.settings.environment}


def open_store(settings: Settings) -> Store:
    """Open the store that the settings name. Raises UnknownAdapter, Unavailable."""
    store: Store = _load("stores", settings.adapter)(settings.data, settings.store)
    return store


def adapters(group: str) -> dict[str, Any]:
    """Return one instance of every installed adapter of a group, by name."""
    return {point.name: point.load()() for point in entry_points(group=f"phasegate.{group}")}


def metric_sources() -> dict[str, MetricSource]:
    """Return every metric source by name; one whose packages are missing says so when asked."""
    found: dict[str, MetricSource] = {}
    for point in entry_points(group="phasegate.metric_sources"):
        try:
            found[point.name] = point.load()()
        except ModuleNotFoundError as error:
            found[point.name] = UninstalledSource(point.name, error.name)
    return found


def subject_key(store: Store, data: Path) -> bytes:
    """Return the key under which subjects are hashed, the same for all servers of a store.

    Whoever wants it out of the store gives every server the same file `subjects.key`.
    """
    path = data / "subjects.key"
    return path.read_bytes() if path.exists() else store.secret("subjects")


def _load(group: str, name: str) -> Any:
    points = {point.name: point for point in entry_points(group=f"phasegate.{group}")}
    if name not in points:
        known = ", ".join(sorted(points))
        raise UnknownAdapter(f"no {group} adapter is called {name}. Known: {known}.")
    try:
        return points[name].load()
    except ModuleNotFoundError as error:
        raise UnknownAdapter(
            f"the {group} adapter {name} needs the package {error.name}. "
            f"Install phasegate[{_EXTRAS.get(name, 'all')}]."
        ) from error


_EXTRAS = {"postgres": "postgres", "postgresql": "postgres"}
"""Which extra an adapter's packages stand in."""
