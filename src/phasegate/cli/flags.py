"""What the flag commands share: the environment, and how a change is asked for and told."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar
from urllib.parse import quote

import click

from phasegate.cli import shapes
from phasegate.cli.connection import Connection
from phasegate.cli.printing import print_json

F = TypeVar("F", bound=Callable[..., object])


def environment(command: F) -> F:
    """Add --environment."""
    return click.option(
        "--environment",
        metavar="NAME",
        envvar="PHASEGATE_ENVIRONMENT",
        help="Which environment; by default the server's own.",
    )(command)


def path(key: str, change: str = "") -> str:
    """Return where a flag, or a change of it, is found."""
    whole = f"/api/v1/flags/{quote(key, safe='')}"
    return f"{whole}/{change}" if change else whole


def query(environment: str | None) -> dict[str, str]:
    """Return the environment as a query."""
    return {"environment": environment} if environment else {}


def change(
    api: Connection,
    key: str,
    what: str,
    body: Mapping[str, object],
    environment: str | None,
    *,
    as_json: bool,
) -> None:
    """Ask for a change of a flag and say which event it became, and what goes along with it."""
    told = {name: value for name, value in body.items() if value is not None}
    raw = api.post(path(key, what), told, **query(environment))
    if as_json:
        print_json(raw)
        return
    event = shapes.event(raw)
    click.echo(f"{key}: {event.kind} (event {event.number} of {event.log})")
    if raw.get("new"):
        click.echo(f"{key} is a new flag: nobody had created it, and no run exposes it")
    along = raw.get("dependents") or []
    if along:
        click.echo(f"off along with it, because they require it: {', '.join(map(str, along))}")
