"""Takes back from memory what a sentinel accuses, where nobody writes the rollback down."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from threading import Event as Signal
from threading import Thread

import structlog

from phasegate.core.decide import Decision, Evidence, decide
from phasegate.core.event import ENGINE, Json
from phasegate.core.evidence import Outcome, Position, StoredTally, Tally
from phasegate.core.judge import fold as judge
from phasegate.core.plan import Plan
from phasegate.core.run import Run, TrialState, apply
from phasegate.core.watching import exposures
from phasegate.engine.known import exposed_by_phase
from phasegate.engine.reconciler import View, next_event

EVERY_S = 0.1

GRACE_S = 0.3
"""How long the store may take to write a sentinel down before it is acted upon without it."""

ROLLBACK = "rollback_started"

log = structlog.get_logger()


@dataclass(frozen=True, kw_only=True)
class Held:
    """One component's trial that was taken back from memory."""

    run: str
    environment: str
    phase: str
    component: str
    attempt: int
    flag: str


class Sentry(Thread):
    """Holds back what a sentinel accuses while the store does not take it, or nobody decides.

    Only sentinels count: one event is proof, whatever else the store would know. What is held
    back stays so until the run's log says the same, which whoever decides sees to once the
    evidence is stored.
    """

    def __init__(
        self,
        *,
        unwritten: Callable[[], Sequence[Tally]],
        views: Callable[[], Mapping[str, View]],
        hold_back: Callable[[str, frozenset[str]], None],
        clock: Callable[[], datetime],
        passing: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(name="phasegate-sentry", daemon=True)
        self._unwritten = unwritten
        self._views = views
        self._hold_back = hold_back
        self._clock = clock
        self._passing = passing
        self._stopping = Signal()
        self._waiting: dict[tuple[str, int], float] = {}
        self._undecided: dict[str, float] = {}
        self.held: frozenset[Held] = frozenset()

    def run(self) -> None:
        """Look again and again, until stopped."""
        while not self._stopping.wait(EVERY_S):
            try:
                self.look()
            except Exception as error:
                # Whatever it was may pass; without its thread nothing would be held back for good.
                log.exception("sentry_broke", error=type(error).__name__)

    def stop(self) -> None:
        """End; returns when the thread has ended."""
        self._stopping.set()
        if self.is_alive():
            self.join()

    def look(self) -> None:
        """Hold back what late evidence accuses, and nothing that the log has taken back."""
        late = self._late()
        views = dict(self._views())
        held = {each for each in self.held if _goes_on(views, each)}
        for run_id, view in views.items():
            held |= set(_accused(view, [t for t in late if t.run == run_id], self._clock()))
        for run_id in self._left_undecided(views):
            held |= set(_withdrawn(views[run_id].run, views[run_id].decision.body, self._clock()))
        self._apply(frozenset(held))

    def _left_undecided(self, views: Mapping[str, View]) -> list[str]:
        """Return runs whose stored evidence calls for a rollback that nobody has written down.

        The server that decides may just have died: its right to decide outlives it by seconds.
        """
        now = self._passing()
        tripped = [run_id for run_id, view in views.items() if _calls_for_rollback(view.decision)]
        self._undecided = {run_id: self._undecided.get(run_id, now) for run_id in tripped}
        return [run for run, since in self._undecided.items() if now - since >= GRACE_S]

    def _late(self) -> list[Tally]:
        """Return bad tallies that have waited for longer than the store should take."""
        now = self._passing()
        bad = {(tally.writer, tally.sequence): tally for tally in self._unwritten() if tally.bad}
        self._waiting = {key: self._waiting.get(key, now) for key in bad}
        return [bad[key] for key, since in self._waiting.items() if now - since >= GRACE_S]

    def _apply(self, held: frozenset[Held]) -> None:
        before, self.held = self.held, held
        for environment in {each.environment for each in before ^ held}:
            flags = frozenset(each.flag for each in held if each.environment == environment)
            self._hold_back(environment, flags)
        for each in held - before:
            log.warning(
                "withdrawn_from_memory", run=each.run, component=each.component, flag=each.flag
            )
        for each in before - held:
            log.info("withdrawal_on_record", run=each.run, component=each.component)


def _goes_on(views: Mapping[str, View], held: Held) -> bool:
    """Say whether the log still has exposed what was taken back."""
    view = views.get(held.run)
    trial = view.run.trials.get(held.component) if view else None
    return (
        trial is not None
        and trial.state is TrialState.EXPOSED
        and (trial.phase, trial.attempt) == (held.phase, held.attempt)
    )


def _accused(view: View, tallies: Sequence[Tally], now: datetime) -> Iterator[Held]:
    """Yield what the policy would roll back because of the sentinels among these tallies."""
    run = view.run
    while body := _rollback(view.plan, run, tallies, now):
        yield from _withdrawn(run, body, now)
        run = _after(run, body, now)


def _withdrawn(run: Run, body: Mapping[str, Json], now: datetime) -> Iterator[Held]:
    after = _after(run, body, now)
    for trial in run.exposed:
        if after.trials[trial.component].state is TrialState.WITHDRAWN:
            yield Held(
                run=run.id,
                environment=run.environment,
                phase=trial.phase,
                component=trial.component,
                attempt=trial.attempt,
                flag=trial.flag,
            )


def _after(run: Run, body: Mapping[str, Json], now: datetime) -> Run:
    return apply(run, next_event(run, ROLLBACK, body, ENGINE, now))


def _calls_for_rollback(decision: Decision) -> bool:
    return decision.rule == "sentinel_tripped" and decision.kind == ROLLBACK


def _rollback(
    plan: Plan, run: Run, tallies: Sequence[Tally], now: datetime
) -> Mapping[str, Json] | None:
    """Return the body of the rollback that these tallies call for by themselves."""
    if not tallies:
        return None
    ripe_ms = int(now.timestamp() * 1000)
    rows = [
        StoredTally(position=Position(ripe_ms=ripe_ms, row=row), tally=tally)
        for row, tally in enumerate(tallies, start=1)
    ]
    ledger = judge.fold(plan, judge.start(), exposures(run), rows)
    guards = tuple(
        judgement
        for phase, components in exposed_by_phase(run).items()
        for judgement in judge.judge_guards(plan, ledger, phase, components, now)
        if judgement.method == "sentinel" and judgement.outcome is Outcome.FAIL
    )
    decision = decide(plan, run, Evidence(guards=guards, watching_since=now), now)
    return decision.body if _calls_for_rollback(decision) else None
