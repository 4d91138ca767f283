"""`phasegate flag`: what applications are served, and changes of it by hand."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, TypeVar  # flag documents are JSON
from urllib.parse import quote

import click

from phasegate.cli import options, shapes, values
from phasegate.cli.connection import Connection, Raw
from phasegate.cli.failing import Failed, unexpected
from phasegate.cli.printing import print_json, print_table
from phasegate.cli.wording import exposure as shown_exposure
from phasegate.core.plan import EVERYONE

F = TypeVar("F", bound=Callable[..., object])

SHADOW = ".shadow"


@dataclass(frozen=True, kw_only=True)
class FlagLine:
    """One flag as it is served. exposure: basis points; of a shadow, those that run it."""

    flag: str
    exposure: int
    mode: str
    on_trial: bool
    killed: bool


def environment(command: F) -> F:
    """Add --environment."""
    return click.option(
        "--environment",
        metavar="NAME",
        envvar="PHASEGATE_ENVIRONMENT",
        help="Which environment; by default the server's own.",
    )(command)


@click.group()
def flag() -> None:
    """Look at flags, and change them by hand.

    The exposure of a flag under a run belongs to the run; killing it works at any time.
    """


@flag.command("list")
@environment
@options.as_json
@options.connected
def list_flags(api: Connection, environment: str | None, as_json: bool) -> None:
    """List the flags that applications are served.

    \b
    Examples:
      phasegate flag list --environment demo
    """
    document = api.get("/api/v1/flags", **_query(environment))
    lines = flag_lines(document)
    if as_json:
        print_json({"flags": [asdict(line) for line in lines]})
        return
    meta = document.get("metadata", {})
    click.echo(f"{meta.get('flagSetId', '')}, version {meta.get('version', '?')}")
    heads = ("flag", "exposure>", "mode", "on trial", "killed")
    print_table(heads, (_cells(line) for line in lines))


@flag.command()
@click.argument("key")
@environment
@options.as_json
@options.connected
def show(api: Connection, key: str, environment: str | None, as_json: bool) -> None:
    """Show one flag.

    \b
    Examples:
      phasegate flag show new_cart
    """
    lines = flag_lines(api.get("/api/v1/flags", **_query(environment)))
    found = next((line for line in lines if line.flag == key), None)
    if found is None:
        known = ", ".join(line.flag for line in lines) or "none"
        raise Failed("unknown-flag", f"there is no flag {key}", f"Known: {known}.")
    if as_json:
        print_json(asdict(found))
        return
    names = ("flag", "exposure", "mode", "on trial", "killed")
    for name, value in zip(names, _cells(found), strict=True):
        click.echo(f"{name:<10} {value or 'no'}")


@flag.command("set")
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
    _change(api, key, "set", body, environment, as_json=as_json)


@flag.command()
@click.argument("key")
@options.reason
@environment
@options.as_json
@options.connected
def kill(api: Connection, key: str, reason: str, environment: str | None, as_json: bool) -> None:
    """Serve a flag to nobody, whatever a run wants, until it is revived.

    \b
    Examples:
      phasegate flag kill new_cart --reason "wrong totals"
    """
    _change(api, key, "kill", {"reason": reason}, environment, as_json=as_json)


@flag.command()
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
    _change(api, key, "revive", {"reason": reason}, environment, as_json=as_json)


def flag_lines(document: Raw) -> tuple[FlagLine, ...]:
    """Read a flag document as phasegate writes it; a shadow belongs to its flag's line."""
    flags = document.get("flags")
    if not isinstance(flags, dict):
        raise unexpected("no flag document")
    try:
        return tuple(_flag_line(key, flags) for key in flags if not key.endswith(SHADOW))
    except (KeyError, TypeError, ValueError, IndexError) as error:
        raise unexpected(f"a flag had another shape ({type(error).__name__})") from error


def _flag_line(key: str, flags: Mapping[str, Any]) -> FlagLine:
    shadow = flags.get(key + SHADOW)
    marks = flags[key].get("metadata", {})
    trial = marks.get("onTrial", False) or bool(shadow and shadow.get("metadata"))
    return FlagLine(
        flag=key,
        exposure=_exposure(shadow or flags[key]),
        mode="shadow" if shadow else "live",
        on_trial=bool(trial),
        killed=bool(marks.get("killed", False)),
    )


def _exposure(definition: Mapping[str, Any]) -> int:
    targeting = definition.get("targeting")
    if targeting:
        return int(targeting["fractional"][0][1])
    return EVERYONE if definition["defaultVariant"] == "on" else 0


def _cells(line: FlagLine) -> tuple[str, str, str, str, str]:
    return (
        line.flag,
        shown_exposure(line.exposure),
        line.mode,
        "yes" if line.on_trial else "",
        "yes" if line.killed else "",
    )


def _change(
    api: Connection,
    key: str,
    change: str,
    body: Mapping[str, object],
    environment: str | None,
    *,
    as_json: bool,
) -> None:
    path = f"/api/v1/flags/{quote(key, safe='')}/{change}"
    raw = api.post(path, body, **_query(environment))
    if as_json:
        print_json(raw)
        return
    event = shapes.event(raw)
    click.echo(f"{key}: {event.kind} (event {event.number} of {event.log})")


def _query(environment: str | None) -> dict[str, str]:
    return {"environment": environment} if environment else {}
