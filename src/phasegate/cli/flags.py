"""What the flag commands share: the environment, and how a change is asked for and told."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import wraps
from typing import TypeVar
from urllib.parse import quote

import click

from phasegate.cli import options, shapes
from phasegate.cli.connection import Connection, Raw
from phasegate.cli.printing import print_json

F = TypeVar("F", bound=Callable[..., object])

Body = Mapping[str, object]
"""What a change is, as the server is asked for it; None: nothing is said of that."""


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


def changing(what: str) -> Callable[[Callable[..., Body]], options.Command]:
    """Make a command of a function that says what a change of a flag is, beside its reason.

    The function gets the flag's key, and its own options by name. Added are --reason, --environment
    and --json; what it returns is asked for, and told as the event that it became.
    """

    def made(said: Callable[..., Body]) -> options.Command:
        @options.reason
        @environment
        @options.as_json
        @options.connected
        @wraps(said)
        def command(
            *,
            api: Connection,
            key: str,
            reason: str,
            environment: str | None,
            as_json: bool,
            **given: object,
        ) -> None:
            body = {**said(key, **given), "reason": reason}
            told = {name: value for name, value in body.items() if value is not None}
            raw = api.post(path(key, what), told, **query(environment))
            _tell(key, raw, as_json=as_json)

        return command

    return made


def _tell(key: str, raw: Raw, *, as_json: bool) -> None:
    """Say which event a change became, and what goes along with it."""
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
