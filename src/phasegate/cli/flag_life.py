"""`phasegate flag create`, `define`, `describe`, `require`, `archive` …: the life of a flag."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar  # Any: a definition is JSON

import click

from phasegate.cli import options, shapes
from phasegate.cli.connection import Connection
from phasegate.cli.failing import Misused
from phasegate.cli.flags import change, environment, query
from phasegate.cli.printing import print_json

F = TypeVar("F", bound=Callable[..., object])

FILE = click.Path(path_type=Path)


def described(command: F) -> F:
    """Add --owner, --about and --expires."""
    for option in (
        click.option("--expires", metavar="DAY", help="When it should be gone from code."),
        click.option("--about", metavar="TEXT", help="What it is for."),
        click.option("--owner", metavar="NAME", help="Who answers for it."),
    ):
        command = option(command)
    return command


@click.command()
@click.argument("key")
@described
@click.option("--requires", multiple=True, metavar="KEY", help="A flag that must be on for it.")
@click.option("--file", type=FILE, help="A whole flagd flag, in JSON or YAML.")
@options.reason
@environment
@options.as_json
@options.connected
def create(
    *,
    api: Connection,
    key: str,
    owner: str | None,
    about: str | None,
    expires: str | None,
    requires: tuple[str, ...],
    file: Path | None,
    reason: str,
    environment: str | None,
    as_json: bool,
) -> None:
    """Bring a flag about. It is off for everyone, or what the file says.

    \b
    Examples:
      phasegate flag create new_cart --owner ada --expires 2030-03-01 \\
        --reason "cart rework"
      phasegate flag create page_size --file page_size.yaml --reason "tuning"
    """
    body = {
        "owner": owner,
        "about": about,
        "expires": expires,
        "requires": list(requires) or None,
        "definition": definition_in(file, key) if file else None,
        "reason": reason,
    }
    change(api, key, "create", body, environment, as_json=as_json)


@click.command()
@click.argument("key")
@click.argument("file", type=FILE)
@options.reason
@environment
@options.as_json
@options.connected
def define(
    *, api: Connection, key: str, file: Path, reason: str, environment: str | None, as_json: bool
) -> None:
    """Give a flag a rule of its own: a whole flagd flag, or a document that has it.

    \b
    Examples:
      phasegate flag define page_size page_size.yaml --reason "larger screens"
    """
    body = {"definition": definition_in(file, key), "reason": reason}
    change(api, key, "define", body, environment, as_json=as_json)


@click.command()
@click.argument("key")
@described
@options.reason
@environment
@options.as_json
@options.connected
def describe(
    *,
    api: Connection,
    key: str,
    owner: str | None,
    about: str | None,
    expires: str | None,
    reason: str,
    environment: str | None,
    as_json: bool,
) -> None:
    """Say who owns a flag, what it is for, and when it should be gone from code.

    \b
    Examples:
      phasegate flag describe new_cart --owner ben --expires 2030-06-01 \\
        --reason "new owner"
    """
    body = {"owner": owner, "about": about, "expires": expires, "reason": reason}
    change(api, key, "describe", body, environment, as_json=as_json)


@click.command()
@click.argument("key")
@click.argument("requires", nargs=-1)
@options.reason
@environment
@options.as_json
@options.connected
def require(
    *,
    api: Connection,
    key: str,
    requires: tuple[str, ...],
    reason: str,
    environment: str | None,
    as_json: bool,
) -> None:
    """Say which flags must be on for a flag to be on; none: it stands alone.

    \b
    Examples:
      phasegate flag require receipts payments --reason "receipts need payments"
    """
    body = {"requires": list(requires), "reason": reason}
    change(api, key, "require", body, environment, as_json=as_json)


@click.command()
@click.argument("key")
@options.reason
@environment
@options.as_json
@options.connected
def archive(api: Connection, key: str, reason: str, environment: str | None, as_json: bool) -> None:
    """Leave a flag to the code that still asks: everyone gets the code's own default.

    Refused while a run has it, while others require it, or while it is on for some only.

    \b
    Examples:
      phasegate flag archive new_cart --reason "gone from code in 3.0"
    """
    change(api, key, "archive", {"reason": reason}, environment, as_json=as_json)


@click.command()
@click.argument("key")
@options.reason
@environment
@options.as_json
@options.connected
def restore(api: Connection, key: str, reason: str, environment: str | None, as_json: bool) -> None:
    """Serve an archived flag again as it was.

    \b
    Examples:
      phasegate flag restore new_cart --reason "2.9 is still out there"
    """
    change(api, key, "restore", {"reason": reason}, environment, as_json=as_json)


@click.command()
@click.argument("version", type=click.Choice(["v2", "v3"]))
@options.reason
@environment
@options.as_json
@options.connected
def hashing(
    *, api: Connection, version: str, reason: str, environment: str | None, as_json: bool
) -> None:
    """Choose how an environment's flags bucket their subjects; refused while it would move any.

    v2 is what flagd, its Java and its JavaScript engines do; v3 is what its Python engine does.

    \b
    Examples:
      phasegate flag hashing v3 --reason "flagd's Python provider evaluates here"
    """
    body = {"hashing": version, "reason": reason}
    raw = api.post("/api/v1/flag-hashing", body, **query(environment))
    if as_json:
        print_json(raw)
        return
    event = shapes.event(raw)
    click.echo(f"flags are hashed by {version} (event {event.number} of {event.log})")


def definition_in(file: Path, key: str) -> dict[str, Any]:
    """Read a flag's definition: the file holds it alone, or a document that has the key."""
    from phasegate.flags.problem import BrokenDocument
    from phasegate.flags.reading import read_document

    try:
        whole = read_document(file.read_text("utf-8"))
    except OSError as error:
        why = error.strerror or type(error).__name__
        raise Misused("flag-file", f"{file}: {why}", "Name a file that can be read.") from error
    except (BrokenDocument, UnicodeDecodeError) as error:
        remedy = "Write a flagd flag in JSON or YAML."
        raise Misused("flag-file", f"{file}: {error}", remedy) from error
    flags = whole.get("flags")
    if not isinstance(flags, dict):
        return whole
    if not isinstance(flags.get(key), dict):
        known = ", ".join(flags) or "none"
        raise Misused("flag-file", f"{file} has no flag {key}", f"It has: {known}.")
    found: dict[str, Any] = flags[key]
    return found
