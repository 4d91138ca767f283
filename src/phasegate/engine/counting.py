"""Reads counts by arm from metric sources, step by step, and stores each step once.

A step is asked for when it is over and its outcomes can have arrived. Its tally is numbered by its
time, so that a server that asks again, after a restart or beside another server, adds nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from datetime import datetime
from functools import partial
from math import ceil
from threading import Lock

import structlog

from phasegate.core.evidence import Arm, Tally
from phasegate.core.plan import Plan
from phasegate.core.run import Run
from phasegate.core.watching import Count, counted
from phasegate.engine.background import tell_bug
from phasegate.ports import (
    ArmCount,
    CountQuestion,
    MetricSource,
    NoData,
    Store,
    Unavailable,
)

SETTLE_S = 5.0
"""How long after its end a source may take to know all of a step; a metric's lag adds to it."""

MOST_STEPS = 500
"""Steps asked for at once, when somebody catches up."""

ARM_NUMBER = {Arm.CONTROL: 0, Arm.TREATMENT: 1}

Key = tuple[str, str, str, int, str]
"""Run, phase, component, attempt, series."""

log = structlog.get_logger()


class Counting:
    """Asks sources for counts in the executor's threads; each series has one question at a time."""

    def __init__(
        self,
        *,
        store: Store,
        sources: Mapping[str, MetricSource],
        executor: Executor,
        clock: Callable[[], datetime],
        wake: Callable[[], None],
    ) -> None:
        self._store = store
        self._sources = sources
        self._executor = executor
        self._clock = clock
        self._wake = wake
        self._known_until: dict[Key, int] = {}
        self._busy: set[Key] = set()
        self._asked_at: dict[Key, float] = {}
        self._lock = Lock()

    def read(self, plan: Plan, run: Run) -> None:
        """Start asking for every series of which a step is over."""
        for count in counted(plan, run):
            key = _key(run, count)
            question = self._question(plan, run, count, key)
            if question is not None and self._claim(key, question.step):
                future = self._executor.submit(self._ask, key, question)
                future.add_done_callback(partial(tell_bug, run.id, question.metric.name))

    def _question(self, plan: Plan, run: Run, count: Count, key: Key) -> CountQuestion | None:
        since, metric = count.trial.since, count.series.metric
        if since is None:
            return None
        step = max(1, int(plan.block.total_seconds()))
        first = self._known_until.get(key, ceil(since.timestamp() / step) * step)
        settled = self._clock().timestamp() - SETTLE_S - metric.lag.total_seconds()
        until = min(int(settled // step) * step, first + MOST_STEPS * step)
        if until <= first:
            return None
        return CountQuestion(
            metric=metric,
            component=count.trial.component,
            flag=count.flag,
            bound=count.series.bound,
            since=first,
            until=until,
            step=step,
            endpoints={**dict(plan.endpoints), **run.endpoints},
            environment=run.environment,
        )

    def _claim(self, key: Key, step: int) -> bool:
        """Whether nobody asks for the series now, or has within the last step."""
        now = self._clock().timestamp()
        with self._lock:
            if key in self._busy or now - self._asked_at.get(key, 0.0) < step:
                return False
            self._busy.add(key)
            self._asked_at[key] = now
            return True

    def _ask(self, key: Key, asked: CountQuestion) -> None:
        try:
            found = self._sources[asked.metric.source].counts(asked)
            self._store_all(key, asked, found)
        except NoData as error:
            log.info("not_counted", run=key[0], metric=asked.metric.name, why=str(error))
            if asked.until - asked.since >= MOST_STEPS * asked.step:
                self._known_until[key] = asked.until
        except Unavailable as error:
            log.warning("not_counted", run=key[0], metric=asked.metric.name, why=str(error))
        finally:
            with self._lock:
                self._busy.discard(key)

    def _store_all(self, key: Key, asked: CountQuestion, found: Sequence[ArmCount]) -> None:
        now_ms = int(self._clock().timestamp() * 1000)
        tallies = [(_tally(key, asked, one), now_ms) for one in found]
        if not tallies:
            return
        self._store.add_evidence(tallies, [])
        # What comes behind the newest step with counts is asked for again: it may just be late.
        self._known_until[key] = max(one.bucket for one in found) + asked.step
        self._wake()


def _key(run: Run, count: Count) -> Key:
    trial = count.trial
    return (run.id, trial.phase, trial.component, trial.attempt, count.series.name)


def _tally(key: Key, asked: CountQuestion, count: ArmCount) -> Tally:
    run, phase, component, attempt, series = key
    subjects = asked.metric.knows_subjects
    return Tally(
        run=run,
        phase=phase,
        component=component,
        attempt=attempt,
        series=series,
        arm=count.arm,
        bucket=count.bucket,
        seen=count.seen,
        bad=count.bad,
        subjects=count.seen if subjects else 0,
        subjects_bad=count.bad if subjects else 0,
        at_risk=count.seen,
        newly_bad=count.bad,
        writer="/".join((asked.metric.source, run, phase, component, str(attempt), series)),
        sequence=count.bucket * 2 + ARM_NUMBER[count.arm],
    )
