"""Starting a run of a plan."""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

from phasegate import planfile
from phasegate.core.command import OPERATING, Person, Refusal, may_not
from phasegate.core.event import START_OF_CHAIN, Event, Json, chain
from phasegate.core.plan import Plan
from phasegate.core.problem import Problem
from phasegate.ports import Store, Unavailable
from phasegate.service.refusals import (
    busy,
    endpoints_refused,
    name_refused,
    pace_refused,
    start_under_way,
    watched_elsewhere,
)

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
    beside       finds what is wrong with the plan's folder, as the machine of the server has it.
    """

    text: str
    origin: str
    environment: str | None = None
    pace: float = 1.0
    endpoints: Mapping[str, str] | None = None
    beside: planfile.Look | None = None


def start(
    store: Store, request: StartRequest, actor: Person, now: datetime
) -> Event | Refusal | Rejected:
    """Start a run of a plan; the first event of its log is returned."""
    if actor.role not in OPERATING:
        return may_not(actor, "start a run", OPERATING)
    parsed = planfile.parse(request.text, request.origin, request.beside)
    if parsed.plan is None or any(p.is_error for p in parsed.problems):
        return Rejected(problems=parsed.problems)
    plan = parsed.plan
    environment = request.environment or plan.environment
    event = _run_started(plan, request, environment, actor, now)
    refusal = (
        name_refused(environment)
        or endpoints_refused(plan, request.endpoints or {})
        or pace_refused(request.pace, environment)
    )
    if refusal:
        return refusal
    # Two people may start at the same moment: whoever gets this short lease looks first.
    door = f"start {environment}"
    if not store.acquire(door, event.log, now, now + LONGEST_START):
        return start_under_way(environment)
    try:
        refusal = busy(store, environment) or watched_elsewhere(store, plan, environment)
        if refusal:
            return refusal
        store.save_plan(plan.hash, request.text, request.origin)
        store.append(event)
    finally:
        # Kept, it keeps others out for seconds; a start that was written stays one all the same.
        with suppress(Unavailable):
            store.acquire(door, event.log, now, now)
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
