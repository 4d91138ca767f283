"""`phasegate flag create`, `define`, `describe`, `require`, `archive` …: the life of a flag."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar  # Any: a definition is JSON

import click

from phasegate.cli import options, shapes
from phasegate.cli.connection import Connection
from phasegate.cli.failing import Misused
from phasegate.cli.flags import Body, changing, environment, query
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
@changing("create")
def create(
    key: str,
    *,
    owner: str | None,
    about: str | None,
    expires: str | None,
    requires: tuple[str, ...],
    file: Path | None,
) -> Body:
    """Bring a flag about. It is off for everyone, or what the file says.

    \b
    Examples:
      phasegate flag create new_cart --owner ada --expires 2030-03-01 \\
        --reason "cart rework"
      phasegate flag create page_size --file page_size.yaml --reason "tuning"
    """
    return {
        "owner": owner,
        "about": about,
        "expires": expires,
        "requires": list(requires) or None,
        "definition": definition_in(file, key) if file else None,
    }


@click.command()
@click.argument("key")
@click.argument("file", type=FILE)
@changing("define")
def define(key: str, *, file: Path) -> Body:
    """Give a flag a rule of its own: a whole flagd flag, or a document that has it.

    \b
    Examples:
      phasegate flag define page_size page_size.yaml --reason "larger screens"
    """
    return {"definition": definition_in(file, key)}


@click.command()
@click.argument("key")
@described
@changing("describe")
def describe(_: str, *, owner: str | None, about: str | None, expires: str | None) -> Body:
    """Say who owns a flag, what it is for, and when it should be gone from code.

    \b
    Examples:
      phasegate flag describe new_cart --owner ben --expires 2030-06-01 \\
        --reason "new owner"
    """
    return {"owner": owner, "about": about, "expires": expires}


@click.command()
@click.argument("key")
@click.argument("requires", nargs=-1)
@changing("require")
def require(_: str, *, requires: tuple[str, ...]) -> Body:
    """Say which flags must be on for a flag to be on; none: it stands alone.

    \b
    Examples:
      phasegate flag require receipts payments --reason "receipts need payments"
    """
    return {"requires": list(requires)}


@click.command()
@click.argument("key")
@changing("archive")
def archive(_: str) -> Body:
    """Leave a flag to the code that still asks: everyone gets the code's own default.

    Refused while a run has it, while others require it, or while it is on for some only.

    \b
    Examples:
      phasegate flag archive new_cart --reason "gone from code in 3.0"
    """
    return {}


@click.command()
@click.argument("key")
@changing("restore")
def restore(_: str) -> Body:
    """Serve an archived flag again as it was.

    \b
    Examples:
      phasegate flag restore new_cart --reason "2.9 is still out there"
    """
    return {}


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
