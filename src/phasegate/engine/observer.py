"""Looks at the world for a run: carries out its steps and reads its levels, in the background."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from threading import Lock

import structlog

from phasegate.core.evidence import ENVIRONMENT, Arm, Finding, Outcome, Tally
from phasegate.core.plan import Condition, Phase, Plan, Step, StepKind
from phasegate.core.run import Run
from phasegate.core.watching import polled
from phasegate.engine.background import tell_bug
from phasegate.engine.counting import Counting
from phasegate.engine.unseen import Silences
from phasegate.ports import Check, Exercise, MetricSource, NoData, Store, Unavailable

TRY_AGAIN = timedelta(seconds=5)
"""How long after a check that could not do its job it is tried again."""

SOON, LONGEST_PAUSE = 12, timedelta(minutes=1)
"""After so many tries the pauses double, up to the longest: every try is kept for good."""

READINGS_PER_HOLD = 5
"""How often a level is read while it must hold."""

READING = -1
"""Stands for an attempt where a level is read; steps count theirs from 1."""

log = structlog.get_logger()


class Observer:
    """Runs checks and reads sources in the executors' threads; what they find goes to the store.

    Readings have threads of their own: a step may last for minutes, and levels must be seen then.
    wake is called after every finding, so that a turn follows it.
    """

    def __init__(
        self,
        *,
        store: Store,
        checks: Mapping[str, Check],
        sources: Mapping[str, MetricSource],
        executor: Executor,
        readings: Executor,
        clock: Callable[[], datetime],
        wake: Callable[[], None],
        writer: str,
    ) -> None:
        self._store = store
        self._checks = checks
        self._sources = sources
        self._executor = executor
        self._readings = readings
        self._stopping = False
        self._clock = clock
        self._wake = wake
        self._writer = f"{writer}/levels"
        self._sequence = itertools.count(1)
        self._busy: set[tuple[str, str, str, int]] = set()
        self._read_at: dict[tuple[str, str, str], datetime] = {}
        self._lock = Lock()
        self.silences = Silences()
        self._counting = Counting(
            store=store,
            sources=sources,
            executor=readings,
            clock=clock,
            wake=wake,
            silences=self.silences,
        )

    def stop(self) -> None:
        """Put nothing on record any more: a step that is given up is carried out again."""
        self._stopping = True

    def begin(
        self,
        plan: Plan,
        run: Run,
        origin: str,
        steps: Sequence[Step],
        findings: Sequence[Finding],
    ) -> None:
        """Start every due step that has neither a verdict nor somebody at work on it."""
        for step in steps:
            key = (run.id, run.phase or "", step.name, run.phase_attempt)
            if not self._due(step, findings) or not self._claim(key):
                continue
            options = options_of(plan, run, step, origin)
            future = self._executor.submit(self._exercise, key, step, options)
            future.add_done_callback(partial(tell_bug, run.id, step.name))

    def read_levels(self, plan: Plan, run: Run, origin: str) -> None:
        """Start reading every level, and every count by arm, whose turn it is.

        One that is being read still, as labelled cases may be for long, is not read a second time.
        """
        self._counting.read(plan, run)
        now = self._clock()
        for phase, condition in polled(plan, run):
            metric = plan.metric(condition.metric)
            # By phase: each judges the readings it was given, and sees no other's.
            key = (run.id, phase.name, metric.name)
            last = self._read_at.get(key)
            if last is not None and now - last < metric.hold / READINGS_PER_HOLD:
                continue
            if not self._claim((*key, READING)):
                continue
            self._read_at[key] = now
            asked = known_to_sources(plan, run, origin)
            future = self._readings.submit(self._read, plan, run, phase, condition, asked)
            future.add_done_callback(partial(tell_bug, run.id, metric.name))

    def _due(self, step: Step, findings: Sequence[Finding]) -> bool:
        own = [finding for finding in findings if finding.step == step.name]
        if any(finding.outcome in (Outcome.PASS, Outcome.FAIL) for finding in own):
            return False
        return not own or self._clock() - own[-1].at >= _pause(len(own))

    def _claim(self, key: tuple[str, str, str, int]) -> bool:
        with self._lock:
            if key in self._busy:
                return False
            self._busy.add(key)
            return True

    def _exercise(
        self, key: tuple[str, str, str, int], step: Step, options: Mapping[str, str]
    ) -> None:
        run, phase, name, attempt = key
        began = time.perf_counter()
        seen = self._seen(run, step, options)
        if self._stopping:
            log.info("step_given_up", run=run, step=name)
            return
        finding = Finding(
            run=run,
            phase=phase,
            step=name,
            attempt=attempt,
            outcome=_outcome(seen),
            exercised=seen.exercised,
            bad=seen.bad,
            seen=seen.seen,
            remedy=seen.remedy,
            at=self._clock(),
            took_ms=(time.perf_counter() - began) * 1000,
        )
        try:
            self._store.add_finding(finding)
        except Unavailable as error:
            log.warning("finding_lost", run=run, step=name, why=str(error))
        finally:
            with self._lock:
                self._busy.discard(key)
        self._wake()

    def _seen(self, run: str, step: Step, options: Mapping[str, str]) -> Exercise:
        try:
            check = self._checks[options["kind"]]
            return check.exercise(options, step.timeout.total_seconds())
        except Unavailable as error:
            return Exercise(passed=None, exercised=0, seen=str(error))
        except Exception as error:
            # A broken check must neither stop the engine nor look like health: INVALID.
            log.exception("check_broke", run=run, step=step.name)
            return Exercise(
                passed=None,
                exercised=0,
                seen=f"the check itself broke: {type(error).__name__}",
                remedy="See the server's log; report it with the log's lines.",
            )

    def _read(
        self, plan: Plan, run: Run, phase: Phase, condition: Condition, asked: Mapping[str, str]
    ) -> None:
        metric = plan.metric(condition.metric)
        try:
            value = self._sources[metric.source].read(metric, asked)
            self.silences.heard(run.id, metric.name, "")
            self._store.add_evidence([self._level(run, phase, plan.series(condition), value)], [])
        except (Unavailable, NoData) as error:
            log.warning("level_unread", run=run.id, metric=metric.name, why=str(error))
            self.silences.tell(run.id, metric.name, "", str(error), self._clock())
        finally:
            with self._lock:
                self._busy.discard((run.id, phase.name, metric.name, READING))

    def _level(self, run: Run, phase: Phase, series: str, value: float) -> tuple[Tally, int]:
        now = self._clock()
        tally = Tally(
            run=run.id,
            phase=phase.name,
            component=ENVIRONMENT,
            attempt=1,
            series=series,
            arm=Arm.CONTROL,
            bucket=int(now.timestamp()),
            seen=1,
            total=value,
            writer=self._writer,
            sequence=next(self._sequence),
        )
        return tally, int(now.timestamp() * 1000)


def known_to_sources(plan: Plan, run: Run, origin: str) -> dict[str, str]:
    """Return the endpoints by name, and of labelled cases NAME.directory, NAME.file and NAME.url.

    No endpoint can be called like these, since names have no dots.
    """
    endpoints = {**dict(plan.endpoints), **run.endpoints}
    directory = str(Path(origin).parent)
    for case in plan.cases:
        told = {"directory": directory, "file": case.file, "url": _fill(case.url, endpoints)}
        endpoints |= {f"{case.name}.{key}": value for key, value in told.items()}
    return endpoints


def _pause(tries: int) -> timedelta:
    """Return how long to wait after so many tries without an answer."""
    doublings = min(max(0, tries - SOON), 10)
    return min(TRY_AGAIN * (1 << doublings), LONGEST_PAUSE)


def options_of(plan: Plan, run: Run, step: Step, origin: str) -> dict[str, str]:
    """Return what a check needs to know for a step, with `{endpoint}` filled in.

    kind names the check; directory is where the plan's files are.
    """
    endpoints = {**dict(plan.endpoints), **run.endpoints}
    options = {"kind": "command"}
    if step.kind is StepKind.RUN:
        options["command"] = step.argument
    elif step.kind is StepKind.CHECK:
        spec = next(spec for spec in plan.checks if spec.name == step.argument)
        options |= {**dict(spec.options), "kind": spec.kind}
    else:
        case = next(case for case in plan.cases if case.name == step.argument)
        options |= {"kind": "evaluate", "file": case.file, "url": case.url}
        options["counts"] = step.metric or ""
    # Last, so that no option of a plan chooses another folder.
    options["directory"] = str(Path(origin).parent)
    # Programs learn the endpoints from their environment: CLINIC_URL for the endpoint `clinic`.
    variables = {f"env.{name.upper()}_URL": url for name, url in endpoints.items()}
    filled = {name: _fill(value, endpoints) for name, value in options.items()}
    return filled | variables | {"env.PHASEGATE_RUN": run.id}


def _fill(text: str, endpoints: Mapping[str, str]) -> str:
    for name, url in endpoints.items():
        text = text.replace("{" + name + "}", url)
    return text


def _outcome(seen: Exercise) -> Outcome:
    """Nothing exercised is never healthy."""
    if seen.passed is None or seen.exercised == 0:
        return Outcome.INVALID
    return Outcome.PASS if seen.passed else Outcome.FAIL
