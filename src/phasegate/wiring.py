"""The only place that turns names into concrete classes and puts the engine together."""

from __future__ import annotations

import os
import secrets
import socket
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from datetime import datetime
from importlib.metadata import entry_points
from pathlib import Path
from threading import Event as Signal
from threading import Thread
from typing import Any  # what an entry point loads is known by its port only

from phasegate.adapters.checks.command import CommandCheck
from phasegate.adapters.targets.flag import FlagTarget, ReadBack
from phasegate.core.watch import Watch
from phasegate.engine.loop import LEASE, Loop
from phasegate.engine.observer import Observer
from phasegate.engine.reconciler import Reconciler, View
from phasegate.flags.journal import log_of
from phasegate.ports import Publisher, Store, Unavailable
from phasegate.service import runs
from phasegate.settings import Settings
from phasegate.telemetry.intake import Intake
from phasegate.telemetry.tallying import Tallier

WORKERS = 4
"""Threads for checks and sources: they wait far more than they work."""


class UnknownAdapter(Exception):
    """A name that no installed adapter goes by."""


class Engine:
    """Everything a server needs, put together: store, flags, telemetry, loop."""

    def __init__(
        self,
        settings: Settings,
        publisher: Publisher,
        read_back: ReadBack,
        clock: Callable[[], datetime],
        commands_know: Mapping[str, str],
    ) -> None:
        """commands_know: environment variables that commands started by checks are given."""
        self.settings = settings
        self.store = open_store(settings)
        self._publisher = publisher
        self.target = FlagTarget(self.store, publisher, read_back)
        holder = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"
        self._executor = ThreadPoolExecutor(WORKERS, thread_name_prefix="phasegate-observer")
        self._tallier = Tallier(writer=holder, key=subject_key(self.store, settings.data))
        observer = Observer(
            store=self.store,
            checks={**adapters("checks"), "command": CommandCheck(commands_know)},
            sources=adapters("metric_sources"),
            executor=self._executor,
            clock=clock,
            wake=self.wake,
            writer=holder,
        )
        self._loop = Loop(
            store=self.store,
            reconciler=(reconciler := Reconciler(self.store, self.target, observer, clock)),
            publisher=publisher,
            publish=self.target.publish,
            watch=self._watch,
            clock=clock,
            holder=holder,
        )
        self._reconciler = reconciler
        self.intake = Intake(
            self._tallier,
            self.store,
            self.wake,
            # A sentinel that came before the first round would be taken for nobody's, and lost.
            is_open=lambda: self._tallier.knows_what_to_look_for,
        )
        self._stopping = Signal()
        self._flusher = Thread(
            target=self.intake.flush_forever,
            args=(self._stopping,),
            name="phasegate-intake",
            daemon=True,
        )
        self._recalled: set[tuple[str, str]] = set()

    def start(self) -> None:
        """Serve what the store says, then begin to decide."""
        for environment in self._environments():
            self.target.publish(environment)
        self._flusher.start()
        self._loop.start()

    def stop(self) -> None:
        """Finish the round under way, keep what was received, release everything."""
        self._loop.stop()
        self._stopping.set()
        self.intake.hurry()
        if self._flusher.is_alive():
            self._flusher.join()
        self._executor.shutdown(wait=True, cancel_futures=True)
        self.store.close()

    def wake(self) -> None:
        """Have a round begin at once."""
        self._loop.wake()

    def look(self, run: str) -> View:
        """Say where a run is. Raises KeyError if there is none."""
        return self._reconciler.look(run)

    def trouble(self) -> str | None:
        """Say what keeps this server from deciding; None: nothing does."""
        try:
            self.store.logs()
        except Unavailable as error:
            return f"the store does not answer: {error}"
        last = self._loop.last_round
        if last is None or time.monotonic() - last > LEASE.total_seconds():
            return "no round of decisions has been finished lately"
        return None

    def counters(self) -> Mapping[str, int]:
        """Return what telemetry has counted since this server began."""
        return asdict(self._tallier.counters)

    def _watch(self, watches: list[Watch]) -> None:
        self._tallier.watch(watches)
        for watch in watches:
            if (watch.run, watch.phase) not in self._recalled:
                self._tallier.recall(self.store.sightings(watch.run, watch.phase))
                self._recalled.add((watch.run, watch.phase))

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
