"""`phasegate health`: whether the control plane lives, and whether somebody decides."""

from __future__ import annotations

import click

from phasegate.cli import options
from phasegate.cli.connection import OK, Connection
from phasegate.cli.failing import Failed
from phasegate.cli.printing import print_json


@click.command()
@options.as_json
@options.connected
def health(api: Connection, as_json: bool) -> None:
    """Say whether the control plane lives and decides; exit code 0 only if both.

    \b
    Examples:
      phasegate health
      phasegate health --server http://10.0.0.5:8080 --json
    """
    live, _ = api.ask("GET", "/health/live")
    status, ready = api.ask("GET", "/health/ready")
    is_ready = status == OK and ready.get("status") == "ready"
    why = str(ready.get("why") or f"HTTP status {status}")
    if as_json:
        print_json({"live": live == OK, "ready": is_ready, "why": None if is_ready else why})
    else:
        click.echo(f"live    {'yes' if live == OK else 'no'}")
        click.echo(f"ready   {'yes' if is_ready else 'no: ' + why}")
    if live != OK or not is_ready:
        raise Failed.told(
            "not-ready",
            f"{api.place} is not ready: {why}",
            "Exposure stays as it is until its lease ends; see the server's log.",
        )
