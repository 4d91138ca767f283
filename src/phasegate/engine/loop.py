"""The clock: one server takes turns for every run that goes on; the others follow, ready to."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import inf
from threading import Event as Signal
from threading import Thread

import structlog

from phasegate.core.plan import Plan
from phasegate.core.run import Run, replay
from phasegate.core.watch import Watch
from phasegate.core.watching import only_sentinels, watches
from phasegate.engine.memory import OtherPlan
from phasegate.engine.presence import Leases, Presence
from phasegate.engine.reconciler import Reconciler, View
from phasegate.engine.schedules import Schedules
from phasegate.flags.journal import log_of
from phasegate.ports import Store, Unavailable

TICK = 0.5
"""Longest time in seconds between two turns of a run."""

LEASE = timedelta(seconds=5)
"""How long one server keeps the right to decide without renewing it."""

log = structlog.get_logger()


@dataclass(frozen=True, kw_only=True)
class Round:
    """What the last whole round was. decided: by this server. failing: runs whose turn broke."""

    decided: bool = False
    ended: float | None = None
    took_s: float = 0.0
    failing: tuple[str, ...] = ()


class Loop(Thread):
    """Decides for all runs until stopped, or follows who does.

    after_end  how many sentinels were heard of each run that has ended and is listened for still.

    Only the holder of the store's `engine` lease decides; every server serves what the log says
    and knows all runs, so that whoever takes over goes on at once.
    """

    def __init__(
        self,
        *,
        store: Store,
        reconciler: Reconciler,
        presence: Presence,
        watch: Callable[[list[Watch]], None],
        clock: Callable[[], datetime],
        holder: str,
        may_decide: Callable[[], bool] = lambda: True,
        passing: Callable[[], float] = time.monotonic,
    ) -> None:
        """may_decide: says whether this server's clock can be trusted. passing: as of presence."""
        super().__init__(name="phasegate-engine", daemon=True)
        self._store = store
        self._reconciler = reconciler
        self._presence = presence
        self._schedules = Schedules(store, presence.publish)
        self._watch = watch
        self._clock = clock
        self._holder = holder
        self._may_decide = may_decide
        self._passing = passing
        self._wake = Signal()
        self._stop_asked = False
        self._follows_until = -inf
        self._ended: set[str] = set()
        self._unread: set[str] = set()
        self._unwatched = timedelta(0)
        self._resumed: set[str] = set()
        self._runs: dict[str, Run] = {}
        self._watched: dict[str, tuple[Watch, ...]] = {}
        self._newest: dict[object, str] = {}
        self.after_end: dict[str, int] = {}
        reconciler.before_exposing = self._expect
        self.views: dict[str, View] = {}
        self.last = Round()

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
            except Exception as error:
                # A bug, or a log that only a later version can read: both may pass, and until then
                # no lease is renewed. Another server, which may do better, is let decide.
                log.exception("round_broke", error=type(error).__name__)
                self._follows_until = self._passing() + LEASE.total_seconds()
                self._step_down()
            self._wake.wait(TICK)
        self._step_down()

    def round(self) -> None:
        """Take a turn for every run that goes on, or follow. Raises Unavailable: no store."""
        began, now = self._passing(), self._clock()
        may_decide = began >= self._follows_until and self._may_decide()
        decides = may_decide and self._store.acquire("engine", self._holder, now, now + LEASE)
        if decides and not (self.last.decided and self._went_on(began)):
            self._take_over(now)
        logs = self._store.logs()
        if decides:
            self._schedules.turn(logs, now)
        going_on = self._going_on(logs)
        environments = {run.environment for run in self._runs.values()} | _by_hand(logs)
        wanted = self._presence.read(environments)
        good = {
            run_id: view for run_id in going_on if (view := self._turn(run_id, decides=decides))
        }
        if decides:
            given = {view.run.environment: _unattended(view) for view in good.values()}
            leases = self._presence.decided(given)
        else:
            leases = self._presence.left()
        self._look_for(going_on, leases)
        self._presence.show(wanted, leases, began, LEASE)
        ended = self._passing()
        failing = tuple(run_id for run_id in going_on if run_id not in good)
        self.last = Round(decided=decides, ended=ended, took_s=ended - began, failing=failing)

    def _take_over(self, now: datetime) -> None:
        """Begin to decide. Where leases had run out nobody was treated, so nothing was unseen."""
        log.info("decides", holder=self._holder)
        attended = self._store.attended()
        over = [name for name, left in attended.leases.items() if left == 0]
        self._reconciler.watch_from(now, over)
        self._unwatched = timedelta(milliseconds=attended.ago_ms or 0)
        self._resumed.clear()

    def _went_on(self, began: float) -> bool:
        """Say whether this server has decided all the time, and was neither stalled nor cut off."""
        return self.last.ended is not None and began - self.last.ended < LEASE.total_seconds()

    def _look_for(self, going_on: list[str], leases: Leases) -> None:
        views = [self.views[run_id] for run_id in going_on if run_id in self.views]
        self._watched = {
            view.run.id: _looked_for(view, leases)
            for view in views
            if view.run.ended is None or view.run.rollbacks
        }
        self._watched |= self._listened_for()
        self._watch([watch for each in self._watched.values() for watch in each])

    def _listened_for(self) -> dict[str, tuple[Watch, ...]]:
        """Return the sentinels of runs that have ended, where no other run listens for them."""
        busy = {run.environment for run in self._runs.values() if not run.ended or run.rollbacks}
        over = [
            view
            for environment, run_id in self._newest.items()
            if environment not in busy and (view := self.views.get(run_id)) is not None
        ]
        before = self.after_end
        self.after_end = {
            view.run.id: sum(self._reconciler.heard_after(view.plan, view.run).values())
            for view in over
        }
        for run_id, count in self.after_end.items():
            if count > before.get(run_id, 0):
                log.error("sentinel_after_end", run=run_id, events=count)
        return {
            view.run.id: tuple(only_sentinels(watch) for watch in watches(view.plan, view.run))
            for view in over
        }

    def _expect(self, plan: Plan, run: Run) -> None:
        """Look for what a run is about to expose, and see it as exposed.

        No sentinel may come before somebody listens, and before whoever holds back without the
        store knows of the trial: it may be gone before the turn ends.
        """
        self._watched[run.id] = watches(plan, run)
        self._watch([watch for each in self._watched.values() for watch in each])
        self.views[run.id] = self._reconciler.look(run.id)

    def _step_down(self) -> None:
        """Let another server decide at once."""
        now = self._clock()
        try:
            self._store.acquire("engine", self._holder, now, now)
        except Unavailable as error:
            log.warning("lease_kept", why=str(error))

    def _going_on(self, logs: list[str]) -> list[str]:
        """Return the runs that need turns: all that have not ended, and of those the newest.

        An environment's newest run is brought to its target once more even if it has ended, since
        a crash may have come before; an older one would only undo what came after it.
        """
        names = [name for name in logs if not name.startswith(log_of(""))]
        known = [(name, run) for name in names if (run := self._known(name)) is not None]
        newest = self._newest = {self._environment_of(name): name for name in names}
        older = {name for name, run in known if run.ended and newest[run.environment] != name}
        return [name for name in names if name not in self._ended | older]

    def _known(self, name: str) -> Run | None:
        """Return a run as it was last seen; None if its log is unreadable, as its turn will say."""
        if name not in self._runs:
            try:
                self._runs[name] = replay(self._store.events(name))
            except ValueError:
                return None
        return self._runs[name]

    def _environment_of(self, name: str) -> object:
        """Return a run's environment, by its first event where the rest cannot be read."""
        run = self._runs.get(name)
        return run.environment if run else self._store.events(name)[0].body.get("environment")

    def _turn(self, run_id: str, *, decides: bool) -> View | None:
        try:
            view = self._seen(run_id, decides=decides)
        except Exception as error:
            # One run's trouble must not stop the others. Its lease is not renewed, so its trial
            # exposure goes back by itself if the trouble lasts.
            log.exception("turn_failed", run=run_id, error=type(error).__name__)
            return None
        if view is None:
            return None
        before = self.views.get(run_id)
        if before is None or before.decision.rule != view.decision.rule:
            why = next(iter(view.decision.reasons), "")
            log.info("turn", run=run_id, rule=view.decision.rule, why=why)
        self.views[run_id], self._runs[run_id] = view, view.run
        if decides and view.run.ended and not view.run.rollbacks:
            self._ended.add(run_id)
        return view

    def _seen(self, run_id: str, *, decides: bool) -> View | None:
        try:
            return self._decided(run_id) if decides else self._reconciler.look(run_id)
        except OtherPlan as error:
            if run_id not in self._unread:
                log.error("plan_read_differently", run=run_id, why=str(error))
                self._unread.add(run_id)
        if decides:
            run = self._runs[run_id] = self._reconciler.take_back(run_id)
            if run.ended and not run.rollbacks:
                self._ended.add(run_id)
        return None

    def _decided(self, run_id: str) -> View:
        known = self._known(run_id)
        if known is not None and not known.exposed and known.ended is None:
            self._presence.begin(known.environment, _unattended(self._reconciler.look(run_id)))
        if run_id not in self._resumed:
            self._reconciler.resume(run_id, self._unwatched)
            self._resumed.add(run_id)
        return self._reconciler.turn(run_id)


def _looked_for(view: View, leases: Leases) -> tuple[Watch, ...]:
    """Return what telemetry must look for; where a lease has ended, sentinels alone.

    Patients who are given the old version because nobody watches were not assigned to it: counted
    in control, they would make the arms look broken.
    """
    found = watches(view.plan, view.run)
    if view.run.environment not in leases.ended:
        return found
    return tuple(only_sentinels(watch) for watch in found)


def _by_hand(logs: list[str]) -> set[str]:
    """Return the environments whose flags people have changed."""
    prefix = log_of("")
    return {name.removeprefix(prefix) for name in logs if name.startswith(prefix)}


def _unattended(view: View) -> int | None:
    span = view.plan.unattended
    return None if span is None else int(span.total_seconds() * 1000)
