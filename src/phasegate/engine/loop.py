"""The clock: takes turns for every run that goes on, one server at a time, and renews leases."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime, timedelta
from threading import Event as Signal
from threading import Thread

import structlog

from phasegate.core.run import Run
from phasegate.core.watch import Watch
from phasegate.core.watching import watches
from phasegate.engine.reconciler import Reconciler, View
from phasegate.engine.schedules import Schedules
from phasegate.flags.journal import log_of
from phasegate.ports import Publisher, Store, Unavailable

TICK = 0.5
"""Longest time in seconds between two turns of a run."""

LEASE = timedelta(seconds=5)
"""How long one server keeps the right to decide without renewing it."""

log = structlog.get_logger()


class Loop(Thread):
    """Decides for all runs until stopped. Only the holder of the store's `engine` lease decides."""

    def __init__(
        self,
        *,
        store: Store,
        reconciler: Reconciler,
        publisher: Publisher,
        publish: Callable[[str], None],
        watch: Callable[[list[Watch]], None],
        clock: Callable[[], datetime],
        holder: str,
    ) -> None:
        super().__init__(name="phasegate-engine", daemon=True)
        self._store = store
        self._reconciler = reconciler
        self._publisher = publisher
        self._publish = publish
        self._schedules = Schedules(store, publish)
        self._watch = watch
        self._clock = clock
        self._holder = holder
        self._wake = Signal()
        self._stop_asked = False
        self._ended: set[str] = set()
        self.views: dict[str, View] = {}
        self.last_round: float | None = None

    def wake(self) -> None:
        """Have a round begin at once: evidence, a finding or a person's event came in."""
        self._wake.set()

    def stop(self) -> None:
        """Finish the round under way and end; returns when the thread has ended."""
        self._stop_asked = True
        self._wake.set()
        if self.is_alive():
            self.join()

    def run(self) -> None:
        """Round after round; a round that fails is logged and followed by the next."""
        while not self._stop_asked:
            self._wake.clear()
            try:
                self.round()
            except Unavailable as error:
                log.warning("no_round", why=str(error))
            self._wake.wait(TICK)
        self._step_down()

    def round(self) -> None:
        """Take one turn for every run that goes on. Raises Unavailable when the store is gone."""
        now = self._clock()
        if not self._store.acquire("engine", self._holder, now, now + LEASE):
            return
        logs = self._store.logs()
        self._schedules.turn(logs, now)
        runs = [name for name in logs if not name.startswith(log_of(""))]
        looked_for: list[Watch] = []
        for run_id in runs:
            if run_id not in self._ended:
                looked_for += self._turn(run_id)
        self._watch(looked_for)
        self.last_round = time.monotonic()

    def _step_down(self) -> None:
        """Let another server decide at once."""
        now = self._clock()
        try:
            self._store.acquire("engine", self._holder, now, now)
        except Unavailable as error:
            log.warning("lease_kept", why=str(error))

    def _turn(self, run_id: str) -> list[Watch]:
        try:
            view = self._reconciler.turn(run_id)
        except Exception as error:
            # One run's trouble must not stop the others. Its lease is not renewed, so its trial
            # exposure goes back by itself if the trouble lasts.
            log.exception("turn_failed", run=run_id, error=type(error).__name__)
            return self._last_watches(run_id)
        before = self.views.get(run_id)
        if before is None or before.decision.rule != view.decision.rule:
            log.info("turn", run=run_id, rule=view.decision.rule, why=view.decision.reasons[:1])
        self.views[run_id] = view
        self._renew(view)
        if view.run.ended and not view.run.rollbacks:
            self._ended.add(run_id)
            return []
        return list(watches(view.plan, view.run))

    def _last_watches(self, run_id: str) -> list[Watch]:
        view = self.views.get(run_id)
        return list(watches(view.plan, view.run)) if view else []

    def _renew(self, view: View) -> None:
        run: Run = view.run
        self._publish(run.environment)
        unattended = view.plan.unattended
        remaining = None if unattended is None else int(unattended.total_seconds() * 1000)
        self._publisher.beat(run.environment, remaining)
