"""A run folded from its events."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import cast

from phasegate.core.event import Event
from phasegate.core.run.body import number_in, text_in
from phasegate.core.run.changes import CHANGES
from phasegate.core.run.state import Run


def replay(events: Iterable[Event]) -> Run:
    """Fold a run's events, the first of which is `run_started`. Raises ValueError otherwise."""
    run: Run | None = None
    for event in events:
        run = start(event) if run is None else apply(run, event)
    if run is None:
        raise ValueError("a run has at least one event")
    return run


def start(event: Event) -> Run:
    """Return the run that a `run_started` event begins."""
    if event.kind != "run_started" or event.number != 1:
        raise ValueError(f"{event.log}: event {event.number} {event.kind} cannot begin a run")
    body = event.body
    return Run(
        id=event.log,
        plan_hash=text_in(body, "plan_hash"),
        environment=text_in(body, "environment"),
        pace=number_in(body, "pace"),
        endpoints=cast("dict[str, str]", body["endpoints"]),
        author=text_in(body, "author"),
        started_by=event.actor,
        started_at=event.at,
        origin=str(body.get("origin", "")),
        number=event.number,
        head=event.hash,
    )


def apply(run: Run, event: Event) -> Run:
    """Return the run after one more event. Raises ValueError for a gap or an unknown kind."""
    if event.number != run.number + 1:
        raise ValueError(f"{run.id}: event {event.number} does not follow {run.number}")
    change = CHANGES.get(event.kind)
    if change is None:
        raise ValueError(f"{run.id}: unknown event {event.kind}; known: {sorted(CHANGES)}")
    return replace(change(run, event), number=event.number, head=event.hash)
