"""What people do: each function loads, asks the core, and appends if nobody was faster."""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from phasegate import planfile
from phasegate.core.command import OPERATING, Draft, Person, Refusal, Request, handle, may_not
from phasegate.core.event import START_OF_CHAIN, Event, Json, chain
from phasegate.core.plan import KNOW_SUBJECTS, Metric, Plan
from phasegate.core.problem import Problem
from phasegate.core.run import Run, replay
from phasegate.core.watching import COUNTED_KINDS
from phasegate.flags.journal import Journal, log_of, read
from phasegate.flags.life import Before, before_change, named, refused
from phasegate.flags.stale import Standing, standings
from phasegate.ports import Conflict, Store, Unavailable

TRIES = 5
"""How often a person's request is handled anew when somebody else's event came first."""

PRODUCTION = "prod"
"""How the names of environments begin in which no duration may be shortened."""

NAME = r"[A-Za-z][A-Za-z0-9_-]{0,79}"

MOST_PACE = 1_000_000
"""A week becomes less than a second: nothing can be watched in less."""

LONGEST_START = timedelta(seconds=5)
"""For how long a start that never ended keeps others from starting."""


@dataclass(frozen=True, kw_only=True)
class Rejected:
    """The plan is wrong: everything that is wrong with it."""

    problems: tuple[Problem, ...]


@dataclass(frozen=True, kw_only=True)
class StartRequest:
    """What a run is started with. origin: the path of the plan file, for the files beside it.

    environment  None: the plan's own. pace: by how much every duration is shortened, >= 1.
    """

    text: str
    origin: str
    environment: str | None = None
    pace: float = 1.0
    endpoints: Mapping[str, str] | None = None


def start(
    store: Store, request: StartRequest, actor: Person, now: datetime
) -> Event | Refusal | Rejected:
    """Start a run of a plan; the first event of its log is returned."""
    if actor.role not in OPERATING:
        return may_not(actor, "start a run", OPERATING)
    parsed = planfile.parse(request.text, request.origin)
    if parsed.plan is None or any(p.is_error for p in parsed.problems):
        return Rejected(problems=parsed.problems)
    plan = parsed.plan
    environment = request.environment or plan.environment
    event = _run_started(plan, request, environment, actor, now)
    refusal = _names_refused(environment, request.endpoints or {}) or _pace_refused(
        request.pace, environment
    )
    if refusal:
        return refusal
    # Two people may start at the same moment: whoever gets this short lease looks first.
    door = f"start {environment}"
    if not store.acquire(door, event.log, now, now + LONGEST_START):
        return _start_under_way(environment)
    try:
        refusal = _busy(store, environment) or _watched_elsewhere(store, plan, environment)
        if refusal:
            return refusal
        store.save_plan(plan.hash, request.text, request.origin)
        store.append(event)
    finally:
        # Kept, it keeps others out for seconds; a start that was written stays one all the same.
        with suppress(Unavailable):
            store.acquire(door, event.log, now, now)
    return event


def command(
    store: Store, run_id: str, request: Request, actor: Person, now: datetime
) -> Event | Refusal:
    """Carry out a person's request on a run. Raises KeyError if there is no such run."""
    for _ in range(TRIES):
        run = load(store, run_id)
        answer = handle(_agreed(store, run), run, request, actor, now)
        if isinstance(answer, Refusal):
            return answer
        try:
            end = _End(log=run.id, number=run.number, head=run.head)
            return _append(store, end, answer, actor, now)
        except Conflict:
            continue
    return _too_busy(run_id)


def load(store: Store, run_id: str) -> Run:
    """Fold a run from its log. Raises KeyError if there is no such run."""
    events = store.events(run_id)
    if not events or run_id.startswith(log_of("")):
        raise KeyError(run_id)
    return replay(events)


def runs(store: Store) -> list[Run]:
    """Return every run, oldest first."""
    return [load(store, name) for name in store.logs() if not name.startswith(log_of(""))]


def change_flag(
    store: Store, environment: str, draft: Draft, actor: Person, now: datetime
) -> Event | Refusal:
    """Change a flag by hand: draft is one of the events that flags.journal knows."""
    if actor.role not in OPERATING:
        return may_not(actor, "change flags", OPERATING)
    for _ in range(TRIES):
        before = flags_before(store, environment, now)
        refusal = refused(before, environment, draft)
        if refusal:
            return refusal
        log, held = log_of(environment), before.journal
        try:
            end = _End(log=log, number=held.number, head=held.head or START_OF_CHAIN)
            return _append(store, end, named(before, draft), actor, now)
        except Conflict:
            continue
    return _too_busy(log_of(environment))


def flags_before(store: Store, environment: str, now: datetime) -> Before:
    """Return an environment's flags as a change of them finds them."""
    # The journal first: what a run takes after it was read makes the append a conflict, or is
    # seen here.
    held = journal(store, environment)
    here = [run for run in runs(store) if run.environment == environment]
    return before_change(held, store.flag_states(environment)[1], here, now)


def flag_standings(store: Store, environment: str, now: datetime, days: int) -> list[Standing]:
    """Return every flag of an environment, and what speaks for taking it out of the code."""
    before = flags_before(store, environment, now)
    by_runs: dict[str, datetime] = {}
    for run in runs(store):
        if run.environment == environment:
            last = store.events(run.id)[-1].at
            for trial in run.trials.values():
                by_runs[trial.flag] = max(last, by_runs.get(trial.flag, last))
    return standings(before.journal, before.states, by_runs, now, days)


def journal(store: Store, environment: str) -> Journal:
    """Return what people did to an environment's flags."""
    return read(store.events(log_of(environment)))


@dataclass(frozen=True, kw_only=True)
class _End:
    """Where a log ended when it was read."""

    log: str
    number: int
    head: str


def _append(store: Store, end: _End, draft: Draft, actor: Person, now: datetime) -> Event:
    event = chain(
        log=end.log,
        number=end.number + 1,
        at=now,
        kind=draft.kind,
        actor=actor.name,
        body=draft.body,
        previous=end.head,
    )
    store.append(event)
    return event


def _run_started(
    plan: Plan, request: StartRequest, environment: str, actor: Person, now: datetime
) -> Event:
    body: dict[str, Json] = {
        "plan": plan.name,
        "plan_hash": plan.hash,
        "author": plan.author,
        "environment": environment,
        "origin": request.origin,
        "pace": request.pace,
        "endpoints": dict(request.endpoints or {}),
    }
    return chain(
        log=_new_id(plan.name),
        number=1,
        at=now,
        kind="run_started",
        actor=actor.name,
        body=body,
        previous=START_OF_CHAIN,
    )


def _new_id(plan: str) -> str:
    return f"{re.sub(r'[^a-z0-9]+', '-', plan.lower()).strip('-')}-{secrets.token_hex(3)}"


def _watched_elsewhere(store: Store, plan: Plan, environment: str) -> Refusal | None:
    """Refuse a second run over the same flags where a metric source would count for both.

    Our own telemetry says which environment it is of. A source says so only if it is asked: a run
    must never pass, or be taken back, on the traffic of another.
    """
    wanted = _flags_counted_everywhere(plan)
    for run in runs(store):
        if run.ended is not None or run.environment == environment:
            continue
        other = _agreed(store, run)
        shared = wanted & _flags_counted_everywhere(other) if other else wanted
        if shared:
            return Refusal(
                code="flags-watched-elsewhere",
                message=f"run {run.id} in {run.environment} watches {', '.join(sorted(shared))} "
                "too, and a metric source would count both as one",
                remedy="Name {environment} in the metrics' queries (:environment in SQL), or wait "
                "until that run has ended.",
            )
    return None


def _agreed(store: Store, run: Run) -> Plan | None:
    """Return the plan that a run follows; None where its text is gone or read differently."""
    try:
        plan = planfile.parse_unreviewed(*store.plan_text(run.plan_hash)).plan
    except KeyError:
        return None
    return plan if plan is not None and plan.hash == run.plan_hash else None


def _flags_counted_everywhere(plan: Plan) -> set[str]:
    """Return what a metric source counts by arm without being told of which environment."""
    return {
        name
        for phase in plan.phases
        if any(_counts_everywhere(plan.metric(each.metric)) for each in phase.conditions)
        for component in phase.components
        for name in (component.flag, component.name)
    }


def _counts_everywhere(metric: Metric) -> bool:
    asked = (metric.query, metric.query_all, metric.query_part)
    return (
        metric.kind in COUNTED_KINDS
        and metric.source not in KNOW_SUBJECTS
        and not all("{environment}" in one or ":environment" in one for one in asked if one)
    )


def _names_refused(environment: str, endpoints: Mapping[str, str]) -> Refusal | None:
    if not re.fullmatch(NAME, environment):
        return Refusal(
            code="environment-form",
            message=f"{environment[:80]!r} cannot be the name of an environment",
            remedy="Use letters, digits, _ and -, a letter first.",
        )
    for name, url in endpoints.items():
        if urlsplit(url).username is not None:
            return Refusal(
                code="endpoint-secret",
                message=f"the URL of endpoint {name} carries a user or a password",
                remedy="Leave them out: what a run is started with is kept in its log.",
            )
    return None


def _pace_refused(pace: float, environment: str) -> Refusal | None:
    if pace < 1:
        return Refusal(
            code="pace-below-one",
            message=f"a pace of {pace:g} would lengthen the plan's durations",
            remedy="Give a pace of 1 or more; 60 turns hours into minutes.",
        )
    if pace > MOST_PACE:
        return Refusal(
            code="pace-too-high",
            message=f"a pace of {pace:g} would leave nothing of the plan's durations",
            remedy=f"Give a pace of at most {MOST_PACE:,}.",
        )
    if pace != 1 and environment.casefold().startswith(PRODUCTION):
        return Refusal(
            code="pace-in-production",
            message="durations may not be shortened in production",
            remedy="Leave --pace out, or name another environment: --environment demo.",
        )
    return None


def _start_under_way(environment: str) -> Refusal:
    return Refusal(
        code="too-busy",
        message=f"somebody else is starting a run in {environment} at this moment",
        remedy="Nothing was started here; see what they started: phasegate run list.",
    )


def _busy(store: Store, environment: str) -> Refusal | None:
    for run in runs(store):
        if run.environment == environment and run.ended is None:
            return Refusal(
                code="environment-busy",
                message=f"run {run.id} is under way in {environment} ({run.status.value})",
                remedy=f"Follow it (phasegate run watch {run.id}), or end it first: "
                f"phasegate run rollback {run.id} --phase all --reason TEXT.",
            )
    return None


def _too_busy(log: str) -> Refusal:
    return Refusal(
        code="too-busy",
        message=f"others kept writing to {log}",
        remedy="Nothing was changed; try again.",
    )
