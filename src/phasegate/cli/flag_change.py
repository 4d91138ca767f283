"""`phasegate flag set`, `schedule`, `unschedule`, `kill` and `revive`: who gets a flag."""

from __future__ import annotations

import click

from phasegate.cli import options, values
from phasegate.cli.connection import Connection
from phasegate.cli.flags import change, environment


@click.command("set")
@click.argument("key")
@click.argument("share", callback=values.exposure)
@options.reason
@environment
@options.as_json
@options.connected
def set_flag(
    *, api: Connection, key: str, share: int, reason: str, environment: str | None, as_json: bool
) -> None:
    """Serve a flag to a share of everybody. Refused while a run has the flag.

    \b
    Examples:
      phasegate flag set new_cart 25% --reason "pilot ward"
    """
    body = {"exposure": share, "reason": reason}
    change(api, key, "set", body, environment, as_json=as_json)


@click.command()
@click.argument("key")
@click.argument("share", callback=values.exposure)
@click.option("--at", required=True, metavar="TIME", help="Like 2030-01-02T09:00+02:00.")
@options.reason
@environment
@options.as_json
@options.connected
def schedule(
    *,
    api: Connection,
    key: str,
    share: int,
    at: str,
    reason: str,
    environment: str | None,
    as_json: bool,
) -> None:
    """Set a flag at a time to come. What may not be set then is taken off, on record.

    \b
    Examples:
      phasegate flag schedule new_cart 100% --at 2030-01-02T09:00+02:00 \\
        --reason opening
    """
    body = {"exposure": share, "at": at, "reason": reason}
    change(api, key, "schedule", body, environment, as_json=as_json)


@click.command()
@click.argument("key")
@click.option(
    "--event", type=values.EVENT, help="Only what this event scheduled; by default everything."
)
@options.reason
@environment
@options.as_json
@options.connected
def unschedule(
    *,
    api: Connection,
    key: str,
    event: int | None,
    reason: str,
    environment: str | None,
    as_json: bool,
) -> None:
    """Take back what is scheduled for a flag.

    \b
    Examples:
      phasegate flag unschedule new_cart --reason "the opening is postponed"
    """
    body = {"scheduled": event, "reason": reason}
    change(api, key, "unschedule", body, environment, as_json=as_json)


@click.command()
@click.argument("key")
@options.reason
@environment
@options.as_json
@options.connected
def kill(api: Connection, key: str, reason: str, environment: str | None, as_json: bool) -> None:
    """Serve a flag to nobody, whatever a run wants, until it is revived.

    Flags that require it are off as well; the answer names them.

    \b
    Examples:
      phasegate flag kill new_cart --reason "wrong totals"
    """
    change(api, key, "kill", {"reason": reason}, environment, as_json=as_json)


@click.command()
@click.argument("key")
@options.reason
@environment
@options.as_json
@options.connected
def revive(api: Connection, key: str, reason: str, environment: str | None, as_json: bool) -> None:
    """Serve a killed flag again as its run, or the last setting, has it.

    \b
    Examples:
      phasegate flag revive new_cart --reason "fixed in 2.4.1"
    """
    change(api, key, "revive", {"reason": reason}, environment, as_json=as_json)
