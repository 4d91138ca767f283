"""`phasegate flag list`, `show` and `stale`: what applications are served, and since when."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any  # flag documents are JSON

import click

from phasegate.cli import options, shapes
from phasegate.cli.connection import Connection, Raw
from phasegate.cli.failing import unexpected
from phasegate.cli.flags import environment, path, query
from phasegate.cli.printing import print_json, print_table
from phasegate.cli.values import Number
from phasegate.cli.wording import exposure as shown_exposure
from phasegate.core.plan import EVERYONE
from phasegate.flags.document import OFF, ON, SHADOW


@dataclass(frozen=True, kw_only=True)
class FlagLine:
    """One flag as it is served.

    exposure   basis points; of a shadow, those that run it; None: it has a rule of its own.
    """

    flag: str
    exposure: int | None
    mode: str
    on_trial: bool
    killed: bool
    archived: bool = False
    requires: tuple[str, ...] = ()


@click.command("list")
@environment
@options.as_json
@options.connected
def list_flags(api: Connection, environment: str | None, as_json: bool) -> None:
    """List the flags that applications are served.

    \b
    Examples:
      phasegate flag list --environment demo
    """
    document = api.get("/api/v1/flags", **query(environment))
    lines = flag_lines(document)
    if as_json:
        print_json({"flags": [asdict(line) for line in lines]})
        return
    meta = document.get("metadata", {})
    click.echo(f"{meta.get('flagSetId', '')}, version {meta.get('version', '?')}")
    if lines:
        print_table(HEADS, (_cells(line) for line in lines))
    else:
        click.echo("no flag is served here; a run exposes them, or `phasegate flag create` does")


@click.command()
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
    raw = api.get(path(key), **query(environment))
    line = one_line(key, raw.get("served", {}), raw.get("shadow"))
    if as_json:
        print_json({**asdict(line), "record": raw.get("record"), "history": raw.get("history")})
        return
    for name, value in zip(HEADS, _cells(line), strict=True):
        click.echo(f"{name.strip('>'):<10} {value or 'no'}")
    _print_record(raw.get("record") or {}, raw.get("dependents") or [])
    for one in raw.get("history", []):
        event = shapes.event(one)
        at = event.at.strftime("%Y-%m-%d %H:%M")
        click.echo(f"{event.number:>4}  {at}  {event.actor}: {event.kind} – {event.body['reason']}")


def _print_record(record: Raw, dependents: list[str]) -> None:
    told = {
        "owner": record.get("owner"),
        "about": record.get("about"),
        "expires": record.get("expires"),
        "needed by": ", ".join(dependents),
        **{
            f"event {one['number']}": f"{shown_exposure(one['exposure'])} from {one['at']}"
            for one in record.get("scheduled", [])
        },
    }
    for name, value in told.items():
        if value:
            click.echo(f"{name:<10} {value}")


@click.command()
@click.option(
    "--days",
    type=Number(click.IntRange(1, 36_500), "number of days, like 30"),
    default=30,
    show_default=True,
    help="How long without any change.",
)
@environment
@options.as_json
@options.connected
def stale(api: Connection, days: int, environment: str | None, as_json: bool) -> None:
    """List flags that have outlived their purpose, and why one would say so.

    \b
    Examples:
      phasegate flag stale --days 60
    """
    raw = api.get("/api/v1/flag-standings", days=days, **query(environment))
    found = [one for one in raw.get("flags", []) if one.get("why")]
    if as_json:
        print_json({"flags": found})
        return
    if not found:
        click.echo("no flag has outlived its purpose")
        return
    rows = [(str(one["key"]), str(one["owner"]), "; ".join(one["why"])) for one in found]
    print_table(("flag", "owner", "why"), rows)


def flag_lines(document: Raw) -> tuple[FlagLine, ...]:
    """Read a flag document as phasegate writes it; a shadow belongs to its flag's line."""
    flags = document.get("flags")
    if not isinstance(flags, dict):
        raise unexpected("no flag document")
    return tuple(
        one_line(key, served, flags.get(key + SHADOW))
        for key, served in flags.items()
        if not key.endswith(SHADOW)
    )


def one_line(key: str, served: Any, shadow: Any = None) -> FlagLine:
    """Read one flag as it is served. Raises Failed for another shape."""
    try:
        marks = served.get("metadata", {})
        trial = marks.get("onTrial", False) or bool(shadow and shadow.get("metadata"))
        return FlagLine(
            flag=key,
            exposure=_exposure(shadow or served),
            mode="shadow" if shadow else "live",
            on_trial=bool(trial),
            killed=bool(marks.get("killed", False)),
            archived=bool(marks.get("archived", False)),
            requires=tuple(map(str, served.get("requires", ()))),
        )
    except (KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
        raise unexpected(f"a flag had another shape ({type(error).__name__})") from error


def _exposure(definition: Mapping[str, Any]) -> int | None:
    if definition["variants"] != {ON: True, OFF: False}:
        return None
    targeting = definition.get("targeting")
    if not targeting:
        return EVERYONE if definition["defaultVariant"] == ON else 0
    entries = targeting.get("fractional", [])
    share = entries[0] if entries else []
    rollout = isinstance(share, list) and len(share) == 2 and share[0] == ON
    return int(share[1]) if rollout else None


HEADS = ("flag", "exposure>", "mode", "on trial", "by hand", "requires")


def _cells(line: FlagLine) -> tuple[str, str, str, str, str, str]:
    by_hand = "archived" if line.archived else ("killed" if line.killed else "")
    return (
        line.flag,
        "by rule" if line.exposure is None else shown_exposure(line.exposure),
        line.mode,
        "yes" if line.on_trial else "",
        by_hand,
        ", ".join(line.requires),
    )
