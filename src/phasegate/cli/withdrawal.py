"""A rollback by hand: asked for, awaited until the target confirms it, and told with its time."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import timedelta

import click

from phasegate.cli import runs, shapes
from phasegate.cli.connection import Connection
from phasegate.cli.failing import Failed
from phasegate.cli.printing import print_json
from phasegate.cli.wording import milliseconds
from phasegate.core.event import Event

LOOK_EVERY_S = 0.1


@dataclass(frozen=True, kw_only=True)
class Withdrawal:
    """What is asked. wait: how long to wait until it is confirmed; None: not at all."""

    run: str
    phase: str
    reason: str
    components: tuple[str, ...] = ()
    emergency: bool = False
    wait: timedelta | None


def withdraw(api: Connection, asked: Withdrawal, *, as_json: bool) -> None:
    """Ask for a rollback and tell how it went. Raises Failed if it is not confirmed in time."""
    command = "emergency" if asked.emergency else "rollback"
    body = {
        "phase": asked.phase,
        "components": list(asked.components),
        "reason": asked.reason,
    }
    started = shapes.event(api.post(runs.path(asked.run, command), body))
    names = ", ".join(started.body["components"])  # type: ignore[arg-type]  # JSON: a list of names
    names = names or f"{started.body['phase']} (nothing of it was exposed)"
    if not as_json:
        click.echo(f"{asked.run}: rolling back {names} (event {started.number})")
    confirmed = _await(api, asked, started) if asked.wait else None
    if as_json:
        print_json(_told(asked, started, confirmed))
    elif confirmed:
        safe = milliseconds(float(str(confirmed.body["time_to_safe_ms"])))
        click.echo(f"{asked.run}: {names} confirmed back at the target, safe after {safe}")


def _await(api: Connection, asked: Withdrawal, started: Event) -> Event:
    deadline = time.monotonic() + (asked.wait or timedelta(0)).total_seconds()
    while True:
        for event in runs.events(api, asked.run, started.number):
            if event.kind == "rollback_confirmed" and event.body["rollback"] == started.number:
                return event
        if time.monotonic() > deadline:
            raise Failed(
                "rollback-unconfirmed",
                f"{asked.run}: event {started.number} is not confirmed at the target yet",
                f"The control plane goes on trying; follow it: phasegate run watch {asked.run}.",
            )
        time.sleep(LOOK_EVERY_S)


def _told(asked: Withdrawal, started: Event, confirmed: Event | None) -> dict[str, object]:
    return {
        "run": asked.run,
        "event": started.number,
        "components": started.body["components"],
        "confirmed": confirmed is not None,
        "time_to_safe_ms": confirmed.body["time_to_safe_ms"] if confirmed else None,
    }
