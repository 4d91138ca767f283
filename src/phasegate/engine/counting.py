"""Reads counts by arm from metric sources, step by step, and stores each step once.

A step is asked for when it is over and its outcomes can have arrived. Its tally is numbered by its
time, so that a server that asks again, after a restart or beside another server, adds nothing.
Each arm has its own progress: what one of them tells later than the other is asked for again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace
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
from phasegate.engine.unseen import Silences
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

MOST_WAITED = 120
"""Steps that are asked for again while one arm tells nothing: an hour of blocks of 30 seconds. An
arm that nobody is in would else keep all of the trial being asked for."""

ARM_NUMBER = {Arm.CONTROL: 0, Arm.TREATMENT: 1}

Key = tuple[str, str, str, int, str]
"""Run, phase, component, attempt, series."""

log = structlog.get_logger()


@dataclass(frozen=True, kw_only=True)
class _Known:
    """How far a series was told by each arm.

    until    end of the newest step with counts, by arm.
    stored   buckets that may be asked for again, and are stored already.
    """

    until: Mapping[Arm, int]
    stored: frozenset[tuple[Arm, int]] = frozenset()

    @classmethod
    def nothing(cls, until: int) -> _Known:
        """Return that nothing is to be asked for from before `until`."""
        return cls(until=dict.fromkeys(Arm, until))

    def first(self, step: int) -> int:
        """Return from when on to ask: where the arm that is behind begins, as far as it may be."""
        behind, ahead = sorted(self.until.values())
        return max(behind, ahead - MOST_WAITED * step)

    def parts(self, asked: CountQuestion) -> Iterator[CountQuestion]:
        """Yield what is asked for again apart from what is new.

        A bucket that is longer than a step shows where it reaches into what is new. Asked for with
        its beginning, it would be taken for one that is stored, and its rest be lost.
        """
        newest = max(self.until.values())
        if asked.since < newest < asked.until:
            yield replace(asked, until=newest)
            asked = replace(asked, since=newest)
        yield asked

    def lacks(self, count: ArmCount) -> bool:
        """Say whether a count is not stored yet, as far as is known here."""
        return (count.arm, count.bucket) not in self.stored

    def after(self, found: Sequence[ArmCount], step: int) -> _Known:
        """Return what is known once these are stored."""
        until = dict(self.until)
        for one in found:
            until[one.arm] = max(until[one.arm], one.bucket // step * step + step)
        known = _Known(until=until)
        stored = self.stored | {(one.arm, one.bucket) for one in found}
        again = frozenset(one for one in stored if one[1] >= known.first(step))
        return replace(known, stored=again)


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
        silences: Silences,
    ) -> None:
        self._silences = silences
        self._store = store
        self._sources = sources
        self._executor = executor
        self._clock = clock
        self._wake = wake
        self._known: dict[Key, _Known] = {}
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
        begin = ceil(since.timestamp() / step) * step
        first = self._known.setdefault(key, _Known.nothing(begin)).first(step)
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
            found = self._counts(key, asked)
            self._silences.heard(key[0], asked.metric.name, asked.component)
            if not self._store_all(key, asked, found):
                self._go_on(key, asked)
            self._ask_on(key, asked)
        except NoData as error:
            log.info("not_counted", run=key[0], metric=asked.metric.name, why=str(error))
            self._unseen(key[0], asked, error)
            self._go_on(key, asked)
            self._ask_on(key, asked)
        except Unavailable as error:
            log.warning("not_counted", run=key[0], metric=asked.metric.name, why=str(error))
            self._unseen(key[0], asked, error)
        finally:
            with self._lock:
                self._busy.discard(key)

    def _counts(self, key: Key, asked: CountQuestion) -> Sequence[ArmCount]:
        """Return what any part of the time has counted. Raises NoData if none has, Unavailable."""
        source, found, silent = self._sources[asked.metric.source], list[ArmCount](), None
        for part in self._known[key].parts(asked):
            try:
                found.extend(source.counts(part))
            except NoData as error:
                silent = error
        if silent is not None and not found:
            raise silent
        return found

    def _unseen(self, run: str, asked: CountQuestion, error: Exception) -> None:
        name, now = asked.metric.name, self._clock()
        self._silences.tell(run, name, asked.component, str(error), now)

    def _go_on(self, key: Key, asked: CountQuestion) -> None:
        """Pass over steps that told nothing new, where one question may ask for no more."""
        if _is_full(asked):
            self._known[key] = _Known.nothing(asked.until)

    def _ask_on(self, key: Key, asked: CountQuestion) -> None:
        """Let what is left be asked for at once: whoever catches up sees no harm until it has."""
        if _is_full(asked):
            with self._lock:
                self._asked_at.pop(key, None)
            self._wake()

    def _store_all(self, key: Key, asked: CountQuestion, found: Sequence[ArmCount]) -> bool:
        """Store what is not stored yet, and say whether there was any."""
        now_ms = int(self._clock().timestamp() * 1000)
        known = self._known[key]
        tallies = [(_tally(key, asked, one), now_ms) for one in found if known.lacks(one)]
        if not tallies:
            return False
        self._store.add_evidence(tallies, [])
        # What comes behind the newest step with counts is asked for again: it may just be late.
        self._known[key] = known.after(found, asked.step)
        self._wake()
        return True


def _is_full(asked: CountQuestion) -> bool:
    """Say whether one question may ask for no more."""
    return asked.until - asked.since >= MOST_STEPS * asked.step


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
