"""`phasegate run pause`, `resume`, `rollback` and `retry`: what operators may ask of a run."""

from __future__ import annotations

from datetime import timedelta

import click

from phasegate.cli import options, runs, shapes
from phasegate.cli.connection import Connection
from phasegate.cli.printing import print_json
from phasegate.cli.rollback import waiting
from phasegate.cli.withdrawal import Withdrawal, withdraw


def order(
    api: Connection, run: str, command: str, body: dict[str, object], *, as_json: bool
) -> None:
    """Send a command and say which event it became."""
    raw = api.post(runs.path(run, command), body)
    if as_json:
        print_json(raw)
        return
    event = shapes.event(raw)
    click.echo(f"{run}: {event.kind} (event {event.number})")


@click.command()
@options.run_argument
@options.reason
@options.as_json
@options.connected
def pause(api: Connection, run: str | None, reason: str, as_json: bool) -> None:
    """Stop going forward. Exposure stays as it is, and guards go on watching.

    \b
    Examples:
      phasegate run pause --reason "the clinic moves house today"
    """
    order(api, runs.resolve(api, run), "pause", {"reason": reason}, as_json=as_json)


@click.command()
@options.run_argument
@options.reason
@options.as_json
@options.connected
def resume(api: Connection, run: str | None, reason: str, as_json: bool) -> None:
    """Go on after a pause.

    \b
    Examples:
      phasegate run resume --reason "all is quiet"
    """
    order(api, runs.resolve(api, run), "resume", {"reason": reason}, as_json=as_json)


@click.command("rollback")
@options.run_argument
@click.option(
    "--phase",
    metavar="PHASE",
    default="current",
    show_default=True,
    help="A phase's name, `current`, or `all`, which ends the run.",
)
@options.components
@options.reason
@waiting
@options.as_json
@options.connected
def roll_back(
    *,
    api: Connection,
    run: str | None,
    phase: str,
    components: tuple[str, ...],
    reason: str,
    no_wait: bool,
    timeout: timedelta,
    as_json: bool,
) -> None:
    """Withdraw a phase and what came after it, wait until that is confirmed, and print the time.

    \b
    Examples:
      phasegate run rollback --component new_cart --reason "prices look wrong"
      phasegate run rollback checkout-3f09aa --phase all \\
        --reason "the pilot is over"
    """
    asked = Withdrawal(
        run=runs.resolve(api, run),
        phase=phase,
        reason=reason,
        components=components,
        wait=None if no_wait else timeout,
    )
    withdraw(api, asked, as_json=as_json)


@click.command()
@options.run_argument
@options.components
@options.reason
@options.as_json
@options.connected
def retry(
    api: Connection, run: str | None, components: tuple[str, ...], reason: str, as_json: bool
) -> None:
    """Try again: withdrawn components (all, if none is named), or the gates of the phase.

    Steps run anew, gates start from nothing, and the phase needs new sign-offs.

    \b
    Examples:
      phasegate run retry --component new_cart --reason "fixed in 2.4.1"
    """
    body: dict[str, object] = {"components": list(components), "reason": reason}
    order(api, runs.resolve(api, run), "retry", body, as_json=as_json)
