"""`phasegate rollback`: exposure taken back by hand, at once or in good order."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import TypeVar

import click

from phasegate.cli import options, runs
from phasegate.cli.connection import Connection
from phasegate.cli.lazy import Commands
from phasegate.cli.values import duration
from phasegate.cli.withdrawal import Withdrawal, withdraw

F = TypeVar("F", bound=Callable[..., object])


def waiting(command: F) -> F:
    """Add --no-wait and --timeout."""
    no_wait = click.option("--no-wait", is_flag=True, help="End when it is decided, not confirmed.")
    timeout = click.option(
        "--timeout",
        callback=duration,
        metavar="DURATION",
        default="60s",
        show_default=True,
        help="How long to wait for the confirmation.",
    )
    return no_wait(timeout(command))


@click.group(cls=Commands)
def rollback() -> None:
    """Take exposure back by hand, and prove that it is back.

    Both commands wait until the target was read back, and print how long that took.
    """


@rollback.command()
@click.option(
    "--phase",
    metavar="PHASE",
    default="current",
    show_default=True,
    help="A phase's name, `current`, or `all`, which ends the run.",
)
@click.option("--reason", metavar="TEXT", default="", help="Why; may be given later.")
@options.components
@options.run_option
@waiting
@options.as_json
@options.connected
def emergency(
    *,
    api: Connection,
    phase: str,
    reason: str,
    components: tuple[str, ...],
    run: str | None,
    no_wait: bool,
    timeout: timedelta,
    as_json: bool,
) -> None:
    """Withdraw a phase now; questions are asked later.

    \b
    Examples:
      phasegate rollback emergency
      phasegate rollback emergency --phase all --reason "wrong doses shown"
    """
    asked = Withdrawal(
        run=runs.resolve(api, run),
        phase=phase,
        reason=reason,
        components=components,
        emergency=True,
        wait=None if no_wait else timeout,
    )
    withdraw(api, asked, as_json=as_json)


@rollback.command()
@click.option(
    "--phase",
    metavar="PHASE",
    required=True,
    help="A phase's name, `current`, or `all`, which ends the run.",
)
@options.reason
@options.components
@options.run_option
@waiting
@options.as_json
@options.connected
def controlled(
    *,
    api: Connection,
    phase: str,
    reason: str,
    components: tuple[str, ...],
    run: str | None,
    no_wait: bool,
    timeout: timedelta,
    as_json: bool,
) -> None:
    """Withdraw a phase and everything that came after it, with a reason.

    \b
    Examples:
      phasegate rollback controlled --phase phase_2_ai_core \\
        --reason "Performance issues"
    """
    asked = Withdrawal(
        run=runs.resolve(api, run),
        phase=phase,
        reason=reason,
        components=components,
        wait=None if no_wait else timeout,
    )
    withdraw(api, asked, as_json=as_json)
