"""`phasegate token`: who may do what, written straight into the store."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from phasegate.cli import options
from phasegate.cli.failing import Failed, Misused
from phasegate.cli.lazy import Commands
from phasegate.cli.printing import print_json, print_table
from phasegate.core.plan import Role

if TYPE_CHECKING:
    from phasegate.ports import Store, Token
    from phasegate.settings import Settings


LONGEST_NAME = 80


@click.group(cls=Commands)
def token() -> None:
    """Make and list access tokens. Works on the store itself, on the server's machine."""


@token.command()
@click.argument("name")
@click.option(
    "--role",
    type=click.Choice([role.value for role in Role]),
    required=True,
    help="What the token opens.",
)
@options.store
@options.as_json
def create(name: str, role: str, data: str, store: str, as_json: bool) -> None:
    """Make a token for NAME and print its secret, once. An earlier token of NAME ends.

    Applications get the role `application`, people one of the others. A running server knows a
    new token at once, and forgets an old one within seconds.

    \b
    Examples:
      phasegate token create ada --role operator
      PHASEGATE_TOKEN=$(phasegate token create ben --role approver)
      phasegate token create cleo --role viewer \\
        --store postgresql://pg@db/phasegate
    """
    if not name.strip() or not name.isprintable() or len(name) > LONGEST_NAME:
        raise Misused(
            "token-name",
            "that is no name of a person or an application",
            f"Give one of at most {LONGEST_NAME} characters that can be read: it stands in logs.",
        )
    with opened(Path(data), store) as kept:
        if any(known.name == name for known in kept.tokens()):
            click.echo(f"the earlier token of {name} ends with this", err=True)
        secret, _ = add(kept, name, Role(role))
    if as_json:
        print_json({"name": name, "role": role, "secret": secret})
        return
    click.echo("this is shown once; send it as PHASEGATE_TOKEN or --token:", err=True)
    click.echo(secret)


@token.command("list")
@options.store
@options.as_json
def list_tokens(data: str, store: str, as_json: bool) -> None:
    """List tokens by name, with their roles. Secrets are not kept, so none is shown.

    \b
    Examples:
      phasegate token list --data /var/lib/phasegate
    """
    if store == "sqlite" and not Path(data).is_dir():
        raise Failed("no-store", f"there is no store in {data}", "Name it: --data DIR.")
    with opened(Path(data), store) as kept:
        rows = [
            (t.name, t.role.value, t.created.isoformat(timespec="seconds")) for t in kept.tokens()
        ]
    if as_json:
        print_json({"tokens": [{"name": n, "role": r, "created": c} for n, r, c in rows]})
    else:
        print_table(("name", "role", "created"), rows)


def add(store: Store, name: str, role: Role) -> tuple[str, Token]:
    """Put a new token into a store; the secret is returned and kept nowhere."""
    from phasegate.server.access import new_token

    secret, made = new_token(name, role, datetime.now(UTC))
    store.add_token(made)
    return secret, made


@contextmanager
def opened(data: Path, store: str) -> Iterator[Store]:
    """Lend a store. Raises Failed if it cannot be opened."""
    from phasegate.settings import Settings
    from phasegate.wiring import open_store

    settings = Settings(data=data, store=store)
    with opening(settings):
        kept = open_store(settings)
    try:
        yield kept
    finally:
        kept.close()


@contextmanager
def opening(settings: Settings) -> Iterator[None]:
    """Turn what keeps a store from being opened into a Failed."""
    from phasegate.ports import Unavailable
    from phasegate.wiring import UnknownAdapter

    try:
        yield
    except UnknownAdapter as error:
        raise Misused(
            "unknown-store",
            str(error),
            "Give --store sqlite, or a URL such as postgresql://user@host/database.",
        ) from error
    except (Unavailable, OSError) as error:
        raise Failed.told(
            "store-unavailable",
            f"the store in {settings.place} cannot be opened: {_said(error)}",
            "Check that it is there and can be written to.",
        ) from error


def _said(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename}: {error.strerror}" if error.filename else error.strerror
    return str(error)
