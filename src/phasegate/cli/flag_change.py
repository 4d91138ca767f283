"""`phasegate flag set`, `schedule`, `unschedule`, `kill` and `revive`: who gets a flag."""

from __future__ import annotations

import click

from phasegate.cli import values
from phasegate.cli.flags import Body, changing


@click.command("set")
@click.argument("key")
@click.argument("share", callback=values.exposure)
@changing("set")
def set_flag(_: str, *, share: int) -> Body:
    """Serve a flag to a share of everybody. Refused while a run has the flag.

    \b
    Examples:
      phasegate flag set new_cart 25% --reason "pilot ward"
    """
    return {"exposure": share}


@click.command()
@click.argument("key")
@click.argument("share", callback=values.exposure)
@click.option("--at", required=True, metavar="TIME", help="Like 2030-01-02T09:00+02:00.")
@changing("schedule")
def schedule(_: str, *, share: int, at: str) -> Body:
    """Set a flag at a time to come. What may not be set then is taken off, on record.

    \b
    Examples:
      phasegate flag schedule new_cart 100% --at 2030-01-02T09:00+02:00 \\
        --reason opening
    """
    return {"exposure": share, "at": at}


@click.command()
@click.argument("key")
@click.option(
    "--event", type=values.EVENT, help="Only what this event scheduled; by default everything."
)
@changing("unschedule")
def unschedule(_: str, *, event: int | None) -> Body:
    """Take back what is scheduled for a flag.

    \b
    Examples:
      phasegate flag unschedule new_cart --reason "the opening is postponed"
    """
    return {"scheduled": event}


@click.command()
@click.argument("key")
@changing("kill")
def kill(_: str) -> Body:
    """Serve a flag to nobody, whatever a run wants, until it is revived.

    Flags that require it are off as well; the answer names them.

    \b
    Examples:
      phasegate flag kill new_cart --reason "wrong totals"
    """
    return {}


@click.command()
@click.argument("key")
@changing("revive")
def revive(_: str) -> Body:
    """Serve a killed flag again as its run, or the last setting, has it.

    \b
    Examples:
      phasegate flag revive new_cart --reason "fixed in 2.4.1"
    """
    return {}
