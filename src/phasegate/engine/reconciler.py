"""One turn of one run: fold, act on what the log says, look, decide, append, act again."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from threading import Lock, RLock
from typing import cast

import structlog

from phasegate.core.decide import Decision, Evidence, Situation, decide, due_steps, standing
from phasegate.core.event import ENGINE, Event, Json, chain
from phasegate.core.judge.versions import METHODS, changed
from phasegate.core.plan import Plan, Step
from phasegate.core.run import Rollback, Run, apply, replay
from phasegate.engine.afterwards import Afterwards, Heard, told
from phasegate.engine.known import evidence_of, findings_of
from phasegate.engine.memory import Memory, catch_up, note, recall, see
from phasegate.engine.observer import Observer
from phasegate.engine.unread import no_more
from phasegate.flags.wanted import wanted_flags
from phasegate.ports import Conflict, Fence, Store, Target

MOST_PAUSE = timedelta(seconds=2)
"""How old a decision may be when it is written down; a server's right to decide lasts 5 s."""

MOST_UNWATCHED = timedelta(seconds=10)
"""Longest gap in watching that soaking goes on after; for a quick plan, a quarter of `blind_for`.

As long as it takes another server to notice that the one that decided is gone.
"""

MOST_MOVES = 10
"""How many events one turn may add: more would starve other runs."""

log = structlog.get_logger()


@dataclass(frozen=True, kw_only=True)
class View:
    """A run as one turn left it: what is known, judged and decided."""

    plan: Plan
    run: Run
    evidence: Evidence
    decision: Decision
    at: datetime


class Reconciler:
    """Takes turns for runs. Holds nothing that cannot be folded again from the store."""

    def __init__(
        self,
        store: Store,
        target: Target,
        observer: Observer,
        clock: Callable[[], datetime],
    ) -> None:
        self._store = store
        self._target = target
        self._observer = observer
        self._clock = clock
        self._since = clock()
        self._since_in: dict[str, datetime] = {}
        self._memories: dict[str, Memory] = {}
        self._brought: dict[str, int] = {}
        self._missing: dict[str, tuple[str, ...]] = {}
        self._afterwards = Afterwards(store)
        self._lock = Lock()
        self._locks: dict[str, RLock] = {}
        self.before_exposing: Callable[[Plan, Run], None] = lambda *_: None
        """Called before a target is brought to an exposure that is not confirmed yet."""

    def watch_from(self, now: datetime, environments: Iterable[str]) -> None:
        """Count watching in these environments from now on: before, there was nothing to see."""
        self._since_in |= dict.fromkeys(environments, now)

    def look(self, run_id: str) -> View:
        """Say where a run is and what would be decided now; changes nothing.

        Raises KeyError if there is no such run.
        """
        with self._alone(run_id):
            memory = see(self._store, self._memory(run_id), self._clock())
            self._memories[run_id] = memory
            return self._view(memory)

    def turn(self, run_id: str) -> View:
        """Take one turn. Raises Unavailable when the store or the target cannot be reached."""
        with self._alone(run_id):
            try:
                return self._turn(run_id)
            except Conflict:
                # Somebody was faster. What is in the log now decides; nothing of ours was written.
                self._memories.pop(run_id, None)
                return self._turn(run_id)

    def heard_after(self, plan: Plan, run: Run) -> Heard:
        """Return the sentinels that were heard since a run has ended, as far as they can be read.

        The trouble of a run that is over must not end the round of those that go on.
        """
        with self._alone(run.id):
            try:
                return self._afterwards.heard(plan, run, self._clock())
            except Exception as error:
                log.exception("not_heard_after_end", run=run.id, error=type(error).__name__)
                return self._afterwards.known(run)

    def resume(self, run_id: str, unwatched: timedelta) -> None:
        """Write down that nobody has watched for so long, if that was long: soaking begins anew.

        Raises Unavailable, and Conflict where somebody was faster.
        """
        with self._alone(run_id):
            memory = self._memory(run_id)
            most = min(MOST_UNWATCHED, memory.plan.blind_for / 4)
            if memory.run.soaks_since is None or memory.run.ended or unwatched <= most:
                return
            body: dict[str, Json] = {"unwatched_ms": round(unwatched.total_seconds() * 1000)}
            self._append(memory, "watch_resumed", body, self._clock())

    def take_back(self, run_id: str) -> Run:
        """Bring about, and confirm, what a run without a readable plan has taken back; no more.

        Needs its log alone. Raises Unavailable, Conflict.
        """
        with self._alone(run_id):
            run = replay(self._store.events(run_id))
            if not run.rollbacks and run.ended is None:
                return run
            states = no_more(run, self._store.flag_states(run.environment)[1])
            self._target.bring(run.environment, states, Fence(log=run.id, number=run.number))
            missing = self._target.unconfirmed(run.environment, states) if run.rollbacks else ()
            self._tell_missing(run.id, missing)
            if missing:
                return run
            now = self._clock()
            for rollback in run.rollbacks:
                body = _time_to_safe(rollback, now)
                event = next_event(run, "rollback_confirmed", body, ENGINE, now)
                self._store.append(event)
                run = apply(run, event)
            return run

    def _tell_missing(self, run: str, missing: tuple[str, ...]) -> None:
        """Log what a confirmation waits for, each time it is something else."""
        if missing and missing != self._missing.get(run):
            log.info("unconfirmed", run=run, missing=list(missing))
        self._missing[run] = missing

    def _alone(self, run_id: str) -> RLock:
        """Return the lock of a run: folding one for long must not keep others from their turns."""
        with self._lock:
            return self._locks.setdefault(run_id, RLock())

    def _turn(self, run_id: str) -> View:
        memory = self._memory(run_id)
        for _ in range(MOST_MOVES):
            memory = self._act(memory)
            memory = see(self._store, memory, self._clock())
            self._memories[run_id] = memory
            view = self._view(memory)
            self._work(view, memory.origin)
            if view.decision.kind is None:
                return view
            if self._clock() - view.at > MOST_PAUSE:
                # Stalled since: others may have decided otherwise on what has come meanwhile.
                continue
            memory = self._append(memory, view.decision.kind, _body(view), view.at)
        self._memories[run_id] = memory = self._act(memory)
        return self._view(memory)

    def _memory(self, run_id: str) -> Memory:
        known = self._memories.get(run_id)
        if known:
            return catch_up(self._store, known)
        memory = recall(self._store, run_id)
        self._tell_changed_methods(run_id)
        return memory

    def _tell_changed_methods(self, run_id: str) -> None:
        """Say that a run goes on under other methods than those that decided last."""
        last = [event for event in self._store.events(run_id) if "methods" in event.body][-1:]
        for event in last:
            lines = changed(cast("dict[str, Json]", event.body["methods"]))
            if lines:
                log.warning("methods_changed", run=run_id, since=event.number, methods=lines)

    def _act(self, memory: Memory) -> Memory:
        """Bring the target to what the log says, and write down what it is confirmed to serve."""
        run = memory.run
        if run.exposing is None and not run.rollbacks and self._brought.get(run.id) == run.number:
            return memory
        states = wanted_flags(run)
        if run.exposing is not None:
            self.before_exposing(memory.plan, run)
        self._target.bring(run.environment, states, Fence(log=run.id, number=run.number))
        if run.exposing is None and not run.rollbacks:
            self._brought[run.id] = run.number
            return memory
        missing = self._target.unconfirmed(run.environment, states)
        self._tell_missing(run.id, missing)
        if missing:
            return memory
        return self._confirm(memory)

    def _confirm(self, memory: Memory) -> Memory:
        now = self._clock()
        for rollback in memory.run.rollbacks:
            memory = self._append(memory, "rollback_confirmed", _time_to_safe(rollback, now), now)
        if memory.run.exposing is not None:
            body: dict[str, Json] = {"exposed": memory.run.exposing}
            memory = self._append(memory, "exposure_confirmed", body, now)
        self._brought[memory.run.id] = memory.run.number
        return memory

    def _append(self, memory: Memory, kind: str, body: Mapping[str, Json], now: datetime) -> Memory:
        position = memory.ledger.position
        known: dict[str, Json] = {"evidence": [position.ripe_ms, position.row]}
        if kind == "rollback_started" and position.ripe_ms:
            known["evidence_ms"] = position.ripe_ms
        event = next_event(memory.run, kind, {**body, **known}, ENGINE, now)
        self._store.append(event)
        log.info("event", run=event.log, number=event.number, kind=kind)
        memory = note(memory, event)
        self._memories[memory.run.id] = memory
        return memory

    def _view(self, memory: Memory) -> View:
        now = self._clock()
        findings = findings_of(self._store, memory.run)
        since = self._since_in.get(memory.run.environment, self._since)
        evidence = evidence_of(memory, findings, since, now)
        if memory.run.ended:
            heard = self._afterwards.heard(memory.plan, memory.run, now)
            evidence = replace(evidence, after_end=told(memory.run, heard))
        decision = decide(memory.plan, memory.run, evidence, now)
        return View(plan=memory.plan, run=memory.run, evidence=evidence, decision=decision, at=now)

    def _work(self, view: View, origin: str) -> None:
        """Have due steps carried out and levels read, in the background."""
        if view.run.ended:
            return
        situation = Situation(plan=view.plan, run=view.run, evidence=view.evidence, now=view.at)
        steps: tuple[Step, ...] = () if view.run.paused else due_steps(situation)
        self._observer.begin(view.plan, view.run, origin, steps, standing(situation))
        self._observer.read_levels(view.plan, view.run, origin)


def next_event(run: Run, kind: str, body: Mapping[str, Json], actor: str, now: datetime) -> Event:
    """Build the event that follows a run's last one."""
    return chain(
        log=run.id,
        number=run.number + 1,
        at=now,
        kind=kind,
        actor=actor,
        body=body,
        previous=run.head,
    )


def _body(view: View) -> dict[str, Json]:
    """Return a decision's body with all that it was decided from, so that it can be derived again.

    The position of the tallies is added to every event.
    """
    return {
        **view.decision.body,
        "findings": len(view.evidence.findings),
        "watching_since": view.evidence.watching_since.isoformat(),
        "methods": dict(METHODS),
    }


def _time_to_safe(rollback: Rollback, now: datetime) -> dict[str, Json]:
    """Say what is back and how long it took: from the deciding evidence, or else the decision."""
    decided_ms = int(rollback.at.timestamp() * 1000)
    began = rollback.evidence_ms if rollback.evidence_ms is not None else decided_ms
    return {
        "rollback": rollback.number,
        "phase": rollback.phase,
        "components": list(rollback.components),
        "time_to_safe_ms": max(0, int(now.timestamp() * 1000) - began),
    }
