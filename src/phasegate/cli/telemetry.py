"""`phasegate telemetry`: what became of everything that applications have sent here."""

from __future__ import annotations

import click

from phasegate.cli import options
from phasegate.cli.connection import Connection, Raw
from phasegate.cli.printing import print_json

MEANING = {
    "joined": "counted for a run",
    "exposures": "said only what a flag evaluated to",
    "waiting": "may still learn of an exposure",
    "unjoined": "outcomes whose exposure did not come in time",
    "stray_exposures": "exposures whose request did not come, or was not the only one",
    "skewed": "too early or too late to be believed",
    "sampled": "refused, their stream leaves requests out",
    "ignored": "concern nothing that is watched",
    "points": "data points of metrics",
}

CALM = frozenset(("joined", "exposures", "waiting", "ignored", "points"))
"""What is as it should be, however many there are."""


@click.command()
@options.as_json
@options.connected
def telemetry(api: Connection, as_json: bool) -> None:
    """Say what became of the telemetry that this server has received since it began.

    Nothing is dropped unseen: what was not counted for a run stands here, with its reason.

    \b
    Examples:
      phasegate telemetry
      phasegate telemetry --json
    """
    told = api.get("/api/v1/telemetry")
    if as_json:
        print_json(told)
        return
    bodies: Raw = told.get("bodies") or {}
    for what in ("accepted", "rejected", "refused"):
        parts = ", ".join(f"{name} {count:,}" for name, count in bodies.get(what, {}).items())
        click.echo(f"{what:<16} {parts}")
    for name, meaning in MEANING.items():
        count = told.get(name, 0)
        mark = "" if name in CALM or not count else "  !"
        click.echo(f"{name:<16} {count:>12,}  {meaning}{mark}")
