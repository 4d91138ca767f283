"""`phasegate audit`: whether a run's log is what was written."""

from __future__ import annotations

import click

from phasegate.cli import options, runs
from phasegate.cli.connection import Connection
from phasegate.cli.failing import Failed, unexpected
from phasegate.cli.lazy import Commands
from phasegate.cli.printing import print_json


@click.group(cls=Commands)
def audit() -> None:
    """Prove that nobody changed a log behind the control plane's back."""


@audit.command()
@options.run_argument
@options.as_json
@options.connected
def verify(api: Connection, run: str | None, as_json: bool) -> None:
    """Check the hash chain of a run's log; exit code 1 if it does not hold.

    It finds edits, gaps and changes of order. A log that was cut at its end shows only beside a
    number that is known from elsewhere, so the number of events is printed.

    \b
    Examples:
      phasegate audit verify
      phasegate audit verify checkout-3f09aa
    """
    name = runs.resolve(api, run)
    found = api.get(runs.path(name, "audit"))
    count, flaws = found.get("events"), found.get("flaws")
    if not isinstance(count, int) or not isinstance(flaws, list):
        raise unexpected("no audit")
    if count == 0:
        raise runs.unknown(name)
    if as_json:
        print_json({"run": name, **found})
    if flaws:
        raise Failed(
            "log-flawed",
            f"the log of {name} is not what was written: " + "; ".join(map(str, flaws)),
            "Trust nothing that rests on it; restore the store, and find out who wrote to it.",
        )
    if not as_json:
        click.echo(f"{name}: the chain of {count} events holds")
